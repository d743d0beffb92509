import os
import time

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.mfg_integration_queue.engine import file_control, file_pickup
from odoo.addons.mfg_integration_queue.tests.test_file_sender import FolderRoot

from .inbound_common import InboundPlantCase
from .test_journal import JournalCase


class FileCase(FolderRoot, InboundPlantCase):
    """A folder in which a legacy system leaves files of columns."""

    interface = None

    def setUp(self):
        super().setUp()
        self.root = self._folder_root()
        self.layout = self.make_layout()
        self.folder = self.env["mfg.integration.folder"].create(
            {
                "system_id": self.system.id,
                "path": "in",
                "interface_id": self.interfaces.id,
                "file_format": "table",
                "layout_id": self.layout.id,
            }
        )
        self.assertFalse(self.folder.problem)
        self.place = self.root / "test-floor" / "in"

    def columns(self, *columns):
        """Return commands for columns of (name, position, path, type, more values)."""
        return [
            Command.create(
                {
                    "name": name,
                    "position": position,
                    "path": path,
                    "value_type": kind,
                    **(rest[0] if rest else {}),
                }
            )
            for name, position, path, kind, *rest in columns
        ]

    def leave(self, name, text, control=None, encoding="utf-8"):
        data = text.encode(encoding)
        (self.place / name).write_bytes(data)
        control = file_control.build(name, data) if control is None else control
        (self.place / f"{name}.ctl").write_bytes(control)

    def let_grace_pass(self):
        for path in self.place.iterdir():
            if path.is_file():
                long_ago = time.time() - 2 * file_pickup.GRACE
                os.utime(path, (long_ago, long_ago))

    def pick_up(self):
        """Look into the folder as the worker does; returns the files it knows."""
        with self.folder._open() as directory:
            file_pickup.finish_moves(self.folder, directory)
            for name in file_pickup.announced(self.folder, directory):
                if file_pickup.take_in(self.folder, directory, name):
                    file_pickup.finish_moves(self.folder, directory)
        self.process()
        return self.env["mfg.integration.file"].search(
            [("folder_id", "=", self.folder.id)], order="id"
        )


