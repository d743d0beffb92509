from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgIntegrationDecision(models.Model):
    """Who decided what about which messages, and why. Written once, kept for good."""

    _name = "mfg.integration.decision"
    _description = "Integration Decision"
    _order = "id desc"

    action = fields.Selection(
        [
            ("replayed", "Sent again"),
            ("resubmitted", "Processed again"),
            ("cancelled", "Given up"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True)
    decided_at = fields.Datetime(string="When", required=True, readonly=True)
    note = fields.Text(string="Remediation", readonly=True)
    cause = fields.Text(readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code", string="What Happened", readonly=True
    )
    interface_id = fields.Many2one(
        "mfg.integration.interface", readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    message_count = fields.Integer(string="Messages", readonly=True)
    dead_ids = fields.One2many("mfg.integration.dead", "decision_id")
    exception_ids = fields.One2many("mfg.integration.inbox.exception", "decision_id")

    @api.depends("action", "message_count", "interface_id")
    def _compute_display_name(self):
        actions = dict(self._fields["action"]._description_selection(self.env))
        for decision in self:
            decision.display_name = _(
                "%(action)s: %(count)s × %(interface)s",
                action=actions[decision.action],
                count=decision.message_count,
                interface=decision.interface_id.name,
            )

    def write(self, vals):  # pylint: disable=method-required-super
        """What was decided stays as it is."""
        raise UserError(
            _("A decision is a record of what happened and does not change.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            _("A decision is a record of what happened and is not deleted.")
        )

    def action_open_messages(self):
        """Open what was decided about."""
        self.ensure_one()
        name = "inbox_exception" if self.action == "resubmitted" else "dead"
        if self.exception_ids:
            name = "inbox_exception"
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"mfg_integration_queue.mfg_integration_{name}_action"
        )
        action["domain"] = [("decision_id", "=", self.id)]
        action["context"] = {}
        return action

    @api.model
    def _record(self, action, interface, company, count, **values):
        """Write down a decision of the current user and return it."""
        return self.create(
            {
                "action": action,
                "user_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
                "interface_id": interface.id,
                "company_id": company.id,
                "message_count": count,
                **values,
            }
        )
