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
