from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..exceptions import ItemNotMapped, UnitNotMapped
from .common import GroupCase
from .world import PLANTS


@tagged("post_install", "-at_install")
class TestItemXref(GroupCase):
    """One item, many names: only approved codes count, and nothing is guessed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.user("item_a", "stock.group_stock_manager," + PLANTS + "steward")
        cls.world.user("item_b", "stock.group_stock_manager," + PLANTS + "steward", "b")
        cls.world.user("group", "stock.group_stock_manager," + PLANTS + "approve", "b")
        cls.item = cls.env["product.product"].create(
            {"name": "Shaft", "default_code": "G-1", "detailed_type": "product"}
        )
        cls.local = cls.env["product.product"].create(
            {
                "name": "Welle",
                "default_code": "WELLE-1",
                "detailed_type": "product",
                "company_id": cls.world.companies["b"].id,
            }
        )
        cls.box = cls.env["uom.uom"].create(
            {
                "name": "Crate",
                "category_id": cls.env["uom.category"].create({"name": "Crates"}).id,
                "uom_type": "reference",
                "rounding": 1,
            }
        )
        cls.a, cls.b = cls.world.companies["a"], cls.world.companies["b"]

    def propose(self, code, user="item_b", **values):
        env = self.world.env_of(user)
        return env["mfg.item.xref"].create(
            {
                "code": code,
                "product_id": self.item.id,
                "date_from": "2020-01-01",
                **values,
            }
        )

    def approve(self, code, by="group", **values):
        row = self.propose(code, **values)
        self.as_user(row, by).action_approve()
        return row

    def translate(self, product, source, target, quantity=1, uom=None, **values):
        product = product.with_env(self.world.env_of("item_a"))
        return product._mfg_translate(source, target, quantity, uom, **values)

    def test_same_record_and_approved_code(self):
        unit, dozen = self.item.uom_id, self.env.ref("uom.product_uom_dozen")
        self.assertEqual(
            self.translate(self.item, self.a, self.b, 2, dozen), (self.item, dozen, 2)
        )
        self.approve("WELLE-1", local_product_id=self.local.id)
        self.assertEqual(
            self.translate(self.item, self.a, self.b, 2, dozen), (self.local, dozen, 2)
        )
        self.assertEqual(
            self.translate(self.local, self.b, self.a, 3), (self.item, unit, 3)
        )

    def test_items_of_a_document_are_looked_up_together(self):
        items = self.env["product.product"].create(
            [{"name": f"Part {n}", "detailed_type": "product"} for n in range(100)]
        )
        locals_ = self.env["product.product"].create(
            [
                {
                    "name": f"Teil {n}",
                    "detailed_type": "product",
                    "company_id": self.b.id,
                }
                for n in range(50)
            ]
        )
        for number, (item, local) in enumerate(zip(items, locals_, strict=False)):
            self.approve(
                f"TEIL-{number}", product_id=item.id, local_product_id=local.id
            )
        counts = []
        for asked in (items[49:51], items[49:51], items):  # rights are cached
            asked = asked.with_env(self.world.env_of("item_a"))
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            found = asked._mfg_translate_all(
                self.a, self.b, [(item, 2, None) for item in asked]
            )
            counts.append(self.cr.sql_log_count - start)
        self.assertEqual(counts[1], counts[2])
        self.assertEqual([row[0] for row in found], [*locals_, *items[50:]])
        with self.assertRaisesRegex(ItemNotMapped, "no approved code in Group B"):
            items._mfg_translate_all(
                self.b, self.a, [(items[0], 1, None), (self.local, 1, None)]
            )

    def test_without_approved_code_nothing_is_guessed(self):
        with self.assertRaisesRegex(ItemNotMapped, "no approved code in Group B") as no:
            self.translate(self.local, self.b, self.a)
        self.assertNotIn("Welle", str(no.exception), "hidden from who asks")
        row = self.propose("WELLE-1", local_product_id=self.local.id)
        with self.assertRaises(ItemNotMapped):
            self.translate(self.local, self.b, self.a)
        self.as_user(row, "group").action_approve()
        self.translate(self.local, self.b, self.a)
        with self.assertRaises(ItemNotMapped):
            self.translate(self.local, self.b, self.a, date="2019-12-31")
        self.as_user(row, "group").action_retire()
        with self.assertRaises(ItemNotMapped):
            self.translate(self.local, self.b, self.a)

    def test_units_convert_exactly_or_not_at_all(self):
        self.local.write({"uom_id": self.box.id, "uom_po_id": self.box.id})
        row = self.approve(
            "WELLE-1", local_product_id=self.local.id, uom_id=self.box.id, factor=12
        )
        dozen = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(
            self.translate(self.item, self.a, self.b, 3, dozen),
            (self.local, self.box, 3),
        )
        self.assertEqual(
            self.translate(self.local, self.b, self.a, 2),
            (self.item, self.item.uom_id, 24),
        )
        with self.assertRaisesRegex(UnitNotMapped, "no exact quantity in Crate"):
            self.translate(self.item, self.a, self.b, 30)
        with self.assertRaisesRegex(UnitNotMapped, "cannot be converted"):
            self.translate(
                self.item, self.a, self.b, 1, self.env.ref("uom.product_uom_kgm")
            )
        with self.assertRaisesRegex(UserError, "cannot change any more"):
            self.as_user(row, "item_b").factor = 10

    def test_codes_of_customers_vendors_and_engineering(self):
        customer = self.env["res.partner"].create({"name": "Customer"})
        find = self.world.env_of("item_a")["mfg.item.xref"]._find_product
        with self.assertRaisesRegex(ValidationError, "whose code"):
            self.propose("K-7", code_type="customer")
        self.approve(
            "K-7", code_type="customer", partner_id=customer.id, company_id=False
        )
        self.assertEqual(find("K-7", self.a, "customer", customer), self.item)
        self.approve("WELLE-1", local_product_id=self.local.id)
        self.assertEqual(find("K-7", self.b, "customer", customer), self.local)
        self.approve("E-1", code_type="engineering")
        self.assertEqual(find("E-1 ", self.b, "engineering"), self.local)
        with self.assertRaisesRegex(ItemNotMapped, "Engineering Code E-1: 0 approved"):
            find("E-1", self.a, "engineering")
        with self.assertRaises(ItemNotMapped):
            find(
                "K-7", self.a, "customer", self.env["res.partner"].create({"name": "X"})
            )

    def test_code_means_one_thing(self):
        self.approve("WELLE-1", local_product_id=self.local.id, date_to="2020-12-31")
        other = self.env["product.product"].create({"name": "Other"})
        self.approve("WELLE-1", product_id=other.id, date_from="2021-01-01")
        with self.assertRaisesRegex(ValidationError, "approved already"):
            self.approve("WELLE-1", date_from="2022-01-01")
        with self.assertRaisesRegex(ValidationError, "another company"):
            self.propose("W", user="item_a", local_product_id=self.local.id)
        with self.assertRaisesRegex(ValidationError, "which all share"):
            self.propose("W", product_id=self.local.id)

    def test_mc_19_second_person_approves_and_strangers_see_nothing(self):
        row = self.propose("WELLE-1", local_product_id=self.local.id)
        self.world.users["item_b"].groups_id |= self.env.ref(PLANTS + "approve")
        with self.assertRaisesRegex(AccessError, "Another person must decide"):
            self.as_user(row, "item_b").action_approve()
        with self.assertRaisesRegex(AccessError, "buttons only"):
            self.as_user(row, "item_b").sudo().write({"state": "approved"})
        self.as_user(row, "group").action_approve()
        env = self.world.env_of("stranger")
        self.assertFalse(env["mfg.item.xref"].search([("code", "=", "WELLE-1")]))
        self.assertFalse(env["mfg.item.xref"].name_search("WELLE-1"))
        with self.assertRaises(AccessError):
            row.with_env(env).read(["code"])
