from odoo import api, fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    hold_qty = fields.Float(
        "On Hold",
        compute="_compute_hold_qty",
        digits="Product Unit of Measure",
        help="On hand, but on quality hold, in the locations of the context.",
    )

    @api.depends("product_variant_ids")
    @api.depends_context("location", "warehouse", "allowed_company_ids")
    def _compute_hold_qty(self):
        for template in self:
            template.hold_qty = sum(template.product_variant_ids.mapped("hold_qty"))

    def action_view_holds(self):
        """Show the open holds that keep stock of the products in place.

        :raises AccessError: the user may not look at quality holds
        """
        return self.product_variant_ids.action_view_holds()
