"""Helpers for tests that connect a plant by a template."""

import base64
import io

import openpyxl

from odoo.addons.mfg_integration_queue.tests.test_file_sender import FolderRoot

from .inbound_common import InboundPlantCase

HEADER = ("map", "theirs", "ours", "factor")


def csv(*rows, delimiter=";", encoding="utf-8"):
    """Return a CSV file with the usual columns."""
    lines = [delimiter.join(row) for row in (HEADER, *rows)]
    return "\r\n".join(lines).encode(encoding)


def xlsx(*rows, header=HEADER):
    """Return a workbook with the usual columns."""
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


class FacilityCase(FolderRoot, InboundPlantCase):
    """An integrator with rights in one company, who connects plants of it."""

    service_groups = "stock.group_stock_manager,stock.group_production_lot"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.integrator = cls.user(
            "plant_test_integrator", "mfg_integration_queue.group_integrator"
        )
        cls.viewer = cls.user("plant_test_viewer", "mfg_integration_queue.group_viewer")
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.bolt = cls.product("Bolt", default_code="BO-1")

    def setUp(self):
        super().setUp()
        self.root = self._folder_root()

    def template(self, name):
        return self.env.ref(f"mfg_integration_plant.facility_template_{name}")

    def wizard(self, template, user=None, **values):
        """Return the filled dialog of the integrator."""
        for name in ("maps", "names"):
            if f"{name}_file" in values:
                values[f"{name}_file"] = base64.b64encode(values[f"{name}_file"])
                values.setdefault(f"{name}_name", f"{name}.xlsx")
        return (
            self.env["mfg.integration.facility.connect"]
            .with_user(user or self.integrator)
            .create(
                {
                    "template_id": self.template(template).id,
                    "company_id": self.plant.id,
                    "name": "Rockford",
                    "code": "rockford",
                    "user_id": self.service.id,
                    "url": "https://rockford.example.com/events",
                    **values,
                }
            )
        )

    def connect(self, template, **values):
        """Connect by a template; return the new system, as the integrator sees it."""
        wizard = self.wizard(template, **values)
        wizard.action_connect()
        return self.connected(wizard.code)

    def connected(self, code="rockford"):
        return (
            self.env["mfg.integration.system"]
            .with_user(self.integrator)
            .search([("code", "=", code)])
        )

    def other_plant(self):
        return self.env["res.company"].create({"name": "Other Plant"})
