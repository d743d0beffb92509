from collections import defaultdict

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

#: {side: fields of an item with the id and the unit of that side's order line, field of a
#: move with that line}
SIDES = {
    "seller": ("seller_line_id", "seller_uom_id", "sale_line_id"),
    "buyer": ("buyer_line_id", "buyer_uom_id", "purchase_line_id"),
}
DONE = [("state", "=", "done")]
OPEN = [("state", "not in", ("done", "cancel"))]


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
        if self.seller_uom_id == self.buyer_uom_id:
            return quantity
        sold, bought = self._sale_line(), self._purchase_line()
        if not sold.product_uom_qty:
            return quantity
        return quantity * bought.product_qty / sold.product_uom_qty

    def _to_seller(self, quantity):
        """A quantity of the buyer's order line in the unit of the seller's."""
        self.ensure_one()
        if self.seller_uom_id == self.buyer_uom_id:
            return quantity
        sold, bought = self._sale_line(), self._purchase_line()
        if not bought.product_qty:
            return quantity
        return quantity * sold.product_uom_qty / bought.product_qty

    def _stock_to_seller(self, quantity):
        """A quantity of the buyer's product, in its own unit, as one of the seller's."""
        self.ensure_one()
        ordered = self.buyer_product_id.uom_id._compute_quantity(
            quantity, self._purchase_line().product_uom, round=False
        )
        return self._sale_line().product_uom._compute_quantity(
            self._to_seller(ordered), self.seller_product_id.uom_id
        )

    def _booked(self):
        """What done moves brought into the transit and took out of it, for items of one flow.

        :return: {(item, "seller" or "buyer", "in" or "out"): quantity in the unit of the
            order line of that side}, 0.0 where nothing was moved
        """
        place = self.flow_id.agreement_id._pair_transit()
        # As in _sale_line.
        moves = self.env["stock.move"].sudo()
        booked = defaultdict(float)
        for side, (name, unit, link) in SIDES.items():
            items = {item[name]: item for item in self}
            for way, location in (("in", "location_dest_id"), ("out", "location_id")):
                domain = [(link, "in", list(items)), (location, "=", place.id), *DONE]
                for line, uom, quantity in moves._read_group(
                    domain, [link, "product_uom"], ["quantity:sum"]
                ):
                    item = items[line.id]
                    booked[item, side, way] += uom._compute_quantity(
                        quantity, item[unit], rounding_method="HALF-UP"
                    )
        return booked

    def _moves(self, env, side, domain):
        """{item: moves of one side's order line}, found at once.

        :param env: environment of who reads them
        :param side: ``seller`` or ``buyer``
        :param domain: which of them
        """
        name, _unit, link = SIDES[side]
        found = env["stock.move"].search(
            [(link, "in", [key for key in self.mapped(name) if key]), *domain]
        )
        moves = dict.fromkeys(self, found.browse())
        items = {item[name]: item for item in self}
        for line, group in found.grouped(link).items():
            moves[items[line.id]] = group
        return moves

    def _in_transit(self, booked=None):
        """{item: what lies between the two companies, in the unit of the buyer's order line}.

        :param booked: answer of :meth:`_booked` if it is known
        """
        if booked is None:
            booked = self._booked()
        return {
            item: item._to_buyer(
                booked[item, "seller", "in"] - booked[item, "seller", "out"]
            )
            + booked[item, "buyer", "in"]
            - booked[item, "buyer", "out"]
            for item in self
        }

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
