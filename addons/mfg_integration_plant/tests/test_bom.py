from odoo import Command
from odoo.tests import tagged

from .inbound_common import InboundPlantCase, quantity

CHANGED = "bom.changed"
PUBLISHED = "bom.published"
ITEM = "item.changed"


class BomCase(InboundPlantCase):
    """A product data system that is the system of record for bills of materials."""

    codes = (CHANGED, ITEM)
    service_groups = "mrp.group_mrp_manager,stock.group_stock_manager"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.master_role = "own"
        cls.motor = cls.product("Motor", default_code="MT-1")
        cls.housing = cls.product("Housing", default_code="HS-1")
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.center = cls.work_center()

    def payload(self, **values):
        return {
            "code": "B-1",
            "item": "MT-1",
            "quantity": quantity(1),
            "lines": [
                {"item": "HS-1", "quantity": quantity(1)},
                {"item": "SC-1", "quantity": quantity(8)},
            ],
            "operations": [{"name": "Assemble", "work_center": "ASM", "minutes": 12.5}],
            **values,
        }

    def bill(self, code="B-1"):
        return (
            self.env["mrp.bom"]
            .with_context(active_test=False)
            .search([("code", "=", code)])
        )

    def components(self, bill):
        return [
            (line.product_id.default_code, line.product_qty, line.product_uom_id.name)
            for line in bill.bom_line_ids
        ]


