from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.mfg_multi_company.engine.ledger import ledger

# What the buyer relies on.
AGREED = {"product_id", "product_uom_qty", "product_uom", "price_unit", "discount"}


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "mfg.ic.document.line"]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not ledger(self.env.cr).agreeing:
            added = lines.filtered(
                lambda line: (
                    line.product_uom_qty
                    and not line.display_type
                    and not line.is_downpayment
                )
            )
            held = added.order_id._mfg_ic_held()
            if held:
                raise UserError(
                    _(
                        "The buyer relies on %(order)s as it is. The buyer orders more "
                        "items with an order of its own.",
                        order=held[0].display_name,
                    )
                )
        return lines

    def write(self, values):
        lines = self._mfg_ic_changed(values, AGREED)
        if lines:
            raise UserError(
                _(
                    "The buyer relies on %(line)s as it is. Propose a change on the "
                    "intercompany flow of the order.",
                    line=lines[0].display_name,
                )
            )
        return super().write(values)

    def _mfg_ic_agreed(self):
        """Lines whose price both sides agreed on."""
        return self.filtered(
            lambda line: (
                line.order_id._mfg_ic_other_company() and line.order_id.mfg_ic_flow_id
            )
        )

    @api.depends("product_id", "product_uom", "product_uom_qty")
    def _compute_price_unit(self):
        return super(SaleOrderLine, self - self._mfg_ic_agreed())._compute_price_unit()

    @api.depends("product_id", "product_uom", "product_uom_qty")
    def _compute_discount(self):
        return super(SaleOrderLine, self - self._mfg_ic_agreed())._compute_discount()

    def _create_procurement(self, product_qty, procurement_uom, values):
        procurement = super()._create_procurement(product_qty, procurement_uom, values)
        transit = self.order_id._mfg_ic_transit()
        return procurement._replace(location_id=transit) if transit else procurement

    def _get_outgoing_incoming_moves(self):
        outgoing, incoming = super()._get_outgoing_incoming_moves()
        pairs = self.env["stock.location"]._mfg_ic_transits()
        if not pairs:
            return outgoing, incoming
        for move in self.move_ids:
            if (
                move.state == "cancel"
                or move.scrapped
                or move.product_id != self.product_id
            ):
                continue
            back = move.origin_returned_move_id
            if move.location_dest_id.id in pairs and (not back or move.to_refund):
                outgoing |= move
            elif move.location_id.id in pairs and move.to_refund:
                incoming |= move
        return outgoing, incoming
