"""A local accounting that leaves journals and vendors' bills as files with control totals.

    python tools/simulators/accounting.py --port 8775 --state DIR

Further commands, besides those of ``filing.py``:

    POST /book      {"path", "journal", "date", "reference", "lines": [{"account",
                    "debit", "credit", "label"}], "off_by"}: a batch of the day;
                    ``off_by`` makes the control total wrong by so much
    POST /bill      {"path", "number", "date", "currency", "lines": [{"item", "quantity",
                    "unit", "unit_price"}], "tax", "off_by"}: a vendor's bill of an
                    "order", or with "bill" and "vendor" a credit note for that one
"""

from decimal import Decimal

from filing import Filer, message
from receiver import run

#: what a bill or credit note says of itself, as far as it is given
HEAD = ("number", "bill", "order", "vendor", "date", "currency", "reason")
CENT = Decimal("0.01")


class Accounting(Filer):
    """Leaves journals, bills and credit notes."""

    name = "accounting"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.commands |= {"/book": self.book, "/bill": self.bill}

    def book(self, command):
        """Leave a journal with the present manners."""
        lines = command["lines"]
        off = Decimal(str(command.get("off_by", 0)))
        payload = {name: command[name] for name in ("journal", "date", "reference")}
        control = {
            "lines": len(lines),
            "debit": float(_total(lines, "debit") + off),
            "credit": float(_total(lines, "credit")),
        }
        content = message({**payload, "lines": lines, "control": control})
        name = f"{command['reference']}.json"
        return {**self.leave(command["path"], name, content), "control": control}

    def bill(self, command):
        """Leave a bill or credit note with the present manners."""
        lines = [
            {
                "item": each["item"],
                "quantity": {"value": each["quantity"], "unit": each["unit"]},
                "unit_price": each["unit_price"],
            }
            for each in command["lines"]
        ]
        untaxed = sum(
            (
                Decimal(str(each["quantity"])) * Decimal(str(each["unit_price"]))
            ).quantize(CENT)
            for each in command["lines"]
        )
        tax = Decimal(str(command.get("tax", 0)))
        off = Decimal(str(command.get("off_by", 0)))
        control = {
            "lines": len(lines),
            "untaxed": float(untaxed),
            "tax": float(tax),
            "total": float(untaxed + tax + off),
        }
        head = {name: command[name] for name in HEAD if name in command}
        content = message({**head, "lines": lines, "control": control})
        name = f"{command['number']}.json"
        return {**self.leave(command["path"], name, content), "control": control}


def _total(lines, side):
    return sum((Decimal(str(each.get(side, 0))) for each in lines), Decimal())


if __name__ == "__main__":
    run(Accounting, __doc__, 8775)
