import time
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from odoo.addons.mfg_integration_queue.engine.latency import CLASSES
from odoo.addons.mfg_integration_queue.engine.outcome import Outcome, Verdict
from odoo.addons.mfg_integration_queue.engine.store import Attempted, Store, Window

from .common import PlantCase
from .test_purchase import ACKNOWLEDGED, ANNOUNCED, PurchaseCase


class LifecycleMixin:
    """Reads lives, and plays the worker's part inside the test's transaction."""

    def life(self, document, user=None):
        """Return key of each step → step, as a user sees it, in their order."""
        # what is told at the end of a transaction
        self.env.cr.flush()
        self.env.invalidate_all()
        (values,) = document.with_user(user or self.buyer).read(["mfg_lifecycle"])
        return {step["key"]: step for step in values["mfg_lifecycle"]}

    def states(self, document, user=None):
        return {key: step["state"] for key, step in self.life(document, user).items()}

    def attempted(self, verdict, reason=None, **values):
        """Play the attempt to send what waits for the endpoint."""
        self.env.cr.flush()
        store = Store(self.env.cr, "test-worker")
        endpoint = self.subscription.endpoint_id
        windows = {
            (endpoint.id, part, each): Window()
            for part in range(endpoint.partitions)
            for each in CLASSES
        }
        deliveries, _counts = store.fetch(windows, 100)
        outcome = Outcome(verdict, duration=0.25, **values)
        return store, [
            Attempted(each, outcome, time.monotonic() - 0.25, reason=reason)
            for each in deliveries
        ]

    def deliver(self):
        store, attempted = self.attempted(Verdict.DELIVERED, status=200)
        store.finish(attempted)


