from odoo import fields, models


class MfgQualityApplicability(models.AbstractModel):
    """Which stock a rule or a plan is about: products, category, vendor, operation."""

    _name = "mfg.quality.applicability"
    _description = "Applicability of Quality Rules"

    product_ids = fields.Many2many(
        "product.product",
        string="Products",
        check_company=True,
        help="Empty: every product.",
    )
    categ_id = fields.Many2one(
        "product.category",
        "Product Category",
        help="With its subcategories. Empty: every category.",
    )
    vendor_id = fields.Many2one("res.partner", help="Empty: whoever delivered it.")
    picking_type_id = fields.Many2one(
        "stock.picking.type",
        "Operation Type",
        check_company=True,
        help="Empty: every operation.",
    )

    def _applies_to(self, product, vendor, operation):
        """Tell whether a product of a vendor in an operation is meant.

        :param vendor: the ``res.partner`` who delivered it, a contact counts as its
            company; may be empty
        :param operation: the ``stock.picking.type``; may be empty
        """
        self.ensure_one()
        category = self.categ_id
        path = product.categ_id.parent_path or ""
        return (
            (not self.product_ids or product in self.product_ids)
            and (not category or path.startswith(category.parent_path))
            and (
                not self.vendor_id
                or vendor.commercial_partner_id == self.vendor_id.commercial_partner_id
            )
            and (not self.picking_type_id or operation == self.picking_type_id)
        )
