from odoo import fields, models

from odoo.addons.mfg_multi_company.models.mfg_ic_agreement import CONTENT

# As for what the base lays down: changed only before it is proposed.
OWN_CONTENT = (
    "mirror_orders",
    "sale_validation",
    "follow_quantity",
    "confirm_chain",
    "receipt_policy",
    "damage_owner",
)


class MfgIcAgreement(models.Model):
    _inherit = "mfg.ic.agreement"
    _decision_content = (*CONTENT, *OWN_CONTENT)

    mirror_orders = fields.Boolean(
        "Purchase Orders Become Sales Orders", default=True, tracking=True
    )
    sale_validation = fields.Selection(
        [("draft", "Leave as Quotation"), ("confirm", "Confirm")],
        "Sales Orders",
        required=True,
        default="confirm",
        tracking=True,
    )
    follow_quantity = fields.Boolean(
        "Follow Changes of Quantity",
        default=True,
        tracking=True,
        help="A quantity that the buyer changes holds for the seller at once, as long as "
        "less is shipped. Otherwise the seller is asked. Prices and cancellations are "
        "always asked for.",
    )
    confirm_chain = fields.Boolean(
        "Confirm Orders of a Chain",
        default=True,
        tracking=True,
        help="Purchase orders that the buyer's stock rules make for a sale to a third "
        "company are confirmed at once.",
    )
    receipt_policy = fields.Selection(
        [
            ("manual", "Prepare, the Buyer Counts"),
            ("auto", "Receive what Was Shipped"),
        ],
        "Receipts",
        required=True,
        default="manual",
        tracking=True,
        help="Receipts, and returns at the seller, are filled with quantities, lots and "
        "serial numbers in either case.",
    )
    damage_owner = fields.Selection(
        [("seller", "Seller"), ("buyer", "Buyer")],
        "Damage Borne by",
        required=True,
        default="seller",
        tracking=True,
        help="Who takes damaged goods: the seller takes them back with the return, the "
        "buyer scraps them.",
    )
    transit_location_id = fields.Many2one(
        "stock.location",
        "Transit",
        compute="_compute_transit_location_id",
        help="Where goods are between the two companies. Others do not see it.",
    )

    def _compute_transit_location_id(self):
        locations = self.env["stock.location"].search(
            [
                ("mfg_ic_seller_id", "in", self.seller_company_id.ids),
                ("mfg_ic_buyer_id", "in", self.buyer_company_id.ids),
            ]
        )
        pairs = {
            (place.mfg_ic_seller_id, place.mfg_ic_buyer_id): place
            for place in locations
        }
        for agreement in self:
            agreement.transit_location_id = pairs.get(
                (agreement.seller_company_id, agreement.buyer_company_id)
            )

    def _pair_transit(self):
        """The transit location of the pair; made when it is needed first."""
        self.ensure_one()
        # Neither side may make locations without a company.
        return (
            self.env["stock.location"]
            .sudo()
            ._mfg_ic_transit(self.seller_company_id, self.buyer_company_id)
        )