@tagged("post_install", "-at_install")
class TestBomChanged(BomCase):
    """Bills of materials that the system of record reports."""

    def test_pi_01_bill_is_created_and_changed(self):
        result = self.done(CHANGED, self.payload())
        self.assertTrue(result["created"])
        bill = self.bill()
        self.assertEqual(bill.company_id, self.plant)
        self.assertEqual(bill.product_tmpl_id, self.motor.product_tmpl_id)
        self.assertEqual((bill.product_qty, bill.type), (1, "normal"))
        self.assertEqual(
            self.components(bill), [("HS-1", 1, "Units"), ("SC-1", 8, "Units")]
        )
        operation = bill.operation_ids
        self.assertEqual(operation.workcenter_id, self.center)
        self.assertEqual(operation.time_cycle, 12.5)

        kept = bill.bom_line_ids[1]
        kept.manual_consumption = True
        result = self.done(
            CHANGED,
            {
                "code": "B-1",
                "lines": [{"item": "SC-1", "quantity": quantity(1, "Dozens")}],
            },
        )
        self.assertEqual(
            (result["created"], result["changed"]), (False, ["bom_line_ids"])
        )
        self.assertEqual(self.components(bill), [("SC-1", 1, "Dozens")])
        # the line is the same: what Odoo knows of it besides stays
        self.assertEqual(bill.bom_line_ids, kept)
        self.assertTrue(kept.manual_consumption)
        self.assertEqual(bill.operation_ids, operation)

        self.done(CHANGED, {"code": "B-1", "operations": [], "active": False})
        self.assertFalse(bill.operation_ids)
        self.assertFalse(bill.active)
        self.done(CHANGED, {"code": "B-1", "active": True})
        self.assertTrue(bill.active)

    def test_pi_01_order_is_made_by_the_reported_bill(self):
        self.done(CHANGED, self.payload())
        order = self.order(self.motor, 10)
        self.assertEqual(order.bom_id, self.bill())
        self.assertEqual(
            {move.product_id: move.product_uom_qty for move in order.move_raw_ids},
            {self.housing: 10, self.screw: 80},
        )
        self.done(
            CHANGED,
            {"code": "B-1", "lines": [{"item": "SC-1", "quantity": quantity(6)}]},
        )
        self.assertEqual(
            {move.product_id: move.product_uom_qty for move in order.move_raw_ids},
            {self.housing: 10, self.screw: 80},
            "an order keeps what it was made with",
        )

    def test_pi_01_variant_has_its_own_bill(self):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Voltage",
                "value_ids": [
                    Command.create({"name": "12"}),
                    Command.create({"name": "24"}),
                ],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Motor of two voltages",
                "detailed_type": "product",
                "company_id": self.plant.id,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(attribute.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        low, high = template.product_variant_ids
        low.default_code, high.default_code = "MT-12", "MT-24"
        self.done(CHANGED, self.payload(item="MT-24"))
        self.assertEqual(self.bill().product_id, high)

    def test_pi_02_bill_sent_twice_and_again_under_another_key(self):
        first = self.report(CHANGED, self.payload(), key="b-1")
        again = self.report(CHANGED, self.payload(), key="b-1")
        self.assertEqual(first, again)
        lines = self.bill().bom_line_ids
        result = self.done(CHANGED, self.payload())
        self.assertEqual((result["created"], result["changed"]), (False, []))
        self.assertEqual(self.bill().bom_line_ids, lines)

    def test_pi_03_bill_before_its_item_waits_for_it(self):
        early = self.report(
            CHANGED,
            self.payload(lines=[{"item": "NW-1", "quantity": quantity(2)}]),
        )
        self.assertEqual(early.state, "parked", early.error)
        self.assertFalse(self.bill())
        self.done(ITEM, {"code": "NW-1", "name": "Shaft", "unit": "Units"})
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(self.components(self.bill()), [("NW-1", 2, "Units")])

    def test_pi_03_owner_is_told_of_a_bill_that_waits_in_vain(self):
        early = self.report(CHANGED, self.payload(item="NW-1"))
        self.let_time_pass(early, 60 * 24)
        self.process()
        self.assertEqual(early.state, "dead")
        self.assertRegex(early.exception_id.error, "“NW-1” is not known")
        self.assertEqual(early.exception_id.owner_id, self.keeper)

    def test_pi_04_bills_that_are_refused(self):
        self.done(CHANGED, self.payload())
        shared = self.env["mrp.bom"].create(
            {
                "code": "B-S",
                "product_tmpl_id": self.env["product.template"]
                .create({"name": "Shared", "company_id": False})
                .id,
                "company_id": False,
            }
        )
        line = {"item": "SC-1", "quantity": quantity(8)}
        for payload, pattern in (
            ({"code": "B-2", "item": "MT-1"}, "does not say: quantity, lines"),
            (self.payload(lines=[{**line, "quantity": quantity(-1)}]), "above zero"),
            (
                self.payload(lines=[{**line, "quantity": quantity(1, "kg")}]),
                "kg is not a unit of",
            ),
            (
                self.payload(lines=[{**line, "item": "MT-1"}]),
                "(?i)cycle|itself|component",
            ),
            (
                self.payload(
                    operations=[{"name": "X", "work_center": "Nowhere", "minutes": 1}]
                ),
                "“Nowhere” is not known",
            ),
            ({"code": "B-S", "lines": [line]}, "shared by all companies"),
        ):
            with self.subTest(pattern):
                self.refused(CHANGED, payload, pattern)
        self.assertEqual(
            self.components(self.bill()), [("HS-1", 1, "Units"), ("SC-1", 8, "Units")]
        )
        self.assertFalse(shared.bom_line_ids)
        self.assertFalse(self.bill("B-2"))

    def test_pi_04_nothing_is_taken_over_where_odoo_is_right(self):
        self.system.master_role = "odoo"
        self.refused(CHANGED, self.payload(), "Odoo is the system of record")
        self.assertFalse(self.bill())


@tagged("post_install", "-at_install")
class TestBomPublished(BomCase):
    """Bills of materials that Odoo tells about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscribe_to(cls.env.ref("mfg_integration_plant.interface_bom_published"))
        cls.engineer = cls.user("plant_test_engineer", "mrp.group_mrp_manager")

    def test_pi_01_bill_is_told_when_it_is_created_and_changed(self):
        def create():
            self.created = (
                self.env["mrp.bom"]
                .with_user(self.engineer)
                .create(
                    {
                        "code": "B-1",
                        "product_tmpl_id": self.motor.product_tmpl_id.id,
                        "company_id": self.plant.id,
                        "bom_line_ids": [
                            Command.create(
                                {"product_id": part.id, "product_qty": amount}
                            )
                            for part, amount in ((self.housing, 1), (self.screw, 8))
                        ],
                        "operation_ids": [
                            Command.create(
                                {
                                    "name": "Assemble",
                                    "workcenter_id": self.center.id,
                                    "time_cycle_manual": 12.5,
                                }
                            )
                        ],
                    }
                )
            )

        (payload,) = self.payloads_of(PUBLISHED, create)
        self.assertEqual((payload["code"], payload["product"]["code"]), ("B-1", "MT-1"))
        self.assertEqual(payload["quantity"], {"value": 1, "unit": "Units"})
        self.assertEqual(
            [
                (line["product"]["code"], line["quantity"]["value"])
                for line in payload["lines"]
            ],
            [("HS-1", 1), ("SC-1", 8)],
        )
        self.assertEqual(
            payload["operations"],
            [{"name": "Assemble", "work_center": "ASM", "minutes": 12.5}],
        )
        bill = self.created
        housing, screws = bill.bom_line_ids
        (payload,) = self.payloads_of(
            PUBLISHED, lambda: screws.write({"product_qty": 6})
        )
        self.assertEqual(payload["lines"][1]["quantity"]["value"], 6)
        # as if it had been another transaction
        self.env.cr.execute(
            "UPDATE mrp_bom SET write_date = write_date - interval '1 hour' WHERE id = %s",
            [bill.id],
        )
        self.env.invalidate_all()
        (payload,) = self.payloads_of(
            PUBLISHED,
            lambda: bill.write({"bom_line_ids": [Command.delete(housing.id)]}),
        )
        self.assertEqual(len(payload["lines"]), 1)
        (payload,) = self.payloads_of(PUBLISHED, bill.action_archive)
        self.assertFalse(payload["active"])

    def test_bill_without_reference_is_not_told(self):
        self.assertFalse(
            self.payloads_of(PUBLISHED, lambda: self.bom(self.motor, [(self.screw, 8)]))
        )

    def test_reported_bill_can_be_read_back(self):
        """What Odoo tells and what it takes in mean the same."""
        (payload,) = self.payloads_of(
            PUBLISHED, lambda: self.done(CHANGED, self.payload())
        )
        self.assertEqual(
            {
                "code": payload["code"],
                "item": payload["product"]["code"],
                "quantity": payload["quantity"],
                "lines": [
                    {"item": line["product"]["code"], "quantity": line["quantity"]}
                    for line in payload["lines"]
                ],
                "operations": payload["operations"],
            },
            self.payload(),
        )
