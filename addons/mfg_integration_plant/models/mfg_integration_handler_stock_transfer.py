from collections import defaultdict

from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationHandlerStockTransfer(models.AbstractModel):
    """Goods were taken from one place of the plant to another."""

    _name = "mfg.integration.handler.stock.transfer"
    _inherit = "mfg.integration.handler.stock"
    _description = "Handler of stock.transfer"
    _message_type = "stock.transfer"

    def _handle(self, payload, message):
        """Make and validate an internal transfer.

        :return: ``{"transfer"}``
        :raises UserError: both places are the same, or an item, unit or lot does not fit
        """
        places = self._locations({payload["from"], payload["to"]}, message)
        source, target = places[payload["from"]], places[payload["to"]]
        if source == target:
            raise UserError(
                _("The goods go from %(place)s to itself.", place=source.complete_name)
            )
        goods = self._goods(payload["lines"], message)
        needs = defaultdict(float)
        for entry in goods:
            needs[entry["product"], entry["lot"], source] += entry["stock_quantity"]
        self._check_on_hand(needs)
        picking = self._picking(payload, source, target, goods)
        picking.button_validate()
        if picking.state != "done":
            raise UserError(
                _(
                    "The transfer from %(place)s could not be validated.",
                    place=source.name,
                )
            )
        message.link(picking)
        self._wake(picking, picking.move_ids.product_id)
        return {"transfer": picking.name}

    def _picking(self, payload, source, target, goods):
        """Return a draft transfer with its lots and quantities entered.

        Confirmed with its lines it reserves nothing more: what would be reserved for it
        need not be what was moved.
        """
        by_product = defaultdict(list)
        for entry in goods:
            by_product[entry["product"]].append(entry)
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": self._type(source).id,
                "location_id": source.id,
                "location_dest_id": target.id,
                "origin": payload.get("reference"),
                "move_ids": [
                    (
                        0,
                        0,
                        {
                            "name": product.display_name,
                            "product_id": product.id,
                            "product_uom": product.uom_id.id,
                            "product_uom_qty": sum(
                                entry["stock_quantity"] for entry in entries
                            ),
                            "location_id": source.id,
                            "location_dest_id": target.id,
                        },
                    )
                    for product, entries in by_product.items()
                ],
            }
        )
        self.env["stock.move.line"].create(
            [
                values
                for move in picking.move_ids
                for values in self._lines(move, by_product[move.product_id])
            ]
        )
        return picking

    def _lines(self, move, entries):
        """Return the values of move lines, from where the goods lie below the source."""
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", move.product_id.id),
                ("location_id", "child_of", move.location_id.id),
                ("quantity", ">", 0),
            ],
            order="in_date, id",
        )
        there = {quant: quant.quantity for quant in quants}
        values = []
        for entry in entries:
            left = entry["stock_quantity"]
            for quant in quants.filtered(
                lambda each, entry=entry: each.lot_id == entry["lot"]
            ):
                part = min(left, there[quant])
                if part <= 0:
                    continue
                values.append(
                    {
                        **move._prepare_move_line_vals(quantity=0),
                        "quantity": part,
                        "product_uom_id": move.product_id.uom_id.id,
                        "lot_id": entry["lot"].id,
                        "location_id": quant.location_id.id,
                        "picked": True,
                    }
                )
                there[quant] -= part
                left -= part
        return values

    def _type(self, source):
        """Return the operation type for transfers out of a location."""
        # Odoo archives them while people work without storage locations.
        types = (
            self.env["stock.picking.type"]
            .with_context(active_test=False)
            .search(
                [("code", "=", "internal"), ("company_id", "=", self.env.company.id)],
                order="active desc, sequence, id",
            )
            .with_context(active_test=True)
        )
        own = types.filtered(lambda each: each.warehouse_id == source.warehouse_id)
        if not types:
            raise UserError(
                _(
                    "%(company)s has no operation type for internal transfers. Create one "
                    "under Inventory ▸ Configuration ▸ Operations Types.",
                    company=self.env.company.name,
                )
            )
        return (own or types)[0]
