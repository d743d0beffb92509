from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..exceptions import ReleaseRefusal
from .common import GroupCase


@tagged("post_install", "-at_install")
class TestRelease(GroupCase):
    """No order takes effect without its release, whatever way is tried."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.user("planner", "mrp.group_mrp_user,stock.group_stock_user")
        cls.world.user("releaser", "mrp.group_mrp_user,stock.group_stock_user")
        cls.assign("releaser", cls.env.ref("mfg_multi_company.role_release"))
        cls.company = cls.world.companies["a"]
        cls.env = cls.env(
            context=dict(cls.env.context, allowed_company_ids=[cls.company.id])
        )
        cls.part, cls.product = cls.env["product.product"].create(
            [
                {"name": name, "detailed_type": "product", "standard_price": 5}
                for name in ("Part", "Machine")
            ]
        )
        cls.bom = cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": cls.product.product_tmpl_id.id,
                "company_id": cls.company.id,
                "bom_line_ids": [
                    Command.create({"product_id": cls.part.id, "product_qty": 2})
                ],
            }
        )
        cls.warehouse = cls.world.warehouse()
        cls.env["stock.quant"]._update_available_quantity(
            cls.part, cls.warehouse.lot_stock_id, 1000
        )
        cls.gate = cls.env["mfg.release.gate"].create(
            {"name": "Two persons", "company_id": cls.company.id}
        )

    def order(self, quantity=10, user="planner", **values):
        return self.world.env_of(user)["mrp.production"].create(
            {
                "product_id": self.product.id,
                "product_qty": quantity,
                "bom_id": self.bom.id,
                "picking_type_id": self.warehouse.manu_type_id.id,
                "company_id": self.company.id,
                **values,
            }
        )

    def release(self, order, user="releaser"):
        order.action_mfg_request_release()
        self.as_user(order, user).action_mfg_release()
        self.env.invalidate_all()

    def released(self, quantity=10, **values):
        order = self.order(quantity, **values)
        self.release(order)
        return order

    def consumed(self):
        return 1000 - self.part.with_env(self.env).qty_available

    def test_archived_gate_binds_nobody_whatever_the_context_asks_for(self):
        self.gate.active = False
        order = self.order().with_context(active_test=False)
        order.action_confirm()
        self.assertEqual(order.state, "confirmed")

    def test_mc_18_no_path_passes_the_gate(self):
        order = self.order()
        self.assertEqual(order.mfg_release_state, "pending")
        values = {
            "product_id": self.product.id,
            "product_qty": 1,
            "product_uom_id": self.product.uom_id.id,
            "company_id": self.company.id,
        }

        def flushed(record, **changes):
            record.write(changes)
            record.env.flush_all()

        def moves():
            order.move_raw_ids.write({"quantity": 20, "picked": True})
            order.move_raw_ids._action_done()

        ways = {
            "confirm": order.action_confirm,
            "sudo": order.sudo().action_confirm,
            "plan": order.button_plan,
            "mark done": order.button_mark_done,
            "mark done, sudo and context": order.sudo()
            .with_context(skip_backorder=True, skip_consumption=True, install_mode=True)
            .button_mark_done,
            "produce": lambda: flushed(order, qty_producing=10),
            "state": lambda: flushed(order, state="confirmed"),
            "state, sudo": lambda: flushed(order.sudo(), state="done"),
            "picked": lambda: flushed(order.move_raw_ids, picked=True),
            "moves": moves,
            "create": lambda: order.create({**values, "state": "confirmed"}),
            "work order": lambda: (
                self.env["mrp.workorder"]
                .create(
                    {
                        "name": "Turn",
                        "production_id": order.id,
                        "workcenter_id": self.env["mrp.workcenter"]
                        .create({"name": "Lathe", "company_id": self.company.id})
                        .id,
                        "product_uom_id": order.product_uom_id.id,
                    }
                )
                .button_start()
            ),
        }
        for way, attempt in ways.items():
            with (
                self.subTest(way),
                self.assertRaisesRegex(ReleaseRefusal, "Two persons"),
                self.cr.savepoint(),
            ):
                attempt()
            self.env.invalidate_all()
            self.assertEqual(order.state, "draft")
            self.assertFalse(self.consumed())
        # Odoo's import tries a refused row again with values of the first attempt.
        with mute_logger("odoo.sql_db"):
            result = order.load(
                [f"{name}/.id" if name.endswith("_id") else name for name in values]
                + ["state"],
                [[*map(str, values.values()), "Confirmed"]],
            )
        self.assertIn("Two persons", result["messages"][0]["message"])

    def test_mc_18_released_order_is_produced(self):
        order = self.released()
        self.assertEqual(order.mfg_release_state, "approved")
        order.action_confirm()
        self.assertEqual(
            (order.state, order.mfg_release_state), ("confirmed", "approved")
        )
        order.qty_producing = 10
        order._onchange_producing()
        order.button_mark_done()
        self.env.flush_all()
        self.assertEqual(order.state, "done")
        self.assertEqual(self.consumed(), 20)

    def test_mc_18_change_after_approval_revokes(self):
        for change in (
            lambda order: order.write({"product_qty": 11}),
            lambda order: order.move_raw_ids.write({"product_uom_qty": 21}),
            lambda order: order.move_raw_ids.write({"product_id": self.product.id}),
        ):
            order = self.released()
            change(order)
            self.env.invalidate_all()
            self.assertEqual(order.mfg_release_state, "revoked")
            with self.assertRaisesRegex(ReleaseRefusal, "Release Revoked"):
                order.action_confirm()
        order = self.released()
        order.action_confirm()
        self.env["change.production.qty"].with_env(order.env).create(
            {"mo_id": order.id, "product_qty": 12}
        ).change_prod_qty()
        self.assertEqual(order.mfg_release_state, "revoked")
        with self.assertRaises(ReleaseRefusal):
            order.button_mark_done()
        self.release(order)
        order.qty_producing = 13
        with self.assertRaisesRegex(ReleaseRefusal, "released for 12.0, not for 13.0"):
            order.button_mark_done()
        self.assertFalse(self.consumed())

    def test_mc_18_parts_of_a_released_order_are_released(self):
        order = self.released()
        order.action_confirm()
        order.qty_producing = 4
        order._onchange_producing()
        wizard = order.button_mark_done()
        context = wizard["context"]
        backorder = self.env[wizard["res_model"]].with_env(order.env)
        Form(backorder.with_context(**context)).save().action_backorder()
        rest = order.procurement_group_id.mrp_production_ids - order
        self.assertEqual((order.state, rest.product_qty), ("done", 6))
        self.assertEqual(rest.mfg_release_state, "approved")
        self.assertEqual(
            rest.mfg_release_ids.decided_by_id, self.world.users["releaser"]
        )
        self.assertEqual(self.consumed(), 8)
        draft = self.order(6)
        parts = draft._split_productions({draft: [2, 4]})
        self.assertEqual(set(parts.mapped("mfg_release_state")), {"pending"})
        with self.assertRaises(ReleaseRefusal):
            parts.action_confirm()
        first, second = self.released(3), self.released(4)
        (first | second).action_confirm()
        with self.assertRaises(ReleaseRefusal):
            (first | second).action_merge()

    def test_mc_18_replenishment_waits_as_a_draft(self):
        route = self.warehouse.manufacture_pull_id.route_id
        self.product.route_ids = [Command.set(route.ids)]
        self.bom.company_id = self.company
        point = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.product.id,
                "warehouse_id": self.warehouse.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "product_min_qty": 5,
                "product_max_qty": 5,
            }
        )
        self.env["procurement.group"].run_scheduler(company_id=self.company.id)
        order = self.env["mrp.production"].search([("orderpoint_id", "=", point.id)])
        self.assertEqual((len(order), order.state), (1, "draft"))
        self.env["procurement.group"].run(
            [
                self.env["procurement.group"].Procurement(
                    self.product,
                    3,
                    self.product.uom_id,
                    self.warehouse.lot_stock_id,
                    "Demand",
                    "Demand",
                    self.company,
                    {"warehouse_id": self.warehouse},
                )
            ]
        )
        orders = self.env["mrp.production"].search(
            [("product_id", "=", self.product.id), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(set(orders.mapped("state")), {"draft"})

    def test_mc_19_second_person_with_the_role_releases(self):
        order = self.order()
        order.action_mfg_request_release()
        release = order.mfg_release_ids
        for user, words in (
            ("planner", "Another person"),
            ("worker", "plant role Production Release"),
            ("apr1", ""),
        ):
            with self.subTest(user), self.assertRaisesRegex(AccessError, words):
                self.as_user(release, user).action_approve()
        with self.assertRaisesRegex(AccessError, "buttons only"):
            release.sudo().write({"state": "approved"})
        with self.assertRaisesRegex(AccessError, "buttons only"):
            release.sudo().create(
                {
                    "res_model": order._name,
                    "res_id": order.id,
                    "company_id": self.company.id,
                    "state": "approved",
                }
            )
        self.assertFalse(order.mfg_release_decidable)
        self.assertIn("It is up to Group releaser", order.mfg_release_note)
        self.assertEqual(
            release.sudo().activity_ids.user_id, self.world.users["releaser"]
        )
        self.assertTrue(self.as_user(order, "releaser").mfg_release_decidable)
        own = self.order(user="releaser")
        own.with_env(self.world.env_of("planner")).action_mfg_request_release()
        with self.assertRaisesRegex(AccessError, "You made"):
            own.action_mfg_release()
        order.product_qty = 12
        with self.assertRaisesRegex(
            UserError, "changed after its release was requested"
        ):
            self.as_user(order, "releaser").action_mfg_release()
        order.action_mfg_request_release()
        self.assertFalse(release.sudo().activity_ids, "another request took its place")
        self.as_user(order, "releaser").action_mfg_reject_release()
        self.env.invalidate_all()
        self.assertIn("Group releaser rejected it", order.mfg_release_note)
        self.assertFalse(order.sudo().mfg_release_ids.activity_ids)
        stranger = self.world.env_of("stranger")
        self.assertFalse(stranger["mfg.release"].search([("id", "=", release.id)]))
        with self.assertRaises(AccessError):
            release.with_env(stranger).read(["document_name"])

    def test_gate_looks_at_plant_value_bom_and_stock(self):
        self.gate.write({"min_value": 100, "min_availability": 100})
        self.assertEqual(self.order(10).mfg_release_state, "none")
        order = self.order(600)
        self.assertEqual(order.mfg_release_state, "pending")
        with self.assertRaisesRegex(ReleaseRefusal, r"Part: 1000.0 of 1200.0 Units"):
            order.action_mfg_request_release()
        self.bom.active = False
        with self.assertRaisesRegex(ReleaseRefusal, "is archived"):
            order.action_mfg_request_release()
        self.order(10).action_confirm()
        waiting = order.search([("mfg_release_state", "=", "pending")])
        self.assertEqual(
            waiting.filtered(lambda o: o.company_id == self.company), order
        )

    def test_cost_of_the_gate(self):
        """Nothing without a gate; as many queries for one order as for ten with one."""
        orders = self.order(user="planner")
        for _number in range(9):
            orders |= self.order(user="planner")
        counts = []
        for records in (orders[:1], orders):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            self.assertEqual(len(records._mfg_unreleased()), len(records))
            counts.append(self.cr.sql_log_count - start)
        self.assertEqual(*counts)
        self.gate.active = False
        orders._mfg_unreleased()
        with self.assertQueryCount(0):
            self.assertFalse(orders._mfg_unreleased())
