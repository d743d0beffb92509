from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..messages import names


class MfgIntegrationHandlerSalesOrdered(models.AbstractModel):
    """A customer's order from an order channel, entered and confirmed as it is."""

    _name = "mfg.integration.handler.sales.ordered"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of sales.ordered"
    _message_type = "sales.ordered"

    def _ordering_key(self, payload):
        """Orders of one customer stay in order."""
        customer = payload.get("customer")
        return customer if isinstance(customer, str) else ""

    def _handle(self, payload, message):
        """Create and confirm a sales order, or nothing.

        :return: ``{"order", "amount_untaxed", "amount_total", "currency", "deliveries"}``
        :raises UserError: a customer, item or unit that is not known or not sold, an order
            that was entered already, prices that are not ours
        """
        customer, ship_to = self._customer(payload, message)
        self._check_new(payload["number"], customer)
        goods = self._entries(payload["lines"], message)
        self._check_sold(goods)
        order = self.env["sale.order"].create(
            self._values(payload, customer, ship_to, goods)
        )
        self._check_prices(order, payload, goods)
        order.action_confirm()
        if order.state != "sale":
            raise UserError(
                _(
                    "The order of %(customer)s cannot be confirmed: enter it in its form "
                    "and see what Odoo asks.",
                    customer=customer.display_name,
                )
            )
        message.link(order)
        return {
            "order": order.name,
            "amount_untaxed": order.amount_untaxed,
            "amount_total": order.amount_total,
            "currency": order.currency_id.name,
            "deliveries": order.picking_ids.mapped("name"),
        }

    def _customer(self, payload, message):
        """Return (customer, delivery address or an empty one)."""
        name, place = payload["customer"], payload.get("ship_to")
        found = self._names(message).find("partner", {name, place})
        customer = found[name].with_env(self.env)
        ship_to = found[place].with_env(self.env) if place else customer.browse()
        if customer.sale_warn == "block":
            raise UserError(
                _(
                    "%(customer)s is blocked for sales: %(reason)s",
                    customer=customer.display_name,
                    reason=customer.sale_warn_msg or _("no reason given"),
                )
            )
        if ship_to and (
            ship_to.commercial_partner_id != customer.commercial_partner_id
        ):
            raise UserError(
                _(
                    "Delivery address “%(place)s” is not one of %(customer)s. Correct it, "
                    "or add the address to the customer; then process the message again.",
                    place=place[:80],
                    customer=customer.display_name,
                )
            )
        return customer, ship_to

    def _check_new(self, number, customer):
        """Refuse an order that was entered under another message or by hand."""
        existing = self.env["sale.order"].search(
            [
                (
                    "partner_id.commercial_partner_id",
                    "=",
                    customer.commercial_partner_id.id,
                ),
                ("client_order_ref", "=", number),
                ("company_id", "=", self.env.company.id),
                ("state", "!=", "cancel"),
            ],
            limit=1,
        )
        if existing:
            raise UserError(
                _(
                    "Order %(number)s of %(customer)s is in Odoo already as %(order)s. Give "
                    "the message up, or cancel that order first.",
                    number=number,
                    customer=customer.display_name,
                    order=existing.name,
                )
            )

    def _check_sold(self, goods):
        for entry in goods:
            if not entry["product"].sale_ok:
                raise UserError(
                    _(
                        "%(item)s is not sold. Have it marked as such (Can be Sold), or "
                        "correct the message; then process it again.",
                        item=entry["product"].display_name,
                    )
                )

    def _values(self, payload, customer, ship_to, goods):
        values = {
            "partner_id": customer.id,
            "company_id": self.env.company.id,
            "client_order_ref": payload["number"],
            "order_line": [
                (
                    0,
                    0,
                    {
                        "product_id": entry["product"].id,
                        "product_uom_qty": entry["quantity"],
                        "product_uom": entry["unit"].id,
                    },
                )
                for entry in goods
            ],
        }
        if ship_to:
            values["partner_shipping_id"] = ship_to.id
        if at := payload.get("requested_at"):
            values["commitment_date"] = names.moment(at, "requested_at", planned=True)
        if note := payload.get("note"):
            values["note"] = plaintext2html(note)
        return values

    def _check_prices(self, order, payload, goods):
        """Compare what the customer was promised with what Odoo asks for."""
        currency = order.currency_id
        if payload.get("currency") not in (None, currency.name):
            raise UserError(
                _(
                    "The prices are in %(theirs)s, the price list of %(customer)s is in "
                    "%(ours)s.",
                    theirs=payload["currency"],
                    customer=order.partner_id.display_name,
                    ours=currency.name,
                )
            )
        differences = []
        for line, entry in zip(order.order_line, goods, strict=True):
            price = entry["line"].get("unit_price")
            if price is None:
                continue
            price = names.amount(price, _("Price"))
            if currency.compare_amounts(price, line.price_reduce_taxexcl):
                differences.append(
                    _(
                        "%(item)s: promised at %(price)s, ours is %(ours)s %(currency)s per "
                        "%(unit)s.",
                        item=entry["product"].display_name,
                        price=price,
                        ours=line.price_reduce_taxexcl,
                        currency=currency.name,
                        unit=entry["unit"].name,
                    )
                )
        if differences:
            raise UserError(
                "\n".join(
                    [
                        *differences[: names.MAX_NAMED],
                        _(
                            "Correct the price list or have the order sent again; nothing "
                            "was entered."
                        ),
                    ]
                )
            )
