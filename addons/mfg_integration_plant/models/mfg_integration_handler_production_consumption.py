from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationHandlerProductionConsumption(models.AbstractModel):
    """Material was issued to an order."""

    _name = "mfg.integration.handler.production.consumption"
    _inherit = "mfg.integration.handler.production"
    _description = "Handler of production.consumption"
    _message_type = "production.consumption"

    def _handle(self, payload, message):
        """Enter what was consumed, as in the components of the order; it is posted with the
        next confirmation.

        :return: ``{"order", "components"}``, the number of lines that were entered
        :raises UserError: an item, unit or lot does not fit, or the order takes no further
            components
        """
        order = self._open_order(payload, message)
        goods = self._goods(payload["components"], message)
        for product, entries in self._by_product(goods).items():
            self._issue(order, product, entries)
        message.link(order)
        self._wake(order)
        return {"order": order.name, "components": len(goods)}

    def _by_product(self, goods):
        found = defaultdict(list)
        for entry in goods:
            found[entry["product"]].append(entry)
        return found

    def _issue(self, order, product, entries):
        move = order.move_raw_ids.filtered(
            lambda each: (
                each.product_id == product and each.state not in ("done", "cancel")
            )
        )[:1] or self._further_component(order, product, entries)
        # What Odoo proposed or reserved gives way to what was issued.
        if not (move.manual_consumption and move.picked):
            move.move_line_ids.unlink()
        issued = defaultdict(float)
        for line in move.move_line_ids:
            issued[line.lot_id] += line.quantity_product_uom
        for entry in entries:
            issued[entry["lot"]] += entry["stock_quantity"]
        place = move.location_id
        self._check_on_hand(
            {(product, lot, place): total for lot, total in issued.items()}
        )
        move.write({"manual_consumption": True, "picked": True})
        for entry in entries:
            self._add(move, entry)

    def _add(self, move, entry):
        """Add one line, from where the goods lie below the location of the order."""
        left = entry["stock_quantity"]
        rounding = entry["product"].uom_id.rounding
        taken = {(line.location_id, line.lot_id): line for line in move.move_line_ids}
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", entry["product"].id),
                ("lot_id", "=", entry["lot"].id),
                ("location_id", "child_of", move.location_id.id),
                ("quantity", ">", 0),
            ],
            order="in_date, id",
        )
        places = [(quant.location_id, quant.quantity) for quant in quants]
        for place, there in places or [(move.location_id, left)]:
            line = taken.get((place, entry["lot"]))
            part = min(left, there - (line.quantity_product_uom if line else 0))
            if part < rounding / 2:
                continue
            if line:
                line.quantity += entry["product"].uom_id._compute_quantity(
                    part, line.product_uom_id
                )
            else:
                self.env["stock.move.line"].create(
                    {
                        **move._prepare_move_line_vals(quantity=0),
                        "quantity": part,
                        "product_uom_id": entry["product"].uom_id.id,
                        "lot_id": entry["lot"].id,
                        "location_id": place.id,
                        "picked": True,
                    }
                )
            left -= part
            if left < rounding / 2:
                return

    def _further_component(self, order, product, entries):
        """Add a component that the order did not plan, where it may have some."""
        if order.consumption == "strict":
            raise UserError(
                _(
                    "%(item)s is no component of %(order)s, whose bill of materials allows "
                    "no others.",
                    item=product.display_name,
                    order=order.name,
                )
            )
        total = sum(entry["stock_quantity"] for entry in entries)
        move = self.env["stock.move"].create(
            {
                **order._get_move_raw_values(product, total, product.uom_id),
                "additional": True,
            }
        )
        move._action_confirm()
        return move
