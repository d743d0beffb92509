from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.mfg_multi_company.engine.ledger import ledger
from odoo.addons.mfg_multi_company.exceptions import (
    IntercompanyRefusal,
    ItemNotMapped,
    UnitNotMapped,
)

# States in which an order takes effect.
LIVE = ("purchase", "done")
DIGITS = 6


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "mfg.release.mixin", "mfg.ic.document"]

    mfg_ic_price_differs = fields.Boolean(
        "Approved at Other Prices",
        compute="_compute_mfg_ic_price_differs",
        help="It was approved before agreement or item code said what it costs, and the "
        "seller has not got it.",
    )

    @api.depends("state", "order_line.price_unit")
    def _compute_mfg_ic_price_differs(self):
        self.mfg_ic_price_differs = False
        live = self.filtered(
            lambda order: order.state in LIVE and order._mfg_ic_other_company()
        )
        if not live:
            return
        # Whether it waits is told to whoever reads the order; the exception is not shown.
        waiting = (
            self.env["mfg.ic.exception"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", live.ids),
                    ("step", "=", "order"),
                    ("kind", "=", "price"),
                    ("state", "=", "open"),
                ]
            )
        )
        self.browse(waiting.mapped("res_id")).mfg_ic_price_differs = True

    # -- what a release stands for -------------------------------------------------------

    def _mfg_plant(self):
        return self.env["mfg.plant"]._plant_of(
            self.company_id, self.picking_type_id.warehouse_id
        )

    def _mfg_gate_quantity(self):
        return sum(self.order_line.mapped("product_uom_qty"))

    def _mfg_gate_value(self):
        return self.currency_id._convert(
            self.amount_untaxed,
            self.company_id.currency_id,
            self.company_id,
            self.date_order or fields.Date.context_today(self),
        )

    def _mfg_release_content(self):
        return {
            "vendor": self.partner_id.id,
            "currency": self.currency_id.id,
            "operation_type": self.picking_type_id.id,
            "lines": sorted(
                [
                    line.id,
                    line.product_id.id,
                    line.product_uom.id,
                    round(line.product_qty, DIGITS),
                    round(line.price_unit, DIGITS),
                    round(line.discount, DIGITS),
                    sorted(line.taxes_id.ids),
                ]
                for line in self.order_line
                if not line.display_type
            ),
        }

    # -- every way into effect -----------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state in LIVE)._mfg_check_released()
        return orders

    def write(self, vals):
        if vals.get("state") in LIVE:
            self.filtered(lambda order: order.state not in LIVE)._mfg_check_released()
        if {"state", "partner_id", "currency_id"} & set(vals):
            self._mfg_ic_check_alone(vals)
        return super().write(vals)

    def action_mfg_request_release(self):
        self._mfg_ic_fill()
        return super().action_mfg_request_release()

    def button_confirm(self):
        drafts = self.filtered(lambda order: order.state in ("draft", "sent"))
        # First, so that approval and release are about the price that will hold.
        drafts._mfg_ic_fill()
        drafts._mfg_check_released()
        return super().button_confirm()

    def button_approve(self, force=False):
        self._mfg_ic_check_prices()
        res = super().button_approve(force=force)
        for order in self:
            if order.state in LIVE and order._mfg_ic_other_company():
                order._mfg_ic_order()
        return res

    def button_cancel(self):
        """Cancel; where a seller of the group relies on the order, ask that seller."""
        held = self._mfg_ic_held()
        res = super(PurchaseOrder, self - held).button_cancel() if self - held else True
        return held._mfg_ic_ask_to_cancel() if held else res

    def action_mfg_ic_take_prices(self):
        """Approve orders anew, at the prices of the agreement, and let the seller have them.

        For orders that were approved while nobody knew the price: without agreement, or
        with an item that had no code at the seller.

        :raises AccessError: the user may not write the order
        :raises UserError: the seller has it, it waits at a gate, or the new total is
            beyond what the user may approve
        """
        self.check_access_rights("write")
        self.check_access_rule("write")
        for order in self:
            if order.state not in LIVE or not order._mfg_ic_other_company():
                raise UserError(
                    _(
                        "%(order)s is no confirmed order to a company of the group.",
                        order=order.name,
                    )
                )
            if order._mfg_ic_held():
                raise UserError(
                    _(
                        "The seller relies on %(order)s. Propose a change on its "
                        "intercompany flow.",
                        order=order.name,
                    )
                )
            if order._mfg_gates():
                raise UserError(
                    _(
                        "%(order)s was released at its old prices. Cancel it, set it to "
                        "draft, and have it released at the new ones.",
                        order=order.name,
                    )
                )
            agreement = order._mfg_ic_agreement()
            if not agreement.mirror_orders:
                raise UserError(
                    _(
                        "The seller does not get %(order)s: its agreement carries no orders "
                        "over.",
                        order=order.name,
                    )
                )
            order._mfg_ic_agree(agreement, approved_anew=True)
            if not order._approval_allowed():
                raise UserError(
                    _(
                        "%(total)s is beyond what you may approve. A purchase manager "
                        "takes the agreed prices.",
                        total=order.amount_total,
                    )
                )
            order._mfg_ic_order()

    # -- the other company ---------------------------------------------------------------

    def _mfg_ic_held(self):
        """Orders that the seller relies on, so that one side alone cannot end them."""
        if ledger(self.env.cr).agreeing:
            return self.browse()
        inside = self.filtered(
            lambda order: (
                order._mfg_ic_other_company()
                and order.state in LIVE
                and order.mfg_ic_flow_id
            )
        )
        # The seller's order is looked for past the rules; nothing of it is shown.
        return inside.filtered(lambda order: order.mfg_ic_flow_id.sudo()._has_sale())

    def _mfg_ic_check_alone(self, vals):
        """:raises UserError: one side would change what both agreed on"""
        leaves = "state" in vals and vals["state"] not in LIVE
        for order in self._mfg_ic_held():
            if leaves or any(
                name in vals and vals[name] != order[name].id
                for name in ("partner_id", "currency_id")
            ):
                raise UserError(
                    _(
                        "The seller relies on %(order)s. Use “Cancel”, which asks the "
                        "seller, or propose a change on the intercompany flow.",
                        order=order.display_name,
                    )
                )

    def _mfg_ic_ask_to_cancel(self):
        """Ask the sellers; each order stays as it is until its seller agrees."""
        changes = self.env["mfg.ic.change"]
        for order in self:
            changes |= changes._ask_to_cancel(order.mfg_ic_flow_id, order.company_id)
        return changes._notification()

    def _mfg_ic_agreement(self):
        """The agreement that the order falls under, with superuser rights.

        :raises AgreementMissing: seller and buyer have none for the day of the order
        """
        self.ensure_one()
        return self.env["mfg.ic.agreement"]._mfg_ic_require(
            self._mfg_ic_other_company(), self.company_id, self._mfg_ic_date()
        )

    def _mfg_ic_date(self):
        return fields.Datetime.context_timestamp(
            self, self.date_order or fields.Datetime.now()
        ).date()

    def _mfg_ic_items(self):
        return self.order_line.filtered(lambda line: not line.display_type)

    def _mfg_ic_fill(self):
        """Fill items, units and prices of both sides into drafts, by codes and rules.

        :raises PriceMissing: no rule in force; the order stays a draft
        """
        for order in self:
            seller = order._mfg_ic_other_company()
            if not seller or order.state not in ("draft", "sent"):
                continue
            agreement = self.env["mfg.ic.agreement"]._mfg_ic_lookup(
                seller, order.company_id, order._mfg_ic_date()
            )
            if not agreement.mirror_orders:
                continue
            try:
                order._mfg_ic_agree(agreement)
            except (ItemNotMapped, UnitNotMapped):
                if agreement.strict:
                    raise
                # The order stays valid; the exception that approval raises says why.

    def _mfg_ic_agree(self, agreement, approved_anew=False):
        """The flow of the order, with what both sides agree on.

        :param bool approved_anew: somebody who may approves the order at these prices
        :return: ``mfg.ic.flow`` with superuser rights
        """
        self.ensure_one()
        date = self._mfg_ic_date()
        lines = self._mfg_ic_items()
        currency = agreement.currency_id
        # Another company's product may be hidden; codes say which one is meant.
        items = self.env["product.product"]._mfg_translate_all(
            self.company_id,
            agreement.seller_company_id,
            [(line.product_id, line.product_qty, line.product_uom) for line in lines],
            date,
        )
        flow = self.env["mfg.ic.flow"]._open(
            agreement, self, "purchase", parent=self._mfg_ic_parent_flow()
        )
        self.invalidate_recordset(["mfg_ic_flow_id", "mfg_ic_state"])
        prices = agreement._mfg_ic_prices(
            [(product, amount, uom) for product, uom, amount in items], date, currency
        )
        rows = []
        for line, (product, uom, amount), (price, _currency, _trace) in zip(
            lines, items, prices, strict=True
        ):
            ratio = amount / line.product_qty if line.product_qty else 1.0
            rows.append(
                {
                    "flow_id": flow.id,
                    "sequence": line.sequence,
                    "buyer_line_id": line.id,
                    "buyer_product_id": line.product_id.id,
                    "buyer_uom_id": line.product_uom.id,
                    "seller_product_id": product.id,
                    "seller_uom_id": uom.id,
                    "qty_ordered": amount,
                    "price_seller": price,
                    "price_buyer": price if ratio == 1 else price * ratio,
                }
            )
        self._mfg_ic_write_prices(lines, rows, currency, approved_anew)
        if not self._mfg_ic_same(flow, rows):
            flow.line_ids.unlink()
            flow.env["mfg.ic.flow.line"].create(rows)
            self.env["mfg.ic.price.log"]._note(
                [trace for _price, _currency, trace in prices], flow
            )
        return flow

    def _mfg_ic_write_prices(self, lines, rows, currency, approved_anew):
        """Let the agreed prices hold; an order that is approved is not changed.

        :raises IntercompanyRefusal: it was approved at other prices
        """
        digits = self.env["decimal.precision"].precision_get("Product Price")
        wrong = [
            (line, row["price_buyer"])
            for line, row in zip(lines, rows, strict=True)
            if line.discount
            or float_compare(
                line.price_unit, row["price_buyer"], precision_digits=digits
            )
        ]
        if self.state not in ("draft", "sent") and not approved_anew:
            if wrong or self.currency_id != currency:
                raise IntercompanyRefusal(
                    _(
                        "%(order)s was approved at other prices than the agreement has. "
                        "Use “Take Agreed Prices” on the order, cancel it, or have the "
                        "price rule changed.",
                        order=self.name,
                    ),
                    kind="price",
                    expected=", ".join(str(price) for _line, price in wrong),
                    actual=", ".join(str(line.price_unit) for line, _price in wrong),
                )
            return
        with ledger(self.env.cr).agreed():
            if self.currency_id != currency:
                self.currency_id = currency
            for line, price in wrong:
                line.write({"price_unit": price, "discount": 0})

    @api.model
    def _mfg_ic_same(self, flow, rows):
        """Whether the flow holds these items at these prices already."""
        names = (
            "buyer_line_id",
            "buyer_product_id",
            "buyer_uom_id",
            "seller_product_id",
            "seller_uom_id",
            "qty_ordered",
            "price_seller",
        )

        def plain(value):
            return value.id if isinstance(value, models.BaseModel) else value

        known = sorted(
            [tuple(plain(line[name]) for name in names) for line in flow.line_ids]
        )
        return known == sorted(tuple(row[name] for name in names) for row in rows)

    def _mfg_ic_check_prices(self):
        """:raises UserError: items changed between confirmation and approval"""
        for order in self.filtered(lambda order: order.state == "to approve"):
            lines = order.mfg_ic_flow_id.sudo().line_ids  # figures of the own order
            if not lines:
                continue
            agreed = {
                line.buyer_line_id: (line.buyer_product_id, line.price_buyer)
                for line in lines
            }
            digits = self.env["decimal.precision"].precision_get("Product Price")
            for line in order._mfg_ic_items():
                product, price = agreed.get(line.id, (None, 0))
                if product != line.product_id or float_compare(
                    line.price_unit, price, precision_digits=digits
                ):
                    raise UserError(
                        _(
                            "%(line)s: item or Unit Price differs from the agreement. "
                            "Cancel the order, set it to draft and confirm it again.",
                            line=line.display_name,
                        )
                    )

    def _mfg_ic_parent_flow(self):
        """The flow of the sale that the order was made for, in a chain."""
        moves = self.order_line.move_dest_ids
        sales = moves.sale_line_id.order_id | self.group_id.sale_id
        for sale in sales:
            if sale.mfg_ic_flow_id:
                # The root of a chain is read past the rules; nobody is shown it.
                return sale.mfg_ic_flow_id.sudo()
        return None

    def _mfg_ic_order(self):
        """Let the seller have the order; once, however often it is tried."""
        self.ensure_one()
        exceptions = self.env["mfg.ic.exception"]
        try:
            agreement = self._mfg_ic_agreement()
        except IntercompanyRefusal as error:
            exceptions._raise(
                error.kind,
                str(error),
                document=self,
                step="order",
                seller=self._mfg_ic_other_company(),
                buyer=self.company_id,
            )
            return
        if not agreement.mirror_orders:
            return
        flow = self.env["mfg.ic.flow"]._open(
            agreement, self, "purchase", parent=self._mfg_ic_parent_flow()
        )
        self.invalidate_recordset(["mfg_ic_flow_id", "mfg_ic_state"])
        if flow._has_sale():
            return
        # The buyer's order is read past the rules of the seller's service user.
        order = self.sudo()
        agreement._mfg_ic_carry_over(
            "seller",
            self,
            "order",
            lambda env: order._mfg_ic_sell(env, agreement, flow),
            flow=flow,
        )

    def _mfg_ic_sell(self, env, agreement, flow):
        """Make and confirm the seller's order."""
        known = {line.buyer_line_id for line in flow.line_ids}
        if known != set(self._mfg_ic_items().ids):
            self._mfg_ic_agree(agreement)
        flow._reach("ordered", side="buyer")
        rows = flow.line_ids.sorted(lambda line: (line.sequence, line.buyer_line_id))
        with ledger(self.env.cr).agreed():
            sale = env["sale.order"].browse(flow._sale().ids)
            values = self._mfg_ic_sale_values(agreement, rows)
            if sale:
                # It was cancelled by both; the same order comes back into effect.
                sale.action_draft()
                sale.order_line.unlink()
                sale.write({"order_line": values["order_line"]})
            else:
                sale = (
                    env["sale.order"].with_context(tracking_disable=True).create(values)
                )
                sale = sale.with_env(env)
                sale._mfg_ic_link(flow, "seller", "sale")
            if sale.currency_id != agreement.currency_id:
                # Not before: without pricelist Odoo gives new orders the company's.
                sale.currency_id = agreement.currency_id
            self._mfg_ic_pair(rows, sale)
            if agreement.sale_validation == "confirm":
                sale.action_confirm()
        if self.currency_id.compare_amounts(sale.amount_untaxed, self.amount_untaxed):
            raise IntercompanyRefusal(
                _(
                    "The orders differ: %(sold)s at the seller, %(bought)s at the buyer.",
                    sold=sale.amount_untaxed,
                    bought=self.amount_untaxed,
                ),
                kind="total",
                expected=str(self.amount_untaxed),
                actual=str(sale.amount_untaxed),
            )
        flow._total()
        self.picking_ids._mfg_ic_link(flow, "buyer", "receipt")
        if sale.state == "sale":
            sale.picking_ids._mfg_ic_link(flow, "seller", "delivery")
            flow._reach("confirmed", side="seller")
            sale._mfg_ic_confirm_chain()
        return sale

    def _mfg_ic_sale_values(self, agreement, rows):
        """Values of the seller's order."""
        side = agreement._side("seller")
        buyer = self.company_id.partner_id
        values = {
            "partner_id": buyer.id,
            "company_id": agreement.seller_company_id.id,
            "client_order_ref": self.name,
            "origin": self.name,
            "date_order": self.date_order,
            "commitment_date": self.date_planned,
            # Prices are the agreement's; no pricelist changes them.
            "pricelist_id": False,
            "user_id": side.owner_id.id,
            "order_line": [
                Command.create(
                    {
                        "sequence": row.sequence,
                        "product_id": row.seller_product_id.id,
                        "name": row.seller_product_id.display_name,
                        "product_uom": row.seller_uom_id.id,
                        "product_uom_qty": row.qty_ordered,
                        "price_unit": row.price_seller,
                        "discount": 0,
                        "product_packaging_id": False,
                    }
                )
                for row in rows
            ],
        }
        if side.warehouse_id:
            values["warehouse_id"] = side.warehouse_id.id
        if side.fiscal_position_id:
            values["fiscal_position_id"] = side.fiscal_position_id.id
        address = self.picking_type_id.warehouse_id.partner_id
        if address.commercial_partner_id == buyer:
            values["partner_shipping_id"] = address.id
        return values

    @api.model
    def _mfg_ic_pair(self, rows, sale):
        """Note which line of the seller is which line of the buyer, in one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE mfg_ic_flow_line line SET seller_line_id = v.sold
              FROM unnest(%s, %s) AS v (id, sold) WHERE line.id = v.id
            """,
            [rows.ids, sale.order_line.sorted("id").ids],
        )
        rows.invalidate_recordset(["seller_line_id"])

    def _mfg_ic_retry(self, step):
        """Repeat what an exception is about, as the service user of the buyer."""
        self.ensure_one()
        if step == "confirm":
            self._mfg_ic_confirm()
        elif step == "return":
            self.mfg_ic_flow_id._mfg_ic_carry_return()
        elif self.state in LIVE:
            self._mfg_ic_order()

    def _mfg_ic_confirm(self):
        """Confirm an order of a chain as the buyer's service user."""

        def work(env):
            order = self.with_env(env)
            order._mfg_ic_check_circle()
            order.button_confirm()

        self._mfg_ic_agreement()._mfg_ic_carry_over("buyer", self, "confirm", work)

    def _mfg_ic_check_circle(self):
        """:raises IntercompanyRefusal: a chain would come back to who began it"""
        seller = self._mfg_ic_other_company()
        flow = self._mfg_ic_parent_flow()
        while flow:
            if flow.buyer_company_id == seller:
                raise IntercompanyRefusal(
                    _(
                        "%(order)s would have %(seller)s deliver what it ordered from the "
                        "group itself, and so on without end. Take the item off the buying "
                        "route of one of the companies, and cancel this order.",
                        order=self.name,
                        seller=seller.name,
                    )
                )
            flow = flow.parent_flow_id

    def _add_supplier_to_product(self):
        # A transfer price is no vendor price; it holds for this order.
        if self._mfg_ic_other_company():
            return None
        return super()._add_supplier_to_product()

    def _mfg_ic_transit(self):
        """Where the goods come from, empty for vendors outside of the group."""
        seller = self._mfg_ic_other_company()
        if not seller:
            return self.env["stock.location"]
        agreement = self.env["mfg.ic.agreement"]._mfg_ic_lookup(
            seller, self.company_id, self._mfg_ic_date()
        )
        if not agreement.mirror_orders:
            return self.env["stock.location"]
        return self.env["stock.location"].browse(agreement._pair_transit().id)

    def _prepare_picking(self):
        values = super()._prepare_picking()
        transit = self._mfg_ic_transit()
        if transit:
            values["location_id"] = transit.id
        return values
