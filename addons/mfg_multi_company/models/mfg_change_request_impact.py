from odoo import fields, models
from odoo.tools.safe_eval import safe_eval


class MfgChangeRequestImpact(models.Model):
    """How many documents use what a change request is about."""

    _name = "mfg.change.request.impact"
    _description = "Impact of a Change Request"
    _order = "request_id, id"

    request_id = fields.Many2one(
        "mfg.change.request", required=True, ondelete="cascade", index=True
    )
    name = fields.Char("What", required=True)
    res_model = fields.Char(required=True)
    domain = fields.Char(required=True)
    count = fields.Integer("Number")

    def action_open(self):
        """Open those of them that the user may see."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self.res_model,
            "view_mode": "tree,form",
            "domain": safe_eval(self.domain),
        }
