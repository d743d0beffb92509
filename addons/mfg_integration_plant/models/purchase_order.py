from odoo import models


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "mfg.integration.timeline.mixin"]

    def button_approve(self, force=False):
        """Receipts that came before the confirmation have their turn now."""
        res = super().button_approve(force=force)
        self.env["mfg.integration.inbox"]._wake(
            [f"{order._name},{order.id}" for order in self]
        )
        return res
