from collections import defaultdict

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..messages import names


class MfgIntegrationHandlerStockSnapshot(models.AbstractModel):
    """What a system counts in some places at a moment, completely."""

    _name = "mfg.integration.handler.stock.snapshot"
    _inherit = "mfg.integration.handler.stock"
    _description = "Handler of stock.snapshot"
    _message_type = "stock.snapshot"

    def _handle(self, payload, message):
        """Compare with our stock as it was at that moment, or take it over into the mirror.

        :return: ``{"lines", "differences"}`` or ``{"lines", "locations"}``
        :raises UserError: a place is not known, or a line is about a place that the
            snapshot does not claim to describe
        """
        self._check_places(payload)
        at = self._time(payload, "taken_at")
        # sudo: the system is the one that the message came from
        system = self.env["mfg.integration.system"].sudo().browse(message.system_id)
        if system.stock_role == "mirror":
            taken = self._mirror(system, payload, message, at)
            return {"lines": len(payload["lines"]), "locations": len(taken)}
        found = self._compare(system, payload, message, at)
        message.link(found[:1])
        return {"lines": len(payload["lines"]), "differences": len(found)}

    def _check_places(self, payload):
        strange = {line["location"] for line in payload["lines"]} - set(
            payload["locations"]
        )
        if strange:
            raise UserError(
                _(
                    "The snapshot has lines of %(places)s, which it does not list among its "
                    "locations.",
                    places=", ".join(sorted(strange)[: names.MAX_NAMED]),
                )
            )

    def _mirror(self, system, payload, message, at):
        items = self._names(message).known(
            "item", {line["item"] for line in payload["lines"]}
        )
        # sudo: the mirror shows what was reported and moves nothing
        return (
            self.env["mfg.integration.stock.mirror"]
            .sudo()
            ._replace(
                system,
                set(payload["locations"]),
                at,
                [
                    {
                        "place": line["location"],
                        "item": line["item"],
                        "product_id": items[line["item"]].id
                        if line["item"] in items
                        else False,
                        "lot_name": line.get("lot") or False,
                        "quantity": names.amount(
                            line["quantity"]["value"], line["item"]
                        ),
                        "unit": line["quantity"]["unit"],
                    }
                    for line in payload["lines"]
                ],
            )
        )

    def _compare(self, system, payload, message, at):
        """Return the open differences of the places of a snapshot."""
        places = self._locations(set(payload["locations"]), message)
        theirs = self._theirs(payload, message)
        ours = self._ours(places, at)
        found = []
        for key in theirs.keys() | ours.keys():
            place, product, item, lot = key
            counted, known = theirs.get(key, 0.0), ours.get(key, 0.0)
            rounding = product.uom_id.rounding if product else 1e-6
            if float_compare(counted, known, precision_rounding=rounding):
                found.append(
                    {
                        "location_id": places[place].id,
                        "item": item,
                        "product_id": product.id,
                        "lot_name": lot,
                        "unit": product.uom_id.name if product else False,
                        "their_quantity": counted,
                        "our_quantity": known,
                    }
                )
        self._fill_lots(found)
        # sudo: whom to tell stands on the interface
        interface = (
            self.env["mfg.integration.interface"].sudo().browse(message.interface_id)
        )
        # sudo: a difference is a finding and moves nothing
        return (
            self.env["mfg.integration.stock.difference"]
            .sudo()
            ._record(
                system,
                self.env["stock.location"].union(*places.values()),
                sorted(found, key=lambda each: (each["item"], each["lot_name"] or "")),
                interface.exception_owner_id or interface.owner_id,
                message.uuid,
                at,
            )
        )

    def _theirs(self, payload, message):
        """Return (place, product, item, lot name) → quantity in the product's own unit.

        An item that nobody knows here is a difference, not a reason to refuse all others.
        """
        known = self._names(message)
        lines = payload["lines"]
        items = known.known("item", {line["item"] for line in lines})
        units = known.find("unit", {line["quantity"]["unit"] for line in lines})
        nothing = self.env["product.product"]
        theirs = defaultdict(float)
        for line in lines:
            product = items.get(line["item"], nothing)
            unit = units[line["quantity"]["unit"]]
            value = names.amount(line["quantity"]["value"], line["item"])
            if product:
                value = names.measured(value, unit, product, line["item"])
                value = unit._compute_quantity(value, product.uom_id, round=False)
            key = (
                line["location"],
                product.with_env(self.env),
                self._item(product) if product else line["item"],
                line.get("lot") or False,
            )
            theirs[key] += value
        return theirs

    def _ours(self, places, at):
        """Return the same of our stock, as it was at a moment."""
        ours = defaultdict(float)
        for name, place in places.items():
            groups = self.env["stock.quant"]._read_group(
                [("location_id", "child_of", place.id)],
                ["product_id", "lot_id"],
                ["quantity:sum"],
            )
            now = {(product, lot): total for product, lot, total in groups}
            since = self._moved_since(place, self.env["product.product"], at)
            products = self.env["product.product"].browse(
                {product_id for product_id, _lot in since}
            )
            lots = self.env["stock.lot"].browse({lot for _product, lot in since if lot})
            by_id = {each.id: each for each in products}
            lot_by_id = {
                False: self.env["stock.lot"],
                **{each.id: each for each in lots},
            }
            for (product_id, lot_id), change in since.items():
                key = by_id[product_id], lot_by_id[lot_id]
                now[key] = now.get(key, 0.0) - change
            for (product, lot), total in now.items():
                ours[name, product, self._item(product), lot.name or False] += total
        return ours

    def _item(self, product):
        return product.default_code or product.barcode or product.name

    def _fill_lots(self, found):
        wanted = {
            (
                self.env["product.product"].browse(values["product_id"]),
                values["lot_name"],
            )
            for values in found
            if values["product_id"] and values["lot_name"]
        }
        lots = {}
        if wanted:
            for lot in self.env["stock.lot"].search(
                [
                    ("name", "in", [name for _product, name in wanted]),
                    ("product_id", "in", [product.id for product, _name in wanted]),
                    ("company_id", "=", self.env.company.id),
                ]
            ):
                lots[lot.product_id.id, lot.name] = lot.id
        for values in found:
            values["lot_id"] = lots.get(
                (values["product_id"], values["lot_name"]), False
            )

    def _time(self, payload, key):
        return super()._time(payload, key) or fields.Datetime.now()
