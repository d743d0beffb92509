from odoo import models

from ..messages import purchase_ordered


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = [
        "purchase.order",
        "mfg.integration.timeline.mixin",
        "mfg.integration.told.mixin",
        "mfg.integration.lifecycle.mixin",
    ]
    _mfg_lifecycle_model = "mfg.integration.lifecycle.purchase"

    _mfg_messages = {"purchase.ordered": purchase_ordered.build}

    def button_approve(self, force=False):
        """Messages that came before the confirmation have their turn now."""
        res = super().button_approve(force=force)
        self.env["mfg.integration.inbox"]._wake(
            [f"{order._name},{order.id}" for order in self]
        )
        return res
