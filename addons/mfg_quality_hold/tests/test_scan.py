from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..models.mfg_quality_hold_line import SCOPE_FIELDS
from .common import HoldCase


@tagged("post_install", "-at_install")
class TestScan(HoldCase):
    """A label is scanned: what it names, and nothing else, is placed on hold."""

    def scan(self, *codes):
        """The dialog of the menu, after some labels were scanned."""
        form = Form(self.world.as_user("stk")["mfg.quality.hold.place"])
        for code in codes:
            form.scanned = code
        form.reason_id = self.env.ref("mfg_quality_hold.reason_suspect")
        return form

    def place(self, *codes):
        """The hold on what these labels name."""
        action = self.scan(*codes).save().action_place()
        return self.env[action["res_model"]].browse(action["res_id"])

    def warning(self, code):
        """What the dialog answers to a label that it does not take."""
        wizard = self.world.as_user("stk")["mfg.quality.hold.place"].new({})
        answer = wizard.on_barcode_scanned(code)
        self.assertFalse(wizard.res_ids)
        return answer["warning"]["message"]

    def test_every_label_of_the_floor(self):
        world = self.world
        place = world.location("Cage", barcode="CAGE-1")
        gear = world.product("Gear", "none")
        world.bom(gear, [(self.part, 1)], operation="Turn")
        order = world.order(gear, 1)
        work = order.workorder_ids
        receipt = world.transfer(gear, 1, world.suppliers, world.shelf, kind="in")
        labels = {
            self.lot_a: "A",
            world.package("BOX-7"): "BOX-7",
            place: "CAGE-1",
            receipt: receipt.name,
            order: order.name,
            work: work.barcode,
        }
        for record, label in labels.items():
            with self.subTest(label=label):
                line = self.place(label).line_ids
                self.assertEqual(line[SCOPE_FIELDS[line.kind]], record)
                self.assertEqual(line.state, "active")

    def test_several_lots_make_one_hold(self):
        hold = self.place("A", " B ", "A")
        self.assertEqual(hold.lot_ids, self.lot_a | self.lot_b)
        self.assertEqual(len(hold.line_ids), 2)

    def test_another_kind_of_thing_begins_anew(self):
        self.world.package("BOX-7")
        self.assertEqual(self.place("A", "BOX-7").line_ids.kind, "package")

    def test_chosen_from_a_list(self):
        form = self.scan("B")
        form.lot_id = self.lot_a
        wizard = form.save()
        self.assertEqual(wizard.res_ids, (self.lot_a | self.lot_b).ids)

    def test_label_of_nothing(self):
        self.assertIn("NOTHING-1", self.warning("NOTHING-1"))
        with self.assertRaisesRegex(UserError, "Scan or choose"):
            self.scan().save().action_place()

    def test_label_that_names_two_lots(self):
        other = self.world.product("Other")
        self.world.lot(other, "A")
        message = self.warning("A")
        for words in (self.part.name, other.name):
            self.assertIn(words, message)

    def test_nothing_of_other_companies_is_named(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        product = self.world.product("Foreign", company_id=False)
        self.env["stock.lot"].create(
            {"name": "FOREIGN", "product_id": product.id, "company_id": company.id}
        )
        self.assertNotIn("Foreign,", self.warning("FOREIGN"))

    def test_gs1_label(self):
        self.world.company.nomenclature_id = self.env.ref(
            "barcodes_gs1_nomenclature.default_gs1_nomenclature"
        )
        other = self.world.product("Other", barcode="5901234123464")
        self.part.barcode = "5901234123457"
        self.world.lot(other, "A")
        hold = self.place("0105901234123457" + "10A")
        self.assertEqual(hold.lot_ids, self.lot_a)
        # Plain names that look like such a label are still plain names.
        plain = self.world.lot(self.part, "10B")
        self.assertEqual(self.place("10B").lot_ids, plain)
        self.assertIn("17999999", self.warning("17999999"))
