from odoo import fields, models


class MfgIcAccountMap(models.Model):
    """Where the buyer books lines without an item, by the account the seller used."""

    _name = "mfg.ic.account.map"
    _description = "Account Mapping between Companies"
    _order = "side_id, seller_code"
    _rec_name = "seller_code"
    _check_company_auto = True

    side_id = fields.Many2one(
        "mfg.ic.agreement.side", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="side_id.company_id", store=True, precompute=True, index=True
    )
    # By code: the buyer does not see the accounts of the seller.
    seller_code = fields.Char(
        "Seller's Account",
        required=True,
        help="Code of the account, or how it begins; the longest match counts.",
    )
    account_id = fields.Many2one(
        "account.account",
        "Own Account",
        required=True,
        check_company=True,
        domain="[('deprecated', '=', False)]",
    )

    _sql_constraints = [
        (
            "code_uniq",
            "unique(side_id, seller_code)",
            "This account of the seller is mapped already.",
        ),
    ]
