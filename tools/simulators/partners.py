"""Every simulated system that reports to Odoo, in one process for the demo group.

    python tools/simulators/partners.py --port 8770 --state DIR [--secret whsec_...]

Each is found below its name, with the paths and commands of its own file: ``/wms/events``,
``/supplier/terms``. ``GET /status`` tells of all of them.
"""

from pathlib import Path

from accounting import Accounting
from floor import Floor
from legacy_erp import LegacyErp
from logistics import Logistics
from qms import QualitySystem
from receiver import Receiver, run, shipped_settings
from supplier import Supplier
from wms import Warehouse


class Partners(Receiver):
    """Hands every request to the simulator whose name its path begins with."""

    name = "partners"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.systems = {
            each.name: each(Path(state_dir) / each.name, secret)
            for each in (
                Floor,
                Warehouse,
                Supplier,
                Logistics,
                LegacyErp,
                Accounting,
                QualitySystem,
            )
        }

    def route(self, path):
        """Return whose a path is, and the path as that simulator knows it."""
        name, _slash, rest = path.lstrip("/").partition("/")
        if name in self.systems:
            return self.systems[name], f"/{rest}"
        return super().route(path)

    def status(self):
        """Return the counters of every system as a JSON-ready dict."""
        systems = {name: each.status() for name, each in self.systems.items()}
        return {**super().status(), "systems": systems}


if __name__ == "__main__":
    shipped = shipped_settings("partners")
    run(Partners, __doc__, shipped["port"], shipped["secret"])
