from odoo import Command
from odoo.tests import tagged

from odoo.addons.mfg_integration_plant.tests.inbound_common import (
    InboundPlantCase,
    quantity,
)

CHANGED, INSPECTED = "quality.hold.changed", "quality.inspected"
REQUESTED, REPORTED = "quality.hold.requested", "quality.result.reported"


class QualityMessageCase(InboundPlantCase):
    """A plant with housings in stock and a plan to inspect them by, an inspector, an
    approver, and a laboratory whose messages a service user with few rights processes."""

    codes = (REQUESTED, REPORTED, "production.consumption")
    service_groups = (
        "mrp.group_mrp_user,stock.group_stock_user,stock.group_production_lot,"
        "mfg_quality_hold.group_inspect"
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.lot_1 = cls.lot(cls.housing, "HS-0001")
        cls.put_in_stock(cls.housing, 50, cls.lot_1)
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.put_in_stock(cls.screw, 1000)
        cls.plan = cls.env["mfg.quality.inspection.plan"].create(
            {
                "name": "Housings",
                "company_id": cls.plant.id,
                "product_ids": [Command.set(cls.housing.ids)],
                "characteristic_ids": [
                    Command.create(
                        {
                            "name": "Bore",
                            "target": 10,
                            "lower_limit": 9.95,
                            "upper_limit": 10.05,
                        }
                    ),
                    Command.create({"name": "Clean", "kind": "attribute"}),
                ],
            }
        )
        cls.inspector = cls.user(
            "quality_test_inspector",
            "stock.group_stock_user,mfg_quality_hold.group_inspect",
        )
        cls.approver = cls.user(
            "quality_test_approver", "mfg_quality_hold.group_approve"
        )

    def as_user(self, records, user):
        env = self.env(user=user.id, context={"allowed_company_ids": self.plant.ids})
        return records.with_env(env)

    def place(self, lot=None, amount=None, note="Secret suspicion"):
        lot = self.as_user(lot or self.lot_1, self.inspector)
        return lot.env["mfg.quality.hold"].place(lot, "SUSPECT", amount, note=note)

    def propose(self, hold, kind, amount):
        disposition = self.as_user(
            self.env["mfg.quality.disposition"], self.inspector
        ).create(
            {
                "hold_id": hold.id,
                "kind": kind,
                "justification": "Looked at it",
                "line_ids": [
                    Command.create(
                        {"hold_line_id": hold.line_ids.id, "quantity": amount}
                    )
                ],
            }
        )
        disposition.action_propose()
        return disposition

    def sign(self, disposition):
        signer = self.as_user(self.env["mfg.quality.sign"], self.approver)
        signer.create(
            {
                "disposition_id": disposition.id,
                "meaning": "Reviewed",
                "password": "quality_test_approver",
            }
        ).action_done()
        disposition = self.as_user(disposition, self.approver)
        if disposition.state == "approved":
            disposition.action_execute()

    def request(self, **values):
        return {
            "item": "HS-1",
            "lot": "HS-0001",
            "reason": "SUSPECT",
            "reference": "NCR-17",
            **values,
        }

    def result(self, bore, verdict, clean=True, **values):
        return {
            "item": "HS-1",
            "lot": "HS-0001",
            "verdict": verdict,
            "results": [
                {"characteristic": "Bore", "value": bore},
                {"characteristic": "Clean", "conforms": clean},
            ],
            **values,
        }


@tagged("post_install", "-at_install")
class TestQualityTold(QualityMessageCase):
    """What other systems hear of holds and inspections."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("hold_changed", "inspected"):
            cls.subscribe_to(cls.env.ref(f"mfg_suite.interface_quality_{name}"))

    def test_hold_is_told_from_its_placing_to_its_end(self):
        (placed,) = self.payloads_of(CHANGED, self.place)
        hold = self.env["mfg.quality.hold"].search([("name", "=", placed["hold"])])
        self.assertEqual(placed["state"], "on_hold")
        self.assertEqual(placed["reason"]["code"], "SUSPECT")
        (line,) = placed["lines"]
        self.assertEqual(
            (line["kind"], line["lot"], line["active"]), ("lot", "HS-0001", True)
        )
        self.assertEqual(line["product"]["code"], "HS-1")
        self.assertEqual(line["open"], {"value": 50, "unit": "Units"})

        disposition = self.propose(hold, "release", 20)
        (partly,) = self.payloads_of(CHANGED, lambda: self.sign(disposition))
        self.assertEqual(partly["state"], "partly_released")
        self.assertEqual(partly["lines"][0]["open"]["value"], 30)

        disposition = self.propose(hold, "release", 30)
        (closed,) = self.payloads_of(CHANGED, lambda: self.sign(disposition))
        self.assertEqual(closed["state"], "closed")
        self.assertTrue(closed["closed_at"])
        self.assertFalse(closed["lines"][0]["active"])

    def test_what_is_suspected_is_not_told(self):
        (event,) = [
            event
            for event in self.events_of(self.place)
            if event["type"] == f"mfg.{CHANGED}.v1"
        ]
        self.assertNotIn("Secret", str(event))

    def test_decided_inspection_is_told_with_its_results(self):
        self.place().action_inspect()
        inspection = self.env["mfg.quality.inspection"].search(
            [("lot_id", "=", self.lot_1.id)]
        )
        bore, clean = inspection.result_ids
        bore.value, clean.attribute = 10.06, "yes"
        decide = self.as_user(inspection, self.inspector).action_decide
        (told,) = self.payloads_of(INSPECTED, decide)
        self.assertEqual((told["verdict"], told["lot"]), ("fail", "HS-0001"))
        self.assertEqual(told["hold"], inspection.hold_id.name)
        self.assertEqual(
            [(one["characteristic"], one["verdict"]) for one in told["results"]],
            [("Bore", "fail"), ("Clean", "pass")],
        )
        self.assertEqual(told["results"][0]["upper_limit"], 10.05)
        self.assertIsNone(told["results"][1]["upper_limit"])


@tagged("post_install", "-at_install")
class TestQualityReported(QualityMessageCase):
    """What a laboratory, a quality system or an MES may have done here, and what not."""

    def hold(self, answer):
        return self.env["mfg.quality.hold"].search([("name", "=", answer["hold"])])

    def test_request_places_a_hold(self):
        answer = self.done(REQUESTED, self.request(note="Bore is wide"))
        hold = self.hold(answer)
        self.assertTrue(self.lot_1.is_on_hold)
        self.assertEqual((hold.origin, hold.origin_ref), ("integration", "NCR-17"))
        self.assertEqual(hold.placed_by_id, self.service)
        self.assertEqual(hold.note, "Bore is wide")

    def test_request_that_comes_again_places_no_second_hold(self):
        first = self.done(REQUESTED, self.request())
        again = self.done(REQUESTED, self.request())
        self.assertEqual(first["hold"], again["hold"])
        other = self.done(REQUESTED, self.request(reference="NCR-18"))
        self.assertNotEqual(first["hold"], other["hold"])

    def test_request_for_a_part_leaves_the_rest(self):
        answer = self.done(
            REQUESTED,
            self.request(item="SC-1", lot=None, quantity=quantity(2, "Dozens")),
        )
        (line,) = self.hold(answer).line_ids
        self.assertEqual((line.kind, line.qty_open), ("quantity", 24))

    def test_bad_requests_name_what_does_not_fit(self):
        for values, pattern in (
            ({"lot": "HS-9999"}, "Lot “HS-9999” of .*is not known"),
            ({"lot": None}, "tracked"),
            ({"item": "XX"}, "item “?XX"),
            ({"reason": "NONE"}, "NONE"),
            ({"quantity": quantity(51)}, "51"),
            ({"quantity": quantity(1, "kg")}, "(?i)kg"),
        ):
            with self.subTest(**values):
                self.refused(REQUESTED, self.request(**values), pattern)
                self.assertFalse(self.lot_1.is_on_hold)

    def test_service_without_the_right_places_nothing(self):
        self.service.groups_id -= self.env.ref("mfg_quality_hold.group_inspect")
        self.service.groups_id -= self.env.ref("mrp.group_mrp_user")
        self.service.groups_id -= self.env.ref("stock.group_stock_user")
        self.service.groups_id -= self.env.ref("mfg_quality_hold.group_place")
        exception = self.report(REQUESTED, self.request())
        self.assertEqual(exception.state, "dead")
        self.assertFalse(self.lot_1.is_on_hold)

    def test_passed_result_proposes_the_release_and_releases_nothing(self):
        hold = self.place()
        answer = self.done(REPORTED, self.result(10.01, "pass", reference="LIMS-1"))
        self.assertEqual(answer["hold"], hold.name)
        self.assertTrue(self.lot_1.is_on_hold)
        (disposition,) = hold.disposition_ids
        self.assertEqual((disposition.kind, disposition.state), ("release", "proposed"))
        self.sign(disposition)
        self.assertFalse(self.lot_1.is_on_hold)

    def test_failed_result_holds_the_lot(self):
        answer = self.done(REPORTED, self.result(10.06, "fail"))
        self.assertTrue(self.lot_1.is_on_hold)
        self.assertIn("10.06", self.hold(answer).note)

    def test_result_goes_into_the_open_inspection(self):
        self.place().action_inspect()
        inspection = self.env["mfg.quality.inspection"].search(
            [("lot_id", "=", self.lot_1.id)]
        )
        answer = self.done(
            REPORTED, self.result(10.01, "pass", inspection=inspection.name)
        )
        self.assertEqual(answer["inspection"], inspection.name)
        self.assertEqual(inspection.inspector_id, self.service)
        exception = self.refused(
            REPORTED, self.result(10.01, "pass", inspection=inspection.name), "not open"
        )
        self.assertFalse(exception.inbox_id.result)

    def test_result_that_does_not_bear_its_verdict_out_decides_nothing(self):
        self.place().action_inspect()
        self.refused(REPORTED, self.result(10.06, "pass"), "mean “fail”")
        inspection = self.env["mfg.quality.inspection"].search(
            [("lot_id", "=", self.lot_1.id)]
        )
        self.assertEqual(inspection.state, "open")

    def test_bad_results_name_what_does_not_fit(self):
        result = self.result(10, "pass")
        for results, pattern in (
            ([{"characteristic": "Weight", "value": 1}], "“Weight”.*Bore, Clean"),
            ([{"characteristic": "Bore", "conforms": True}], "Bore.*“value”"),
            ([{"characteristic": "Bore", "value": 10}], "Clean.*missing"),
        ):
            with self.subTest(pattern):
                self.refused(REPORTED, {**result, "results": results}, pattern)
        self.plan.active = False
        self.refused(REPORTED, result, "no inspection plan fits")

    def test_confirmation_with_a_held_lot_names_the_hold(self):
        motor = self.product("Motor", default_code="MT-1")
        self.bom(motor, [(self.housing, 1)])
        order = self.order(motor, 5)
        hold = self.place()
        exception = self.refused(
            "production.consumption",
            {
                "order": order.name,
                "components": [
                    {"item": "HS-1", "quantity": quantity(5), "lot": "HS-0001"}
                ],
            },
            hold.name,
        )
        self.assertIn("HS-0001", exception.error)
        self.assertFalse(any(order.move_raw_ids.mapped("picked")))
        self.sign(self.propose(hold, "release", 50))
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)