@tagged("post_install", "-at_install")
class TestPurchaseLifecycle(LifecycleMixin, PurchaseCase, HttpCase):
    """From the order to the posted bill, read by a buyer without any other right."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.plant, install_demo=False
        )
        cls.screw.purchase_method = "receive"

    def test_pi_01_order_to_posted_bill(self):
        order = self.draft((self.screw, 10))
        self.assertEqual(
            self.states(order),
            {
                "ordered": "current",
                "received": "waiting",
                "billed": "waiting",
                "posted": "waiting",
            },
        )
        self.assertEqual(self.life(order)["ordered"]["turn"], self.buyer.name)

        order.button_confirm()
        life = self.life(order)
        self.assertEqual(life["ordered"]["state"], "done")
        self.assertTrue(life["ordered"]["at"])
        self.assertEqual(life["sent"]["state"], "current")
        self.assertEqual(life["sent"]["turn"], f"MES of {self.plant.name}")
        self.assertEqual(life["acknowledged"]["state"], "waiting")
        self.deliver()
        life = self.life(order)
        self.assertEqual(life["sent"]["state"], "done")
        self.assertEqual(life["acknowledged"]["state"], "current")
        self.assertEqual(life["acknowledged"]["turn"], self.vendor.name)

        self.done(ACKNOWLEDGED, self.answer(order, self.line("SC-1", 10)))
        life = self.life(order)
        self.assertEqual(life["acknowledged"]["state"], "done")
        self.assertEqual(life["announced"]["state"], "current")
        self.done(ANNOUNCED, self.notice(order, self.line("SC-1", 10)))
        life = self.life(order)
        self.assertEqual(life["announced"]["text"], "Shipment LS-1")
        self.assertTrue(life["announced"]["at"])
        self.assertEqual(life["received"]["state"], "current")
        self.assertEqual(life["received"]["text"], "0 of 1 items complete")
        self.assertEqual(life["received"]["turn"], "Test Plant Hall 1")

        receipt = order.picking_ids.sudo()
        receipt.move_ids.picked = True
        receipt.button_validate()
        life = self.life(order)
        self.assertEqual(life["received"]["state"], "done")
        self.assertEqual(life["received"]["text"], "1 of 1 items complete")
        self.assertEqual(life["billed"]["state"], "current")
        self.assertEqual(life["billed"]["turn"], self.vendor.name)

        order.sudo().action_create_invoice()
        bill = order.sudo().invoice_ids
        bill.write({"ref": "B-77", "invoice_date": fields.Date.today()})
        life = self.life(order)
        self.assertEqual(life["billed"]["state"], "done")
        self.assertEqual(life["billed"]["text"], "B-77")
        self.assertEqual(life["posted"]["state"], "current")
        self.assertEqual(life["posted"]["turn"], "Accounting")
        bill.action_post()
        self.assertEqual(
            self.states(order),
            dict.fromkeys(
                (
                    "ordered",
                    "sent",
                    "acknowledged",
                    "announced",
                    "received",
                    "billed",
                    "posted",
                ),
                "done",
            ),
        )

    def test_late_receipt_says_whose_turn_it_is(self):
        order = self.purchase((self.screw, 10))
        self.deliver()
        self.done(ACKNOWLEDGED, self.answer(order, self.line("SC-1", 10)))
        self.done(ANNOUNCED, self.notice(order, self.line("SC-1", 10)))
        self.assertEqual(self.states(order)["received"], "current")
        order.order_line.date_planned = fields.Datetime.now() - timedelta(hours=1)
        life = self.life(order)
        self.assertEqual(life["received"]["state"], "late")
        self.assertEqual(life["received"]["turn"], "Test Plant Hall 1")
        self.assertEqual(
            life["received"]["due"],
            fields.Datetime.to_string(order.order_line.date_planned),
        )

    def test_what_the_vendor_confirmed_otherwise_is_the_buyers_turn(self):
        order = self.purchase((self.screw, 10))
        self.deliver()
        self.done(ACKNOWLEDGED, self.answer(order, self.line("SC-1", 8)))
        step = self.life(order)["acknowledged"]
        self.assertEqual(step["state"], "problem")
        self.assertEqual(step["turn"], self.buyer.name)
        self.assertIn("ordered 10.0 Units, confirmed 8.0", step["text"])
        self.activities(order).action_done()
        step = self.life(order)["acknowledged"]
        self.assertEqual(step["state"], "done")
        self.assertIn("the buyer decided", step["text"])

    def test_message_that_was_not_accepted_is_its_owners_turn(self):
        self.interface.exception_owner_id = self.keeper
        order = self.purchase((self.screw, 10))
        store, attempted = self.attempted(
            Verdict.DEAD, "refused", status=422, error_code="HTTP-422"
        )
        store.bury(attempted, blocking=False)
        step = self.life(order)["sent"]
        self.assertEqual(step["state"], "problem")
        self.assertEqual(step["turn"], self.keeper.name)
        self.assertIn("did not accept it", step["text"])
        # The buyer is told, and may not open the letter; its owner may.
        self.assertFalse(step["record"])

    def test_step_opens_its_document(self):
        order = self.purchase((self.screw, 10))
        self.assertEqual(
            self.life(order)["received"]["record"],
            {"model": "stock.picking", "id": order.picking_ids.id},
        )

    def test_who_may_not_read_the_order_reads_no_life(self):
        order = self.purchase((self.screw, 10))
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "plant_test_stranger",
                "company_id": self.env.ref("base.main_company").id,
                "company_ids": [
                    Command.set(self.env.ref("base.main_company").ids),
                ],
                "groups_id": [
                    Command.set(self.env.ref("purchase.group_purchase_user").ids)
                ],
            }
        )
        with self.assertRaises(AccessError):
            self.life(order, stranger)
        # past the checks of reading, as code of other modules may come
        with self.assertRaises(AccessError):
            order.with_user(stranger).mapped("mfg_lifecycle")

    def test_cancelled_order_has_one_step(self):
        order = self.purchase((self.screw, 10))
        order.button_cancel()
        self.assertEqual(self.states(order), {"cancelled": "problem"})

    def test_number_of_lines_costs_no_query_more(self):
        def spent(count):
            order = self.purchase(*[(self.screw, 1)] * count)
            self.deliver()
            self.life(order)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            order.read(["mfg_lifecycle"])
            return self.env.cr.sql_log_count - before

        self.assertEqual(spent(1), spent(40))

    def test_form_shows_the_life(self):
        self.buyer.password = self.buyer.login
        order = self.purchase((self.screw, 10))
        order.order_line.date_planned = fields.Datetime.now() - timedelta(days=1)
        self.deliver()
        self.start_tour(
            f"/web#model=purchase.order&view_type=form&id={order.id}",
            "mfg_integration_plant_lifecycle",
            login=self.buyer.login,
        )


@tagged("post_install", "-at_install")
class TestProductionLifecycle(LifecycleMixin, PlantCase):
    """From the release of an order to the shipment of what it made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscribe_to(
            cls.env.ref("mfg_integration_plant.interface_production_released")
        )
        cls.motor = cls.product("Motor")
        cls.part = cls.product("Part")
        center = cls.work_center()
        cls.bom(
            cls.motor,
            [(cls.part, 2)],
            operation_ids=[
                Command.create({"name": "Assemble", "workcenter_id": center.id})
            ],
        )

    def test_pi_01_release_to_receipt(self):
        order = (
            self.env["mrp.production"]
            .with_user(self.operator)
            .create({"product_id": self.motor.id, "product_qty": 10})
        )
        self.assertEqual(
            self.states(order, self.operator),
            {
                "released": "current",
                "issued": "waiting",
                "operated": "waiting",
                "produced": "waiting",
            },
        )
        order.action_confirm()
        life = self.life(order, self.operator)
        self.assertEqual(life["released"]["state"], "done")
        self.assertEqual(life["sent"]["state"], "current")
        self.deliver()
        life = self.life(order, self.operator)
        self.assertEqual(life["issued"]["state"], "current")
        self.assertIn("0 of 1 components", life["issued"]["text"])
        self.assertIn("Not Available", life["issued"]["text"])
        self.assertEqual(life["operated"]["turn"], "Assembly")

        self.put_in_stock(self.part, 100)
        order.action_assign()
        self.produce(order)
        order.workorder_ids.button_start()
        order.workorder_ids.button_finish()
        life = self.life(order, self.operator)
        self.assertEqual(life["operated"]["state"], "done")
        self.assertEqual(life["operated"]["text"], "1 of 1 finished")
        order.button_mark_done()
        life = self.life(order, self.operator)
        self.assertEqual(
            self.states(order, self.operator),
            dict.fromkeys(
                ("released", "sent", "issued", "operated", "produced"), "done"
            ),
        )
        self.assertEqual(life["produced"]["text"], "10 of 10 Units")

    def test_late_order_says_so(self):
        order = self.order(self.motor, 10)
        order.date_deadline = fields.Datetime.now() - timedelta(days=1)
        states = self.states(order, self.operator)
        self.assertEqual(states["produced"], "late")

    def test_delivery_that_waits_for_the_order(self):
        route = self.env.ref("stock.route_warehouse0_mto")
        route.active = True
        self.motor.route_ids = route | self.warehouse.manufacture_pull_id.route_id
        customer = self.env["res.partner"].create({"name": "Customer"})
        destination = self.env["stock.location"].create(
            {"name": "Gate", "usage": "customer", "company_id": self.plant.id}
        )
        delivery = self.env["stock.picking"].create(
            {
                "partner_id": customer.id,
                "user_id": False,
                "picking_type_id": self.warehouse.out_type_id.id,
                "location_id": self.stock.id,
                "location_dest_id": destination.id,
                "move_ids": [
                    Command.create(
                        {
                            "name": "Motor",
                            "product_id": self.motor.id,
                            "product_uom_qty": 3,
                            "procure_method": "make_to_order",
                            "company_id": self.plant.id,
                            "location_id": self.stock.id,
                            "location_dest_id": destination.id,
                        }
                    )
                ],
            }
        )
        delivery.action_confirm()
        order = self.env["mrp.production"].search([("product_id", "=", self.motor.id)])
        step = self.life(order, self.operator)["shipped"]
        self.assertEqual(step["state"], "waiting")
        self.assertEqual(step["text"], delivery.name)
        self.assertEqual(step["turn"], "Test Plant Hall 1")
