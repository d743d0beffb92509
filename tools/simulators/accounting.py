"""A local accounting that leaves its journal as a file with control totals.

    python tools/simulators/accounting.py --port 8775 --state DIR

Further commands, besides those of ``filing.py``:

    POST /book      {"path", "journal", "date", "reference", "lines": [{"account",
                    "debit", "credit", "label"}], "off_by"}: a batch of the day;
                    ``off_by`` makes the control total wrong by so much
"""

from decimal import Decimal

from filing import Filer, message
from receiver import run


class Accounting(Filer):
    """Leaves journals."""

    name = "accounting"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.commands["/book"] = self.book

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


def _total(lines, side):
    return sum((Decimal(str(each.get(side, 0))) for each in lines), Decimal())


if __name__ == "__main__":
    run(Accounting, __doc__, 8775)
