import json

import jsonschema

from odoo.tests import tagged

from .inbound_common import InboundPlantCase

ITEM = "item.changed"
PARTNER = "partner.changed"


class MasterCase(InboundPlantCase):
    """A legacy system that is the system of record for the plant's master data."""

    codes = (ITEM, PARTNER)
    service_groups = "stock.group_stock_manager,base.group_partner_manager"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.master_role = "own"
        cls.housing = cls.product("Housing", "lot", default_code="HS-1", weight=1)
        cls.vendor = cls.env["res.partner"].create(
            {
                "name": "Castings Ltd",
                "ref": "V-100",
                "street": "Foundry Road 1",
                "phone": "+43 1 100",
                "company_id": cls.plant.id,
                "supplier_rank": 3,
            }
        )

    def item(self, code):
        return self.env["product.product"].search(
            [("default_code", "=", code), ("company_id", "in", (self.plant.id, False))]
        )

    def partner(self, ref):
        return self.env["res.partner"].search([("ref", "=", ref)])


@tagged("post_install", "-at_install")
class TestMasterIn(MasterCase):
    """Items and partners that the system of record reports."""

    def test_pi_01_item_is_created_and_changed(self):
        payload = {
            "code": "NW-1",
            "name": "Shaft",
            "unit": "kg",
            "barcode": "4006381333931",
            "tracking": "lot",
            "weight_kg": 1,
            "sold": False,
        }
        result = self.done(ITEM, payload)
        self.assertTrue(result["created"])
        item = self.item("NW-1")
        self.assertEqual(item.company_id, self.plant)
        self.assertEqual((item.uom_id, item.uom_po_id), (self.kilogram, self.kilogram))
        self.assertEqual(
            (item.name, item.barcode, item.tracking, item.detailed_type),
            ("Shaft", "4006381333931", "lot", "product"),
        )
        self.assertEqual((item.sale_ok, item.purchase_ok), (False, True))
        result = self.done(ITEM, {"code": "NW-1", "name": "Drive shaft", "unit": "kg"})
        self.assertEqual((result["created"], result["changed"]), (False, ["name"]))
        self.assertEqual((item.name, item.tracking), ("Drive shaft", "lot"))
        self.done(ITEM, {"code": "NW-1", "active": False, "barcode": None})
        self.assertEqual((item.active, item.barcode), (False, False))
        self.done(ITEM, {"code": "NW-1", "active": True})
        self.assertTrue(item.active)

    def test_pi_01_item_by_cross_reference(self):
        self.xref(self.housing, "100-77")
        self.done(ITEM, {"code": "100-77", "name": "Housing, cast", "weight_kg": 2.5})
        self.assertEqual(self.housing.name, "Housing, cast")
        self.assertEqual(self.housing.default_code, "HS-1")
        self.assertEqual(self.housing.weight, 2.5)

    def test_pi_01_partner_is_created_and_changed(self):
        result = self.done(
            PARTNER,
            {
                "code": "C-7",
                "name": "Machines Inc",
                "roles": ["customer", "vendor"],
                "country": "AT",
                "city": "Vienna",
                "email": "orders@machines.example",
            },
        )
        self.assertTrue(result["created"])
        partner = self.partner("C-7")
        self.assertTrue(partner.is_company)
        self.assertEqual(partner.company_id, self.plant)
        self.assertEqual((partner.customer_rank, partner.supplier_rank), (1, 1))
        self.assertEqual(partner.country_id.code, "AT")
        result = self.done(
            PARTNER,
            {"code": "V-100", "street": "Foundry Road 2", "roles": ["vendor"]},
        )
        self.assertEqual(result["changed"], ["street"])
        self.assertEqual(self.vendor.street, "Foundry Road 2")
        self.assertEqual(
            (self.vendor.phone, self.vendor.supplier_rank), ("+43 1 100", 3)
        )

    def test_pi_02_change_sent_twice_and_again_under_another_key(self):
        payload = {"code": "NW-1", "name": "Shaft", "unit": "Units"}
        first = self.report(ITEM, payload, key="m-1")
        again = self.report(ITEM, payload, key="m-1")
        self.assertEqual(first, again)
        result = self.done(ITEM, payload)
        self.assertEqual((result["created"], result["changed"]), (False, []))
        self.assertEqual(len(self.item("NW-1")), 1)

    def test_pi_04_nothing_is_taken_over_where_odoo_is_right(self):
        self.system.master_role = "odoo"
        exception = self.refused(
            ITEM, {"code": "HS-1", "name": "Else"}, "Odoo is the system of record"
        )
        self.refused(
            PARTNER, {"code": "V-100", "name": "Else"}, "Odoo is the system of record"
        )
        self.assertEqual(
            (self.housing.name, self.vendor.name), ("Housing", "Castings Ltd")
        )
        self.system.master_role = "own"
        self.process_again(exception)
        self.assertEqual(self.housing.name, "Else")

    def test_pi_04_what_companies_share_takes_a_system_that_may(self):
        self.housing.product_tmpl_id.company_id = False
        payload = {"code": "HS-1", "name": "Else"}
        self.refused(ITEM, payload, "shared by all companies")
        self.assertEqual(self.housing.name, "Housing")
        self.system.master_role = "shared"
        self.done(ITEM, payload)
        self.assertEqual(self.housing.name, "Else")
        self.done(ITEM, {"code": "NW-2", "name": "Bolt", "unit": "Units"})
        self.assertFalse(self.item("NW-2").company_id)

    def test_pi_04_items_that_are_refused(self):
        self.put_in_stock(self.housing, 5, self.lot(self.housing, "HS-A"))
        self.product("Twin", default_code="TW-1")
        self.product("Twin", default_code="TW-1")
        for payload, pattern in (
            ({"code": "NW-1"}, "does not say: name, unit"),
            ({"code": "NW-1", "name": "X", "unit": "Barrel"}, "“Barrel” is not known"),
            ({"code": "TW-1", "name": "X"}, "stands for several"),
            ({"code": "HS-1", "name": "X", "tracking": "none"}, "is in stock"),
            ({"code": "HS-1", "name": "X", "weight_kg": 1e12}, "out of range"),
            ({"code": "HS-1", "name": "X", "unit": "kg"}, "unit|measure"),
        ):
            with self.subTest(pattern):
                if pattern == "unit|measure":
                    self.move_out(self.housing)
                self.refused(ITEM, payload, pattern)
        self.assertEqual(self.housing.name, "Housing")
        self.assertEqual(self.housing.tracking, "lot")
        self.assertFalse(self.item("NW-1"))

    def move_out(self, product):
        self.env["stock.move"].create(
            {
                "name": "Out",
                "product_id": product.id,
                "product_uom_qty": 1,
                "location_id": self.stock.id,
                "location_dest_id": self.stock.id,
            }
        )

    def test_pi_04_partners_that_are_refused(self):
        self.plant.partner_id.write({"ref": "OURS", "company_id": self.plant.id})
        for payload, pattern in (
            ({"code": "C-7"}, "does not say: name"),
            (
                {"code": "C-7", "name": "X", "country": "XX"},
                "Country “XX” is not known",
            ),
            ({"code": "OURS", "name": "Theirs"}, "is a company or a user"),
        ):
            with self.subTest(pattern):
                self.refused(PARTNER, payload, pattern)
        self.assertEqual(self.plant.partner_id.name, "Test Plant")

    def test_pi_04_item_of_another_company_stays(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        theirs = self.product("Theirs", default_code="TH-1", company=other)
        self.refused(ITEM, {"code": "TH-1", "name": "Ours"}, "does not say: unit")
        self.assertEqual(theirs.name, "Theirs")


@tagged("post_install", "-at_install")
class TestMasterOut(MasterCase):
    """Items and partners that Odoo tells about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("item", "partner"):
            cls.subscribe_to(
                cls.env.ref(f"mfg_integration_plant.interface_{name}_published")
            )
        cls.keeper_of_items = cls.user("plant_test_items", cls.service_groups)

    def told(self, kind, action):
        version = self.env.ref(f"mfg_integration_plant.interface_{kind}_published_v1")
        payloads = [
            event["payload"]
            for event in self.events_of(action)
            if event["type"] == f"mfg.{kind}.published.v1"
        ]
        for payload in payloads:
            jsonschema.Draft7Validator(json.loads(version.schema)).validate(payload)
        return payloads

    def test_pi_01_item_is_told_when_it_is_created_and_changed(self):
        def create():
            self.created = (
                self.env["product.product"]
                .with_user(self.keeper_of_items)
                .create(
                    {
                        "name": "Shaft",
                        "default_code": "NW-1",
                        "company_id": self.plant.id,
                        "weight": 1.5,
                    }
                )
            )

        (payload,) = self.told("item", create)
        self.assertEqual(payload["code"], "NW-1")
        self.assertEqual((payload["unit"], payload["weight_kg"]), ("Units", 1.5))
        item = self.created
        (payload,) = self.told(
            "item", lambda: item.write({"name": "Drive shaft", "barcode": "1234"})
        )
        self.assertEqual((payload["name"], payload["barcode"]), ("Drive shaft", "1234"))
        self.assertFalse(self.told("item", lambda: item.write({"name": "Drive shaft"})))
        self.assertFalse(self.told("item", lambda: item.write({"list_price": 7})))
        (payload,) = self.told("item", item.action_archive)
        self.assertFalse(payload["active"])

    def test_pi_01_shared_item_is_told_where_somebody_listens(self):
        self.housing.product_tmpl_id.company_id = False
        user = self.keeper_of_items
        (payload,) = self.told(
            "item", lambda: self.housing.with_user(user).write({"name": "Cast housing"})
        )
        self.assertEqual(payload["name"], "Cast housing")

    def test_pi_01_partner_is_told_when_it_is_changed(self):
        vendor = self.vendor.with_user(self.keeper_of_items)
        (payload,) = self.told("partner", lambda: vendor.write({"city": "Vienna"}))
        self.assertEqual(
            (payload["code"], payload["roles"], payload["city"]),
            ("V-100", ["vendor"], "Vienna"),
        )
        self.assertFalse(self.told("partner", lambda: vendor.write({"comment": "x"})))
        nobody = vendor.create({"name": "Somebody", "company_id": self.plant.id})
        self.assertFalse(self.told("partner", lambda: nobody.write({"city": "Graz"})))
