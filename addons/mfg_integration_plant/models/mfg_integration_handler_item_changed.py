from odoo import _, models
from odoo.exceptions import UserError

from ..messages import names


class MfgIntegrationHandlerItemChanged(models.AbstractModel):
    """An item of the system of record."""

    _name = "mfg.integration.handler.item.changed"
    _inherit = "mfg.integration.handler.master"
    _description = "Handler of item.changed"
    _message_type = "item.changed"

    _kind = "item_code"
    _code_field = "default_code"
    _plain = {
        "name": "name",
        "barcode": "barcode",
        "tracking": "tracking",
        "kind": "detailed_type",
        "sold": "sale_ok",
        "purchased": "purchase_ok",
        "active": "active",
    }
    _needed = ("name", "unit")

    def _records(self):
        return self.env["product.product"].with_context(lang=None)

    def _values(self, payload, record, message):
        values = super()._values(payload, record, message)
        if not record:
            values.setdefault("detailed_type", "product")
        if name := payload.get("unit"):
            unit = self._names(message).find("unit", {name})[name]
            values["uom_id"] = unit.id
            if not record or record.uom_po_id == record.uom_id:
                values["uom_po_id"] = unit.id
        if "weight_kg" in payload:
            weight = names.amount(payload["weight_kg"], "weight_kg")
            field = self._records()._fields["weight"]
            values["weight"] = field.convert_to_cache(
                self._records()._mfg_kilograms(weight, back=True), self._records()
            )
        return values

    def _create_record(self, payload, values, role):
        """Messages that came before the item have their turn now."""
        item = super()._create_record(payload, values, role)
        self.env["mfg.integration.inbox"]._wake([self._item_key(payload["code"])])
        return item

    def _check_changes(self, record, changes):
        if "tracking" not in changes:
            return
        # sudo: whether there is stock, in whatever company, decides; none of it is told
        stock = (
            self.env["stock.quant"]
            .sudo()
            .search_count(
                [
                    (
                        "product_id",
                        "in",
                        record.product_tmpl_id.with_context(
                            active_test=False
                        ).product_variant_ids.ids,
                    ),
                    ("location_id.usage", "in", ("internal", "transit")),
                    ("quantity", "!=", 0),
                ],
                limit=1,
            )
        )
        if stock:
            raise UserError(
                _(
                    "%(item)s is in stock: how it is traced cannot change before the stock "
                    "is gone. Use it up or adjust it to zero; then process the message "
                    "again.",
                    item=record.display_name,
                )
            )
