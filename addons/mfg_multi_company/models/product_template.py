from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    mfg_xref_count = fields.Integer(
        "Item Codes",
        compute="_compute_mfg_xref_count",
        groups="mfg_multi_company.group_user",
    )

    def _compute_mfg_xref_count(self):
        rows = self.env["mfg.item.xref"]._read_group(
            [("product_id.product_tmpl_id", "in", self.ids)],
            ["product_id"],
            ["__count"],
        )
        counts = {}
        for product, count in rows:
            template = product.product_tmpl_id
            counts[template] = counts.get(template, 0) + count
        for template in self:
            template.mfg_xref_count = counts.get(template, 0)

    def action_view_item_codes(self):
        """Open what others call this product."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_item_xref_action"
        )
        products = self.product_variant_ids
        return {
            **action,
            "domain": [("product_id", "in", products.ids)],
            "context": {"default_product_id": products[:1].id},
        }