@tagged("post_install", "-at_install")
class TestFiles(FileCase):
    """Stock adjustments of a legacy ERP as CSV and fixed width."""

    codes = ("stock.adjustment",)
    service_groups = "stock.group_stock_manager,stock.group_production_lot"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.stock.barcode = "TP-STOCK"
        cls.put_in_stock(cls.screw, 10_000)

    def make_layout(self):
        return self.env["mfg.integration.file.layout"].create(
            {
                "name": "Adjustments",
                "interface_id": self.interfaces.id,
                "grouping": "file",
                "list_name": "lines",
                "column_ids": self.columns(
                    (
                        "Document",
                        1,
                        "reason",
                        "text",
                        {"of_file": True, "is_key": True},
                    ),
                    ("Location", 2, "location", "text"),
                    ("Item", 3, "item", "text"),
                    ("Quantity", 4, "quantity.value", "number"),
                    ("Unit", 5, "quantity.unit", "text"),
                ),
            }
        )

    def lines(self, count, document="ADJ-1", value="-1"):
        title = "Document;Location;Item;Quantity;Unit\n"
        line = f"{document};TP-STOCK;SC-1;{value};Units\n"
        return title + line * count

    def test_pi_06_file_is_applied_once_whatever_it_is_called(self):
        self.leave("a.csv", self.lines(5))
        self.assertEqual(self.pick_up().state, "accepted")
        self.assertEqual(self.on_hand(self.screw), 9_995)
        self.leave("a.csv", self.lines(5))
        self.leave("b.csv", self.lines(5))
        self.assertEqual(self.pick_up()[1:].mapped("state"), ["known", "known"])
        self.assertEqual(self.on_hand(self.screw), 9_995)

    def test_pi_06_half_written_file_waits_and_is_then_rejected(self):
        whole = self.lines(5)
        self.leave("a.csv", whole[:70], file_control.build("a.csv", whole.encode()))
        self.assertFalse(self.pick_up())
        self.let_grace_pass()
        file = self.pick_up()
        self.assertEqual(file.state, "rejected")
        self.assertIn("not complete", file.report)
        self.assertEqual(self.on_hand(self.screw), 10_000)

    def test_pi_06_wrong_checksum(self):
        whole = self.lines(5)
        other = whole.replace("-1", "-9")
        self.leave("a.csv", whole, file_control.build("a.csv", other.encode()))
        self.let_grace_pass()
        file = self.pick_up()
        self.assertEqual(file.state, "rejected")
        self.assertIn("checksum", file.report)
        self.assertEqual(file.activity_ids.user_id, self.keeper)

    def test_pi_06_one_bad_line_of_a_thousand(self):
        lines = self.lines(1000).splitlines(keepends=True)
        lines[613] = "ADJ-1;TP-STOCK;SC-1;one;Units\n"
        self.leave("a.csv", "".join(lines))
        file = self.pick_up()
        self.assertEqual(file.state, "rejected")
        self.assertEqual(file.report, "Line 614: “Quantity” is not a number: one")
        self.assertEqual(self.on_hand(self.screw), 10_000)
        lines[613] = lines[612]
        self.leave("a.csv", "".join(lines))
        self.assertEqual(self.pick_up()[1].state, "accepted")
        self.assertEqual(self.on_hand(self.screw), 9_000)

    def test_fixed_width_with_sign_behind_and_another_encoding(self):
        self.layout.write(
            {
                "kind": "fixed",
                "encoding": "cp1252",
                "decimal_point": ",",
                "header_lines": 0,
                "grouping": "line",
                "column_ids": [Command.clear()]
                + self.columns(
                    ("Item", 1, "item", "text", {"width": 10}),
                    ("Quantity", 11, "value", "number", {"width": 8}),
                    ("Text", 19, "reason", "text", {"width": 10, "required": False}),
                ),
            }
        )
        text = f"{'SC-1':<10}{'2,50-':>8}Schäden\n{'SC-1':<10}{'3':>8}\n"
        found = self.folder._split_table(text.encode("cp1252"))
        self.assertEqual([number for number, _body in found], [1, 2])
        self.assertIn(b'"value": -2.5', found[0][1])
        self.assertIn(b"Sch\\u00e4den", found[0][1])

    def test_hostile_content_is_refused_with_the_line(self):
        for text, pattern in (
            (self.lines(1, document="=cmd|' /C calc'!A1"), "looks like a formula"),
            (self.lines(1, value="1e999"), "is not a number"),
            (self.lines(1, value="9" * 40), "is not a number"),
            (self.lines(1, value="NaN"), "is not a number"),
            (self.lines(1, document="A\x00B"), "has the character 0"),
            (self.lines(1, document=""), "“Document” is empty"),
            (self.lines(1) + '"never closed;', "Line 3"),
            (self.lines(1) + self.lines(1, "ADJ-2"), "Line"),
        ):
            with self.subTest(pattern):
                self.leave("a.csv", text)
                file = self.pick_up()[-1]
                self.assertEqual(file.state, "rejected")
                self.assertIn(pattern, file.report)
        self.assertEqual(self.on_hand(self.screw), 10_000)

    def test_wrong_encoding_is_refused(self):
        self.leave("a.csv", self.lines(1, "Schäden"), encoding="cp1252")
        self.assertIn("is not utf-8", self.pick_up().report)

    def test_folder_needs_a_layout_of_its_interface(self):
        with self.assertRaisesRegex(ValidationError, "choose the layout"):
            self.folder.layout_id = False


@tagged("post_install", "-at_install")
class TestJournalFile(FileCase, JournalCase):
    """A batch of the local accounting as a file."""

    def make_layout(self):
        return self.env["mfg.integration.file.layout"].create(
            {
                "name": "Journal",
                "interface_id": self.interfaces.id,
                "grouping": "file",
                "decimal_point": ",",
                "column_ids": self.columns(
                    ("Journal", 1, "journal", "text", {"of_file": True}),
                    ("Day", 2, "date", "date", {"of_file": True}),
                    (
                        "Batch",
                        3,
                        "reference",
                        "text",
                        {"of_file": True},
                    ),
                    ("Account", 4, "account", "text"),
                    ("Debit", 5, "debit", "number", {"required": False}),
                    ("Credit", 6, "credit", "number", {"required": False}),
                    ("Lines", 7, "control.lines", "integer", {"of_file": True}),
                    ("Debits", 8, "control.debit", "number", {"of_file": True}),
                    ("Credits", 9, "control.credit", "number", {"of_file": True}),
                ),
            }
        )

    def text(self, debits):
        head, tail = "BATCH;20260331;B-7", f"2;{debits};100,50"
        return f"titles\n{head};400100;100,50;;{tail}\n{head};400200;;100,50;{tail}\n"

    def test_pi_08_file_with_a_wrong_control_total(self):
        self.leave("batch.csv", self.text("100,51"))
        self.assertEqual(self.pick_up().state, "accepted")
        exception = self.env["mfg.integration.inbox.exception"].search(
            [("system_id", "=", self.system.id)]
        )
        self.assertIn("says 100.51, the lines make 100.5", exception.error)
        self.assertEqual(exception.owner_id, self.keeper)
        self.assertFalse(self.entries())
        self.leave("batch-corrected.csv", self.text("100,50"))
        self.pick_up()
        self.assertEqual(self.entries().state, "posted")
        self.assertEqual(sum(self.entries().line_ids.mapped("debit")), 100.5)
