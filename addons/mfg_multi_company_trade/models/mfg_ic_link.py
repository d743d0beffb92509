from odoo import fields, models


class MfgIcLink(models.Model):
    _inherit = "mfg.ic.link"

    doc_type = fields.Selection(
        selection_add=[
            ("purchase", "Purchase Order"),
            ("sale", "Sales Order"),
            ("delivery", "Delivery"),
            ("receipt", "Receipt"),
            ("return_out", "Return to the Seller"),
            ("return_in", "Return from the Buyer"),
        ],
        ondelete={
            key: "cascade"
            for key in (
                "purchase",
                "sale",
                "delivery",
                "receipt",
                "return_out",
                "return_in",
            )
        },
    )
