from odoo import fields, models


class MfgIcExceptionResolve(models.TransientModel):
    """Close exceptions by hand, for a reason."""

    _name = "mfg.ic.exception.resolve"
    _description = "Resolve an Intercompany Exception"

    exception_ids = fields.Many2many(
        "mfg.ic.exception",
        required=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    resolution = fields.Selection(
        [
            ("accept", "Accepted as It Is"),
            ("resync", "Brought into Line"),
            ("credit", "Credit Note"),
            ("change", "Change Request"),
            ("gone", "Does Not Exist any more"),
        ],
        required=True,
        default="accept",
    )
    reason = fields.Text(required=True)

    def action_resolve(self):
        """Close the exceptions; the same rights are asked as without the dialog."""
        self.exception_ids.action_resolve(self.resolution, self.reason)
        return {"type": "ir.actions.act_window_close"}
