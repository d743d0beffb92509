from odoo import api, fields, models

QUANTITY = "Product Unit of Measure"
CONTROLLERS = "mfg_multi_company.group_mfg_group_controller"


class MfgIcFlowLine(models.Model):
    """One item of a flow, as both sides have it."""

    _name = "mfg.ic.flow.line"
    _description = "Item of an Intercompany Flow"
    _order = "flow_id, sequence, id"
    _rec_name = "label"

    flow_id = fields.Many2one(
        "mfg.ic.flow", required=True, readonly=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(readonly=True, default=10)
    label = fields.Char(compute="_compute_label", compute_sudo=False)
    # Lines of documents, by id: the other side may not learn their names.
    seller_line_id = fields.Integer(readonly=True, index="btree_not_null")
    buyer_line_id = fields.Integer(readonly=True, index="btree_not_null")
    seller_product_id = fields.Many2one(
        "product.product", readonly=True, ondelete="restrict", groups=CONTROLLERS
    )
    buyer_product_id = fields.Many2one(
        "product.product", readonly=True, ondelete="restrict", groups=CONTROLLERS
    )
    seller_uom_id = fields.Many2one("uom.uom", "Seller's Unit", readonly=True)
    buyer_uom_id = fields.Many2one("uom.uom", "Buyer's Unit", readonly=True)
    currency_id = fields.Many2one(related="flow_id.currency_id")
    qty_ordered = fields.Float("Ordered", digits=QUANTITY, readonly=True)
    qty_shipped = fields.Float("Shipped", digits=QUANTITY, readonly=True)
    qty_received = fields.Float("Received", digits=QUANTITY, readonly=True)
    qty_returned = fields.Float("Returned", digits=QUANTITY, readonly=True)
    qty_invoiced = fields.Float("Invoiced", digits=QUANTITY, readonly=True)
    qty_billed = fields.Float("Billed", digits=QUANTITY, readonly=True)
    price_seller = fields.Float(
        "Price of the Seller", digits="Product Price", readonly=True
    )
    price_buyer = fields.Float(
        "Price of the Buyer", digits="Product Price", readonly=True
    )

    @api.depends_context("allowed_company_ids", "uid")
    def _compute_label(self):
        for line in self:
            # Which product is the reader's own is not the reader's question; what is
            # shown is read with the reader's rights.
            both = line.sudo().seller_product_id | line.sudo().buyer_product_id
            own = both.sudo(False)._filter_access_rules("read")
            line.label = own[:1].display_name or ""
