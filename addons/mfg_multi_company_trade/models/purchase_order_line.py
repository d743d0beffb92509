from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.mfg_multi_company.engine.ledger import ledger

from .purchase_order import LIVE

# What the seller relies on.
AGREED = {"product_id", "product_qty", "product_uom", "price_unit", "discount"}


class PurchaseOrderLine(models.Model):
    _name = "purchase.order.line"
    _inherit = ["purchase.order.line", "mfg.ic.document.line"]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not ledger(self.env.cr).agreeing:
            held = lines.order_id._mfg_ic_held()
            if held:
                raise UserError(
                    _(
                        "The seller relies on %(order)s as it is. Order more items with an "
                        "order of their own.",
                        order=held[0].display_name,
                    )
                )
        return lines

    def write(self, values):
        lines = self._mfg_ic_changed(values, AGREED)
        if not lines:
            return super().write(values)
        # Agreements bind whoever cannot read them.
        flows = lines.order_id.mfg_ic_flow_id.sudo()
        if AGREED & set(values) != {"product_qty"} or not all(
            flows.agreement_id.mapped("follow_quantity")
        ):
            raise UserError(
                _(
                    "The seller relies on %(line)s as it is. Propose a change on the "
                    "intercompany flow of the order.",
                    line=lines[0].display_name,
                )
            )
        items = flows.line_ids.filtered(lambda item: item.buyer_line_id in lines.ids)
        for item in items:
            item._check_not_below_shipped(values["product_qty"])
        with ledger(self.env.cr).agreed():
            res = super().write(values)
        for flow in items.flow_id:
            flow._apply(
                {
                    item: {"quantity": values["product_qty"]}
                    for item in items
                    if item.flow_id == flow
                }
            )
        return res

    @api.depends("product_qty", "product_uom", "company_id")
    def _compute_price_unit_and_date_planned_and_name(self):
        # The price was agreed on; a quantity does not change it.
        agreed = self.filtered(
            lambda line: (
                line.order_id.state in LIVE and line.order_id._mfg_ic_other_company()
            )
        )
        agreed = agreed.filtered("order_id.mfg_ic_flow_id")
        return super(
            PurchaseOrderLine, self - agreed
        )._compute_price_unit_and_date_planned_and_name()

    def _prepare_stock_move_vals(
        self, picking, price_unit, product_uom_qty, product_uom
    ):
        values = super()._prepare_stock_move_vals(
            picking, price_unit, product_uom_qty, product_uom
        )
        pairs = self.env["stock.location"]._mfg_ic_transits()
        if picking.location_id.id in pairs:
            values["location_id"] = picking.location_id.id
        return values
