from collections import defaultdict

from odoo import Command, _, models

from odoo.addons.mfg_integration_queue.engine.not_yet import NotYet

from ..messages import names


class MfgIntegrationHandlerBomChanged(models.AbstractModel):
    """A bill of materials of the system of record.

    Components and operations come whole: what a message does not list any more is taken
    off. Manufacturing orders that exist keep what they were made with.
    """

    _name = "mfg.integration.handler.bom.changed"
    _inherit = "mfg.integration.handler.master"
    _description = "Handler of bom.changed"
    _message_type = "bom.changed"

    _kind = "bom"
    _code_field = "code"
    _plain = {"kind": "type", "active": "active"}
    _needed = ("item", "quantity", "lines")

    def _records(self):
        return self.env["mrp.bom"].with_context(lang=None)

    def _values(self, payload, record, message):
        values = super()._values(payload, record, message)
        items = self._items(payload, message)
        made = record.product_id or record.product_tmpl_id.product_variant_id
        if "item" in payload:
            made = items[payload["item"]]
            template = made.product_tmpl_id
            values["product_tmpl_id"] = template.id
            several = template.product_variant_count > 1
            values["product_id"] = made.id if several else False
        if "quantity" in payload and made:
            values |= self._quantity(payload["quantity"], made, message)
        if "lines" in payload:
            values["bom_line_ids"] = self._commands(
                record.bom_line_ids,
                "product_id",
                [
                    {
                        "product_id": items[line["item"]].id,
                        **self._quantity(
                            line["quantity"], items[line["item"]], message
                        ),
                    }
                    for line in payload["lines"]
                ],
            )
        if "operations" in payload:
            values["operation_ids"] = self._commands(
                record.operation_ids,
                "name",
                self._operations(payload["operations"], message),
            )
        # lists that are already as the message has them
        return {name: value for name, value in values.items() if value != []}

    def _items(self, payload, message):
        """Return name → product of all that the message names.

        :raises NotYet: one is not known; its own message may be on its way
        """
        wanted = {line["item"] for line in payload.get("lines", [])}
        wanted |= {payload["item"]} if "item" in payload else set()
        found = self._names(message).known("item", wanted)
        if missing := sorted(wanted - found.keys()):
            raise NotYet(
                _(
                    "Item “%(item)s” is not known here. Have it sent, or add it to the "
                    "Cross References of system %(system)s; then process the message again.",
                    item=missing[0],
                    system=message.system_code,
                ),
                self._item_key(missing[0]),
            )
        return {name: item.with_env(self.env) for name, item in found.items()}

    def _quantity(self, given, product, message):
        """Return the values of a quantity and its unit."""
        unit = self._names(message).find("unit", {given["unit"]})[given["unit"]]
        what = _("Item %(item)s", item=product.display_name)
        return {
            "product_qty": names.quantity(given["value"], unit, product, what),
            "product_uom_id": unit.id,
        }

    def _operations(self, operations, message):
        """Return the values of each operation."""
        centers = self._names(message).find(
            "work_center", {each["work_center"] for each in operations}
        )
        return [
            {
                "name": each["name"],
                "workcenter_id": centers[each["work_center"]].id,
                "time_mode": "manual",
                "time_cycle_manual": names.amount(each["minutes"], "minutes"),
            }
            for each in operations
        ]

    def _commands(self, lines, told_by, wanted):
        """Return what makes ``lines`` those that are wanted, in their order; nothing if
        they are so already.

        :param str told_by: field that tells lines apart; of those with the same value one
            is taken after the other
        :param wanted: values of each line
        """
        left = defaultdict(list)
        for line in lines:
            left[self._written(line, told_by)].append(line)
        commands = []
        for number, values in enumerate(wanted, 1):
            values = {**values, "sequence": number}
            if known := left[values[told_by]]:
                line = known.pop(0)
                if changes := self._other(line, values):
                    commands.append(Command.update(line.id, changes))
            else:
                commands.append(Command.create(values))
        return commands + [
            Command.delete(line.id) for same in left.values() for line in same
        ]
