import base64
import io
import re
from datetime import datetime

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import tagged

from .facility_common import FacilityCase, csv, xlsx


@tagged("post_install", "-at_install")
class TestFacilitySheet(FacilityCase):
    """A spreadsheet is right as a whole, or nothing is created."""

    def refused(self, sheet, *causes, name="maps.csv", template="legacy_erp"):
        """Expect a refusal that names every cause; returns its text."""
        wizard = self.wizard(template, maps_file=sheet, maps_name=name)
        with self.assertRaises(UserError) as caught:
            wizard.action_preview()
        for cause in causes:
            self.assertRegex(str(caught.exception), cause)
        self.assertFalse(self.connected())
        return str(caught.exception)

    def test_everything_wrong_is_told_at_once_with_its_row(self):
        self.refused(
            csv(
                ("Colours", "R", "red", ""),
                ("item", "A-1", "SC-1", ""),
                ("item", "A-1", "BO-1", ""),
                ("item", "A-2", "NOPE", ""),
                ("item", "", "SC-1", ""),
                ("Item tracking", "X", "sometimes", ""),
                ("Unit conversions", "LB", "g", "0"),
                ("Unit conversions", "Hours", "kg", "1"),
                ("unit", "Dozens", "Units", ""),
                ("item", "A-3", "BO-1", "2"),
            ),
            "row 2: there is no map “Colours”. Known are: Item tracking, Unit conv",
            "row 4: “A-1” stands already in maps.csv, row 3",
            "row 5: The item “NOPE” does not exist here",
            "row 6: “theirs” is empty",
            "row 7: we have no “sometimes” in “Item tracking”, but none, lot, serial",
            "row 8: the factor “0” has to be a number above zero",
            "row 9: Hours measures Working Time, kg measures Weight",
            "row 10: “Dozens” is another unit here than Units",
            "row 11: a factor belongs to a map of units only",
        )

    def test_both_ways_needs_one_of_ours_for_one_of_theirs(self):
        self.refused(
            csv(
                ("Unit conversions", "T", "kg", "0.001"),
                ("Unit conversions", "TO", "kg", "0.001"),
            ),
            "row 3: “kg” stands already in maps.csv, row 2",
        )

    def test_items_of_other_companies_do_not_exist(self):
        self.product("Foreign", company=self.other_plant(), default_code="FO-1")
        self.refused(csv(("item", "F", "FO-1", "")), "“FO-1” does not exist here")

    def test_only_what_the_service_user_may_see_is_found(self):
        self.refused(
            csv(("work_center", "W", "WC-1", "")), "The work center: .*not allowed"
        )

    def test_a_name_of_several_items_is_refused(self):
        self.product("Twin", default_code="BO-1")
        self.refused(csv(("item", "T", "BO-1", "")), "“BO-1” stands for several")

    def test_twenty_rows_are_named_the_others_counted(self):
        text = self.refused(
            csv(*[("item", f"A-{number}", "NOPE", "") for number in range(30)]),
            "and 10 more lines",
        )
        self.assertEqual(len(re.findall("row ", text)), 20)

    def test_formulas_are_refused(self):
        for cell in ("=1+1", "+49", "-2", "@SUM(A1)", " =cmd"):
            with self.subTest(cell):
                self.refused(csv(("item", cell, "SC-1", "")), "row 2: .*like a formula")
                self.refused(
                    xlsx(("item", cell, "SC-1")), "row 2: .*formula", name="maps.xlsx"
                )

    def test_cells_that_are_no_text_are_refused(self):
        for cell in (datetime(2026, 1, 2), True):
            with self.subTest(cell):
                self.refused(
                    xlsx(("item", cell, "SC-1")),
                    "row 2: .*make it a text",
                    name="a.xlsx",
                )

    def test_files_that_cannot_be_read(self):
        many = [("item", f"A-{number}", "SC-1", "") for number in range(5001)]
        for sheet, name, cause in (
            (b"\n", "maps.csv", "first row has to name the columns map, theirs, ours"),
            (b"a;b\n1;2", "maps.csv", "first row has to name"),
            (b"map;theirs;ours;ours", "maps.csv", "stands twice in the first row"),
            (
                csv(("item", "Ä", "SC-1", ""), encoding="utf-16"),
                "maps.csv",
                "not UTF-8",
            ),
            (
                csv(("item", "Ä", "SC-1", ""), encoding="cp1252"),
                "maps.csv",
                "not UTF-8",
            ),
            (b'map;theirs;ours\nitem;"A;SC-1', "maps.csv", "Line 2: "),
            (csv(("item", "A\x00", "SC-1", "")), "maps.csv", "character 0|NUL"),
            (csv(("item", "A" * 300, "SC-1", "")), "maps.csv", "longer than 200"),
            (csv(*many), "maps.csv", "more than 5000 rows"),
            (xlsx(*many), "maps.xlsx", "more than 5000 rows"),
            (b"PK\x03\x04 not a workbook", "maps.xlsx", "cannot be read as a workbook"),
            (b"map;theirs;ours", "maps.xls", "Save it as .xlsx or .csv"),
            (b"x" * (2 * 1024 * 1024 + 1), "maps.csv", "larger than 2 MB"),
        ):
            with self.subTest(cause, name=name):
                self.refused(sheet, cause, name=name)

    def test_empty_sheet_has_the_columns_and_says_what_may_stand_in_them(self):
        template = self.template("legacy_erp")
        template.map_ids[0].write({"allowed_values": "=1+1", "kind": "value"})
        book = openpyxl.load_workbook(
            io.BytesIO(self.download(template)), read_only=True
        )
        to_fill, known = book.worksheets
        self.assertEqual(
            [cell.value for cell in next(to_fill.iter_rows())],
            ["map", "theirs", "ours", "factor"],
        )
        told = {row[0].value: row[2] for row in known.iter_rows(min_row=2)}
        self.assertLessEqual({*template.map_ids.mapped("name"), "item"}, told.keys())
        formula = told[template.map_ids[0].name]
        self.assertEqual((formula.value, formula.data_type), ("=1+1", "s"))
        template.map_ids.required = False
        system = self.connect("legacy_erp", maps_file=self.download(template))
        self.assertFalse(
            self.env["mfg.integration.xref"].search([("system_id", "=", system.id)])
        )

    def download(self, template):
        """The sheet behind the link of the dialog that nothing was entered into yet."""
        dialog = self.env["mfg.integration.facility.connect"].with_user(self.integrator)
        url = dialog.new({"template_id": template.id}).empty_sheet_url
        path, _mark, _query = url.partition("?")
        _web, _content, model, res_id, name = path.strip("/").split("/")
        record = dialog.env[model].browse(int(res_id))
        return base64.b64decode(record[name])

    def test_columns_in_any_order_and_case_and_blank_rows(self):
        sheet = xlsx(
            (None, None, None),
            ("SC-1", "Item", "A-1"),
            (None, None, None),
            header=("Ours", "MAP", "Theirs"),
        )
        system = self.connect("wms", names_file=sheet)
        xref = self.env["mfg.integration.xref"].search([("system_id", "=", system.id)])
        self.assertEqual((xref.external_id, xref.res_id), ("A-1", self.screw.id))

    def test_commas_and_tabs_separate_too(self):
        for number, delimiter in enumerate(",\t"):
            sheet = csv(("item", "A-1", "SC-1", ""), delimiter=delimiter)
            with self.subTest(delimiter):
                self.connect(
                    "wms", names_file=sheet, names_name="a.csv", code=f"wms-{number}"
                )
                xrefs = self.env["mfg.integration.xref"].search(
                    [("system_id.code", "=", f"wms-{number}")]
                )
                self.assertEqual(xrefs.external_id, "A-1")

    def test_statements_do_not_grow_with_the_rows(self):
        """One row or a hundred: the names are looked up together."""
        items = self.env["product.product"].create(
            [
                {
                    "name": f"Part {number}",
                    "default_code": f"PT-{number}",
                    "company_id": self.plant.id,
                }
                for number in range(101)
            ]
        )

        def statements(codes, code):
            sheet = csv(*[("item", f"X-{name}", name, "") for name in codes])
            wizard = self.wizard("wms", names_file=sheet, names_name="a.csv", code=code)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            wizard.action_connect()
            return self.env.cr.sql_log_count - before

        codes = items.mapped("default_code")
        statements(codes[:1], "warm-up")
        one = statements(codes[:1], "one")
        hundred = statements(codes[1:], "hundred")
        self.assertLess(hundred - one, 20, "no statement per row")
