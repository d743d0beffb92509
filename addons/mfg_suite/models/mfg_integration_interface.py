from odoo import _, api, fields, models


class MfgIntegrationInterface(models.Model):
    """Interfaces know their incidents."""

    _inherit = "mfg.integration.interface"

    incident_count = fields.Integer("Incidents", compute="_compute_incident_count")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_incident_count(self):
        counts = dict(
            self.env["mfg.suite.incident"]._read_group(
                [("interface_id", "in", self.ids)], ["interface_id"], ["__count"]
            )
        )
        for interface in self:
            interface.incident_count = counts.get(interface._origin, 0)

    def action_open_incidents(self):
        """Open the incidents of the interface, or begin the first one.

        :return: window action
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Incidents of %(interface)s", interface=self.name),
            "res_model": "mfg.suite.incident",
            "view_mode": "tree,kanban,form" if self.incident_count else "form",
            "domain": [("interface_id", "=", self.id)],
            "context": {
                "default_interface_id": self.id,
                "default_company_id": (self.company_id or self.env.company).id,
            },
        }
