from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class StockMove(models.Model):
    _inherit = "stock.move"

    # Read by code with superuser rights: it names what the other company calls its goods.
    mfg_ic_item_id = fields.Many2one(
        "mfg.ic.flow.line",
        "Intercompany Item",
        compute="_compute_mfg_ic_item_id",
        compute_sudo=True,
        groups="base.group_system",
    )

    @api.depends("sale_line_id", "purchase_line_id")
    def _compute_mfg_ic_item_id(self):
        # Of moves that are stored: a form that is being filled in could name any order.
        items = self._origin._mfg_ic_items()
        bought = items.grouped("buyer_line_id")
        sold = items.grouped("seller_line_id")
        for move in self:
            stored = move._origin
            move.mfg_ic_item_id = (
                stored.purchase_line_id and bought.get(stored.purchase_line_id.id)
            ) or (stored.sale_line_id and sold.get(stored.sale_line_id.id))

    def _action_done(self, cancel_backorder=False):
        """The last gate: nothing is received for an order that changed since.

        Between two companies, nothing is taken out of transit that is not there, and what
        one side moved is expected by the other one.
        """
        if self.env["mfg.release.gate"]._by_model().get("purchase.order"):
            receipts = self.filtered(
                lambda move: move.purchase_line_id and not move._is_purchase_return()
            )
            receipts.purchase_line_id.order_id._mfg_check_released()
        pairs = self.env["stock.location"]._mfg_ic_transits()
        if not pairs:
            return super()._action_done(cancel_backorder)
        self._mfg_ic_check_transit(pairs)
        done = super()._action_done(cancel_backorder)
        done._mfg_ic_follow(pairs, closed=cancel_backorder)
        return done

    def _action_cancel(self):
        pairs = self.env["stock.location"]._mfg_ic_transits()
        ships = pairs and self.filtered(
            lambda move: (
                move.location_dest_id.id in pairs
                and move.sale_line_id
                and move.state not in ("done", "cancel")
            )
        )
        res = super()._action_cancel()
        for flow in ships._mfg_ic_flows() if ships else ():
            flow._mfg_ic_carry_delivery(close=True)
        return res

    def _is_purchase_return(self):
        pairs = self.env["stock.location"]._mfg_ic_transits()
        pair = pairs.get(self.location_dest_id.id)
        return super()._is_purchase_return() or bool(
            pair and self.company_id.id == pair[1]
        )

    # -- between two companies -----------------------------------------------------------

    def _mfg_ic_items(self):
        """Items whose goods these moves are, with superuser rights."""
        # The flow is looked for whatever the rights of who moves goods.
        items = self.env["mfg.ic.flow.line"].sudo()
        return items.search(
            [
                "|",
                ("seller_line_id", "in", self.sale_line_id.ids),
                ("buyer_line_id", "in", self.purchase_line_id.ids),
            ]
        )

    def _mfg_ic_flows(self):
        """Flows whose goods these moves are, with superuser rights."""
        return self._mfg_ic_items().flow_id

    def _mfg_ic_check_transit(self, pairs):
        """:raises UserError: more would be taken out of a transit than was put there"""
        arriving = self.filtered(
            lambda move: (
                move.location_id.id in pairs
                and move.picked
                and move.state not in ("done", "cancel")
                and (move.sale_line_id or move.purchase_line_id)
            )
        )
        if not arriving:
            return
        items = arriving._mfg_ic_flows().line_ids
        bought = {item.buyer_line_id: item for item in items}
        sold = {item.seller_line_id: item for item in items}
        taken, products = defaultdict(float), {}
        for move in arriving:
            item = bought.get(move.purchase_line_id.id) or sold.get(
                move.sale_line_id.id
            )
            if item:
                taken[item] += move._mfg_ic_quantity(item)
                products[item] = move.product_id
        in_transit = {}
        for flow in items.flow_id:
            in_transit |= flow.line_ids._in_transit()
        for item, quantity in taken.items():
            rounding = item.buyer_uom_id.rounding or 0.01
            there = in_transit[item]
            if float_compare(quantity, there, precision_rounding=rounding) > 0:
                raise UserError(
                    _(
                        "%(product)s: %(there)s are on their way in %(flow)s, not "
                        "%(taken)s. Wait until the other company has shipped, or book "
                        "what is there.",
                        product=products[item].display_name,
                        there=there,
                        taken=quantity,
                        flow=item.flow_id.name,
                    )
                )

    def _mfg_ic_quantity(self, item):
        """What the move is about to book, in the unit of the buyer's order line."""
        line = self.purchase_line_id or self.sale_line_id
        quantity = self.product_uom._compute_quantity(
            self.quantity, line.product_uom, rounding_method="HALF-UP"
        )
        return quantity if self.purchase_line_id else item._to_buyer(quantity)

    def _mfg_ic_follow(self, pairs, closed=False):
        """Let the other side expect what was moved."""
        moved = self.filtered(
            lambda move: (
                move.location_id.id in pairs or move.location_dest_id.id in pairs
            )
        )
        if not moved:
            return
        for flow in moved._mfg_ic_flows():
            seller = flow.seller_company_id
            shipped = moved.filtered(
                lambda move, seller=seller: (
                    move.location_dest_id.id in pairs and move.company_id == seller
                )
            )
            sent_back = moved.filtered(
                lambda move, seller=seller: (
                    move.location_dest_id.id in pairs and move.company_id != seller
                )
            )
            booked = False
            if shipped.sale_line_id:
                shipped.picking_id._mfg_ic_link(flow, "seller", "delivery")
                booked = flow._mfg_ic_carry_delivery(close=closed)
            if sent_back:
                sent_back.picking_id._mfg_ic_link(flow, "buyer", "return_out")
                booked = flow._mfg_ic_carry_return()
            if not booked:
                # Otherwise booking it there has measured both sides.
                flow._measure()
            if moved - shipped - sent_back:
                flow._tell_shortage()
