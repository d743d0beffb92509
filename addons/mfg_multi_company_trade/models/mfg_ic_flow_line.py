from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class MfgIcFlowLine(models.Model):
    _inherit = "mfg.ic.flow.line"

    qty_transit = fields.Float(
        "In Transit",
        digits="Product Unit of Measure",
        readonly=True,
        help="In the unit of the seller's order.",
    )

    def _sale_line(self):
        """The seller's order line, with superuser rights."""
        # Both sides follow what was shipped; only numbers are taken from it.
        return self.env["sale.order.line"].sudo().browse(self.mapped("seller_line_id"))

    def _purchase_line(self):
        """The buyer's order line, with superuser rights."""
        # As in _sale_line.
        return (
            self.env["purchase.order.line"].sudo().browse(self.mapped("buyer_line_id"))
        )

    def _to_buyer(self, quantity):
        """A quantity of the seller's order line in the unit of the buyer's."""
        self.ensure_one()
        sold, bought = self._sale_line(), self._purchase_line()
        if self.seller_uom_id == self.buyer_uom_id or not sold.product_uom_qty:
            return quantity
        return quantity * bought.product_qty / sold.product_uom_qty

    def _to_seller(self, quantity):
        """A quantity of the buyer's order line in the unit of the seller's."""
        self.ensure_one()
        sold, bought = self._sale_line(), self._purchase_line()
        if self.seller_uom_id == self.buyer_uom_id or not bought.product_qty:
            return quantity
        return quantity * sold.product_uom_qty / bought.product_qty

    def _in_transit(self):
        """What lies between the two companies, in the unit of the buyer's order line."""
        self.ensure_one()
        place = self.flow_id.agreement_id._pair_transit()
        sold, bought = self._sale_line(), self._purchase_line()

        def net(line):
            total = 0.0
            for move in line.move_ids:
                if move.state != "done":
                    continue
                quantity = move.product_uom._compute_quantity(
                    move.quantity, line.product_uom, rounding_method="HALF-UP"
                )
                total += quantity * (
                    (move.location_dest_id == place) - (move.location_id == place)
                )
            return total

        return self._to_buyer(net(sold)) + net(bought)

    def _check_not_below_shipped(self, quantity):
        """:raises UserError: the buyer would order less than was shipped"""
        for line in self:
            shipped = line._to_buyer(line._sale_line().qty_delivered)
            if (
                float_compare(
                    quantity,
                    shipped,
                    precision_rounding=line.buyer_uom_id.rounding or 0.01,
                )
                < 0
            ):
                raise UserError(
                    _(
                        "Quantity: %(shipped)s are shipped already. Order at least that "
                        "many, or send them back.",
                        shipped=shipped,
                    )
                )
