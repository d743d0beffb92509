from odoo import api, fields, models

from odoo.addons.mfg_multi_company.models.mfg_ic_flow import STATES


class MfgIcDocument(models.AbstractModel):
    """A document that may be one side of an intercompany flow."""

    _name = "mfg.ic.document"
    _description = "Document of an intercompany flow"

    mfg_ic_flow_id = fields.Many2one(
        "mfg.ic.flow",
        "Intercompany Flow",
        compute="_compute_mfg_ic_flow_id",
        compute_sudo=True,
    )
    mfg_ic_state = fields.Selection(
        STATES,
        "Intercompany Status",
        compute="_compute_mfg_ic_flow_id",
        compute_sudo=True,
    )

    @api.depends("partner_id")
    def _compute_mfg_ic_flow_id(self):
        self.mfg_ic_flow_id = self.mfg_ic_state = False
        inside = self.filtered(lambda document: document._mfg_ic_other_company())
        if not inside:
            return
        links = self.env["mfg.ic.link"].search(
            [("res_model", "=", self._name), ("res_id", "in", inside.ids)]
        )
        flows = {link.res_id: link.flow_id for link in links}
        for document in inside:
            flow = flows.get(document.id)
            document.mfg_ic_flow_id = flow
            document.mfg_ic_state = flow and flow.state

    def _mfg_ic_other_company(self):
        """The company of the group that the document is made with, mostly empty."""
        return self.env["mfg.ic.agreement"]._mfg_ic_company(self.partner_id)

    def _mfg_ic_link(self, flow, side, doc_type):
        """Note that the documents belong to a flow."""
        flow._link(side, self, doc_type)
        self.invalidate_recordset(["mfg_ic_flow_id", "mfg_ic_state"])

    def action_view_mfg_ic_flow(self):
        """Open the flow with the status of both sides."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "mfg.ic.flow",
            "res_id": self.mfg_ic_flow_id.id,
            "view_mode": "form",
        }
