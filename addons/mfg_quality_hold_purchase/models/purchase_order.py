from odoo import api, fields, models


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    has_quality_hold = fields.Boolean(
        "Received Goods on Hold",
        compute="_compute_has_quality_hold",
        # As on the lines: buyers need no right to look at holds.
        compute_sudo=True,
    )

    @api.depends("order_line.quality_hold_qty")
    def _compute_has_quality_hold(self):
        for order in self:
            order.has_quality_hold = any(order.order_line.mapped("quality_hold_qty"))

    def action_view_quality_holds(self):
        """Show the holds on what was received, and those by which it went back."""
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        # Found for everybody; opening them needs the right to.
        holds = self.sudo().order_line._quality_holds().values()
        return self.env["mfg.quality.hold"]._action_of(
            self.env["mfg.quality.hold"].union(*holds)
        )
