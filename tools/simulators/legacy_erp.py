"""A legacy ERP that talks by files: CSV and JSON, with control files.

    python tools/simulators/legacy_erp.py --port 8774 --state DIR

Further commands, besides those of ``filing.py``:

    POST /drop      {"path", "name", "payload"}: one message as a file, or
                    {"path", "name", "rows", "encoding", "delimiter"}: lines of columns
"""

from filing import Filer, message
from receiver import run


class LegacyErp(Filer):
    """Leaves messages and tables."""

    name = "legacy-erp"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.commands["/drop"] = self.drop

    def drop(self, command):
        """Leave a file with the present manners."""
        if "payload" in command:
            data = message(command["payload"])
        else:
            delimiter = command.get("delimiter", ";")
            lines = [delimiter.join(map(str, row)) for row in command["rows"]]
            text = "".join(f"{line}\r\n" for line in lines)
            data = text.encode(command.get("encoding", "utf-8"))
        return self.leave(command["path"], command["name"], data)


if __name__ == "__main__":
    run(LegacyErp, __doc__, 8774)
