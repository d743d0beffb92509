from odoo import models

from ..messages import invoice_posted


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = [
        "account.move",
        "mfg.integration.timeline.mixin",
        "mfg.integration.told.mixin",
    ]

    _mfg_messages = {
        "bill.posted": invoice_posted.build,
        "invoice.posted": invoice_posted.build,
    }

    def _post(self, soft=True):
        """Credit notes that came before their bill was posted have their turn now."""
        posted = super()._post(soft)
        self.env["mfg.integration.inbox"]._wake(
            [
                f"{move._name},{move.id}"
                for move in posted
                if move.move_type == "in_invoice"
            ]
        )
        return posted
