from odoo import fields, models

POLICIES = [
    ("off", "Ignore"),
    ("warn", "Show a warning"),
    ("block_payment", "Block the payment"),
    ("block_posting", "Block posting and payment"),
]
PAYMENT_BLOCKING = ("block_payment", "block_posting")


class ResCompany(models.Model):
    _inherit = "res.company"

    quality_bill_policy = fields.Selection(
        POLICIES,
        "Bills for Held Goods",
        default="block_payment",
        required=True,
        help="What happens to vendor bills while goods they charge are on quality hold, "
        "or went back and are not credited yet.",
    )
