from odoo import _, fields, models
from odoo.tools import float_compare, float_is_zero

from odoo.addons.mfg_multi_company.engine.ledger import ledger

from .mfg_ic_flow_line import DONE, OPEN


class MfgIcFlow(models.Model):
    _inherit = "mfg.ic.flow"

    change_ids = fields.One2many("mfg.ic.change", "flow_id", "Changes", readonly=True)

    def _purchase(self):
        """The buyer's order, with superuser rights."""
        return self._documents("purchase") or self.env["purchase.order"]

    def _sale(self):
        """The seller's order, with superuser rights; empty until it is made."""
        return self._documents("sale") or self.env["sale.order"]

    def _has_sale(self):
        """Whether the seller holds an order that is in effect or may come into it."""
        return bool(self._sale().filtered(lambda order: order.state != "cancel"))

    def action_view_changes(self):
        """Open what one side asked the other one for."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Changes"),
            "res_model": "mfg.ic.change",
            "view_mode": "tree,form",
            "domain": [("flow_id", "=", self.id)],
            "context": {"default_flow_id": self.id},
            "help": _(
                "<p class='o_view_nocontent_smiling_face'>Nobody asked for a change</p>"
                "<p>Quantities and prices change, or what is not shipped is cancelled, "
                "once the other side has accepted.</p>"
            ),
        }

    # -- quantities --------------------------------------------------------------------

    def _measure(self):
        """Note on the items what both sides did, and how far the flow has come."""
        for flow in self.sudo():  # users write no flows; this is arithmetic
            lines = flow.line_ids
            booked = lines._booked()
            in_transit = lines._in_transit(booked)
            rows = [
                (
                    line.id,
                    sale.product_uom_qty,
                    sale.qty_delivered,
                    purchase.qty_received,
                    booked[line, "buyer", "in"],
                    line._to_seller(in_transit[line]),
                )
                for line, sale, purchase in zip(
                    lines, lines._sale_line(), lines._purchase_line(), strict=False
                )
            ]
            flow._store_quantities(rows)
            flow._follow_goods()

    def _store_quantities(self, rows):
        """Write the quantities of many items in one statement."""
        if not rows:
            return
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE mfg_ic_flow_line line
               SET qty_ordered = v.ordered, qty_shipped = v.shipped,
                   qty_received = v.received, qty_returned = v.returned,
                   qty_transit = v.transit
              FROM unnest(%s, %s::numeric[], %s::numeric[], %s::numeric[],
                          %s::numeric[], %s::numeric[])
                   AS v (id, ordered, shipped, received, returned, transit)
             WHERE line.id = v.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
        self.line_ids.invalidate_recordset()

    def _follow_goods(self):
        """Note the milestones that shipping and receiving have come to."""
        self.ensure_one()

        def full(name):
            return all(
                float_compare(line[name], line.qty_ordered, precision_digits=6) >= 0
                for line in self.line_ids
            )

        for name, part, whole, side in (
            ("qty_shipped", "part_shipped", "shipped", "seller"),
            ("qty_received", "part_received", "received", "buyer"),
        ):
            if not any(self.line_ids.mapped(name)):
                continue
            self._reach(whole if full(name) else part, side=side)

    # -- goods -------------------------------------------------------------------------

    def _mfg_ic_carry_delivery(self, close=False):
        """Let the buyer expect what the seller shipped, and no more if that was all.

        :return: whether the buyer has booked it in already
        """
        self.ensure_one()
        sale = self._sale()

        def work(env):
            booked = self._expect(env)
            if close:
                self._close_remainder(env)
            return booked

        return self.agreement_id._mfg_ic_carry_over(
            "buyer", sale, "close" if close else "delivery", work, flow=self
        )

    def _mfg_ic_carry_return(self):
        """Let the seller expect what the buyer sent back.

        :return: whether the seller has booked it in already
        """
        self.ensure_one()
        return self.sudo().agreement_id._mfg_ic_carry_over(  # settings bind both sides
            "seller",
            self._purchase(),
            "return",
            lambda env: self.sudo()._take_back(env),  # as above
            flow=self,
        )

    def _expect(self, env):
        """Put what was shipped, and is on no receipt yet, on the buyer's receipt.

        :param env: environment of the buyer's service user
        :return: whether the receipt was booked
        """
        self.ensure_one()
        place = self.agreement_id._pair_transit()
        shipped = self.line_ids._moves(
            self.sudo().env,  # only quantities and lots are taken from it
            "seller",
            [("location_dest_id", "=", place.id), *DONE],
        )
        news = self._unknown(env, shipped)
        if not news:
            return False
        targets = self._open_receipts(env, news, place)
        receipts = env["stock.move"].concat(*targets.values()).picking_id
        self._fill(env, news, targets, lots=env["stock.lot"]._mfg_ic_mirror)
        receipts._mfg_ic_link(self, "buyer", "receipt")
        return self._book(receipts)

    def _unknown(self, env, sources):
        """{item: move lines of the other side that nothing here refers to yet}.

        :param sources: {item: moves of the other side}
        """
        ids = [row.id for moves in sources.values() for row in moves.move_line_ids]
        known = set(
            env["stock.move.line"]
            .search([("mfg_ic_source_line_id", "in", ids)])
            .mapped("mfg_ic_source_line_id")
        )
        found = {}
        for line, moves in sources.items():
            rows = moves.move_line_ids.filtered(
                lambda row: row.id not in known and row.quantity
            )
            if rows:
                found[line] = rows
        return found

    def _open_receipts(self, env, items, place):
        """{item: the buyer's open move}; a new one where the last one was closed."""
        lines = self.line_ids
        waiting = lines._moves(env, "buyer", [("location_id", "=", place.id), *OPEN])
        targets = {item: waiting[item][:1] for item in items}
        missing = [item for item, move in targets.items() if not move]
        if missing:
            in_transit = lines._in_transit()
            purchases = env["purchase.order.line"].browse(
                [item.buyer_line_id for item in missing]
            )
            picking = env["stock.picking"].create(purchases.order_id._prepare_picking())
            moves = env["stock.move"].create(
                [
                    purchase._prepare_stock_move_vals(
                        picking,
                        purchase._get_stock_move_price_unit(),
                        in_transit[item],
                        purchase.product_uom,
                    )
                    for item, purchase in zip(missing, purchases, strict=True)
                ]
            )
            moves._action_confirm(merge=False)
            targets |= dict(zip(missing, moves, strict=True))
        return targets

    def _fill(self, env, news, targets, lots):
        """Fill moves with what the other side moved, lot by lot.

        :param news: {item: move lines of the other side}
        :param targets: {item: move here}
        :param lots: function of {(lot there, product here)} giving {pair: lot here}
        """
        wanted = {
            (row.lot_id, targets[line].product_id)
            for line, rows in news.items()
            for row in rows
            if row.lot_id and targets[line].has_tracking != "none"
        }
        here = lots(wanted) if wanted else {}
        moves = env["stock.move"].concat(*targets.values())
        # What Odoo proposed before anything was shipped stays where it is the same, and
        # gives way elsewhere.
        proposed = moves.move_line_ids.filtered(
            lambda row: not row.mfg_ic_source_line_id and not row.picked
        )
        spare = {
            (row.move_id, row.product_uom_id, row.quantity): row
            for row in proposed
            if not row.lot_id
        }
        translated = self._translated(news, targets)
        kept, values = {}, []
        for line, rows in news.items():
            move = targets[line]
            product = move.product_id
            for row in rows:
                _product, uom, quantity = translated.get(
                    row, (row.product_id, row.product_uom_id, row.quantity)
                )
                lot = here.get((row.lot_id, product))
                same = None if lot else spare.pop((move, uom, quantity), None)
                if same:
                    kept[same] = row
                    continue
                values.append(
                    {
                        "move_id": move.id,
                        "picking_id": move.picking_id.id,
                        "company_id": move.company_id.id,
                        "product_id": product.id,
                        "product_uom_id": uom.id,
                        "quantity": quantity,
                        "lot_id": lot and lot.id,
                        "location_id": move.location_id.id,
                        "location_dest_id": move.location_dest_id.id,
                        "mfg_ic_source_line_id": row.id,
                    }
                )
        proposed.filtered(lambda row: row not in kept).unlink()
        proposed._mfg_ic_note_sources(kept)
        with ledger(self.env.cr).mirror():
            env["stock.move.line"].create(values)

    def _translated(self, news, targets):
        """{move line of the other side: (product, unit, quantity) here}, of those whose
        product is another one here."""
        rows = [
            row
            for line, moved in news.items()
            for row in moved
            if row.product_id != targets[line].product_id
        ]
        if not rows:
            return {}
        there = rows[0].company_id
        companies = self.seller_company_id | self.buyer_company_id
        found = self.env["product.product"]._mfg_translate_all(
            there,
            companies - there,
            [(row.product_id, row.quantity, row.product_uom_id) for row in rows],
        )
        return dict(zip(rows, found, strict=True))

    def _book(self, pickings):
        """Book transfers as they were filled, where the agreement says so.

        What is missing becomes a backorder.

        :return: whether they were booked
        """
        if self.agreement_id.receipt_policy != "auto":
            return False
        # Not what is expected beside it and was not shipped.
        pickings.move_line_ids.filtered("mfg_ic_source_line_id").picked = True
        # What is asked of people who fill them by hand needs no look: whatever may not be
        # booked is refused by the moves as well.
        pickings.with_context(
            skip_backorder=True,
            skip_sms=True,
            cancel_backorder=False,
            skip_sanity_check=True,
        ).button_validate()
        return True

    def _close_remainder(self, env):
        """Expect no more than what is on its way, where nothing is left to be shipped."""
        self.ensure_one()
        place = self.agreement_id._pair_transit()
        lines = self.line_ids
        in_transit = lines._in_transit()
        to_ship = lines._moves(
            self.sudo().env,  # whether anything is left, whoever asks
            "seller",
            [("location_dest_id", "=", place.id), *OPEN],
        )
        expected = lines._moves(env, "buyer", [("location_id", "=", place.id), *OPEN])
        for line in lines:
            moves, coming = expected[line], in_transit[line]
            if to_ship[line] or not moves:
                continue
            purchase = moves.purchase_line_id
            if float_is_zero(coming, precision_rounding=purchase.product_uom.rounding):
                moves._action_cancel()
            else:
                moves[1:]._action_cancel()
                moves[0].product_uom_qty = purchase.product_uom._compute_quantity(
                    coming, moves[0].product_uom, rounding_method="HALF-UP"
                )

    def _take_back(self, env):
        """Expect at the seller what the buyer sent back.

        :param env: environment of the seller's service user
        :return: whether the return was booked
        """
        self.ensure_one()
        place = self.agreement_id._pair_transit()
        lines = self.line_ids
        into = [("location_dest_id", "=", place.id), *DONE]
        news = self._unknown(
            env,
            # As in _expect.
            lines._moves(self.sudo().env, "buyer", into),
        )
        if not news:
            return False
        waiting = lines._moves(env, "seller", [("location_id", "=", place.id), *OPEN])
        deliveries = lines._moves(env, "seller", into)
        targets, todo = {}, {}
        for line, rows in news.items():
            if waiting[line]:
                targets[line] = waiting[line][0]
                continue
            delivery = deliveries[line][-1:]
            todo.setdefault(delivery.picking_id, {})[line] = (delivery, rows)
        for delivery, rows in todo.items():
            targets.update(self._return_of(env, delivery, rows))
        pickings = env["stock.move"].concat(*targets.values()).picking_id
        self._fill(env, news, targets, lots=self._origin_lots)
        pickings._mfg_ic_link(self, "seller", "return_in")
        return self._book(pickings)

    def _return_of(self, env, delivery, rows):
        """{item: move of a new return}.

        :param delivery: the seller's transfer that goods come back of
        :param rows: {item: (move of the delivery, move lines that came back)}
        """
        wizard = (
            env["stock.return.picking"]
            .with_context(active_id=delivery.id, active_model="stock.picking")
            .create({"picking_id": delivery.id})
        )
        amounts = {}
        for line, (move, back) in rows.items():
            bought = sum(
                row.product_uom_id._compute_quantity(
                    row.quantity, line._purchase_line().product_uom
                )
                for row in back
            )
            amounts[move] = line._sale_line().product_uom._compute_quantity(
                line._to_seller(bought), move.product_id.uom_id
            )
        for row in wizard.product_return_moves:
            row.quantity = amounts.get(row.move_id, 0)
            row.to_refund = True
        picking, _kind = wizard._create_returns()
        moves = env["stock.picking"].browse(picking).move_ids
        return {
            line: moves.filtered(
                lambda new, move=move: new.origin_returned_move_id == move
            )
            for line, (move, _back) in rows.items()
        }

    def _origin_lots(self, wanted):
        """{pair: lot of the seller} for lots of the buyer."""
        return {
            # The link leads to the company that is being written for.
            (lot, product): lot.sudo().mfg_origin_lot_id
            for lot, product in wanted
            if lot.sudo().mfg_origin_lot_id.product_id == product
        }

    def _tell_shortage(self):
        """An exception as long as less was received than shipped and booked in."""
        exceptions = self.env["mfg.ic.exception"].sudo()  # as in _measure
        for flow in self.sudo():
            key = f"mfg.ic.flow,{flow.id}:short"
            in_transit = flow.line_ids._in_transit()
            short = flow.line_ids.filtered(
                lambda line, in_transit=in_transit: (
                    float_compare(
                        in_transit[line],
                        0,
                        precision_rounding=line.buyer_uom_id.rounding or 0.01,
                    )
                    > 0
                )
            )
            if short:
                expected = sum(line._to_buyer(line.qty_shipped) for line in short)
                actual = sum(short.mapped("qty_received"))
                flow.env["mfg.ic.exception"]._raise(
                    "qty",
                    _(
                        "%(flow)s: %(actual)s of %(expected)s that were shipped were "
                        "received. Look for the rest, receive it later, or send it back.",
                        flow=flow.name,
                        actual=actual,
                        expected=expected,
                    ),
                    flow=flow,
                    expected=str(expected),
                    actual=str(actual),
                    key=key,
                )
            else:
                exceptions.search([("key", "=", key), ("state", "=", "open")])._resolve(
                    "resync"
                )

    # -- changes -----------------------------------------------------------------------

    def _apply(self, changes):
        """Write what both sides agreed on into both orders.

        :param changes: {item: {"quantity": of the buyer, "price": of the seller}}
        :raises UserError: less than was shipped, or another refusal of Odoo
        """
        self.ensure_one()
        agreement = self.agreement_id
        seller = agreement._service_env("seller")
        buyer = agreement._service_env("buyer")
        with ledger(self.env.cr).agreed():
            for line, change in changes.items():
                sale = seller["sale.order.line"].browse(line.seller_line_id)
                purchase = buyer["purchase.order.line"].browse(line.buyer_line_id)
                sold, bought = {}, {}
                if "quantity" in change:
                    sold["product_uom_qty"] = line._to_seller(change["quantity"])
                    bought["product_qty"] = change["quantity"]
                if "price" in change:
                    ratio = line._to_seller(1.0)
                    sold["price_unit"] = change["price"]
                    bought["price_unit"] = change["price"] * ratio
                if any(sale[name] != value for name, value in sold.items()):
                    sale.write(sold)
                if any(purchase[name] != value for name, value in bought.items()):
                    purchase.write(bought)
                if "price" in change:
                    line.sudo().write(  # users write no flows
                        {
                            "price_seller": change["price"],
                            "price_buyer": bought["price_unit"],
                        }
                    )
        self._total()
        self._measure()

    def _total(self):
        """Note what the orders of both sides come to."""
        for flow in self.sudo():  # as in _measure
            flow.total_seller = flow._sale().amount_total
            flow.total_buyer = flow._purchase().amount_total

    def _cancel_rest(self):
        """Cancel both orders, or what was not shipped of them."""
        self.ensure_one()
        agreement = self.agreement_id
        lines = self.line_ids
        shipped = {
            line: line._to_buyer(line._sale_line().qty_delivered) for line in lines
        }
        if any(shipped.values()):
            self._apply({line: {"quantity": done} for line, done in shipped.items()})
            self._close_remainder(agreement._service_env("buyer"))
            return
        with ledger(self.env.cr).agreed():
            sale = self._sale().with_env(agreement._service_env("seller"))
            if sale.filtered("locked"):
                sale.action_unlock()
            sale._action_cancel()
            self._purchase().with_env(agreement._service_env("buyer")).button_cancel()
        self._reach("cancelled")
