from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestRules(HoldCase):
    """Parts of vendor V are inspected before anybody uses them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor V"})
        cls.plan = cls.world.inspection_plan(cls.part)

    def rule(self, **values):
        """A rule as the consultant sets it up."""
        return self.world.as_user("conf")["mfg.quality.hold.rule"].create(
            {
                "name": "Inspect vendor V",
                "reason_id": self.env.ref("mfg_quality_hold.reason_incoming").id,
                **values,
            }
        )

    def receive(self, *lots, product=None, vendor=None, quantity=5, kind="in"):
        """A receipt (or a customer's return) of lots by the floor."""
        product = product or self.part
        source = self.world.customers if kind == "return" else self.world.suppliers
        env = self.world.as_user("stk")
        picking = self.world.transfer(
            product,
            quantity * (len(lots) or 1),
            source=source,
            destination=self.world.stock,
            env=env,
            kind="in",
        )
        picking.partner_id = vendor or self.vendor
        for lot in lots or (None,):
            self.world.line(picking, lot, quantity, env)
        picking.move_ids.picked = True
        self.assertIs(picking.button_validate(), True)
        self.assertEqual(picking.state, "done")
        return picking

    def lots(self, *names, product=None):
        return [self.world.lot(product or self.part, name) for name in names]

    def test_qh_15_received_lots_are_held_and_inspected_per_lot(self):
        rule = self.rule(vendor_id=self.vendor.id)
        first, second = self.lots("R1", "R2")
        out = self.world.transfer(self.part, 30)
        picking = self.receive(first, second)
        hold = rule.hold_ids
        self.assertEqual(hold.origin, "rule")
        self.assertEqual(hold.origin_ref, picking.name)
        self.assertEqual(hold.line_ids.lot_id, first | second)
        self.assertTrue(first.is_on_hold and second.is_on_hold)
        self.assertEqual(hold.state, "inspection")
        inspections = hold.inspection_ids
        self.assertEqual(len(inspections), 2)
        self.assertEqual(inspections.lot_id, first | second)
        self.assertEqual(inspections.plan_id, self.plan)
        self.assertEqual(inspections.picking_id, picking)
        self.assertEqual(inspections.vendor_id, self.vendor)
        # The next step takes what was there before, and nothing of these.
        self.as_user(out, "stk").action_assign()
        self.assertEqual(out.move_ids.quantity, 20)
        self.assertStays(first, 5)

    def test_qh_15_somebody_answers_for_what_a_rule_holds(self):
        rule = self.rule(vendor_id=self.vendor.id)
        first, second = self.lots("R1", "R2")
        self.receive(first)
        self.assertEqual(rule.hold_ids.responsible_id, self.world.users["stk"])
        rule.responsible_id = self.world.users["qa"]
        self.receive(second)
        hold = rule.hold_ids.filtered(lambda one: one.lot_ids == second)
        self.assertEqual(hold.responsible_id, self.world.users["qa"])

    def test_qh_15_stranger_to_the_company_answers_for_nothing(self):
        elsewhere = self.env.ref("base.main_company").ids
        stranger = self.env["res.users"].create(
            {
                "name": "Else",
                "login": "elsewhere",
                "company_id": elsewhere[0],
                "company_ids": [Command.set(elsewhere)],
            }
        )
        with self.assertRaisesRegex(UserError, "Else"):
            self.rule(responsible_id=stranger.id)

    def test_qh_15_next_step_of_the_same_receipt_is_not_reserved(self):
        self.rule(vendor_id=self.vendor.id)
        self.world.warehouse.reception_steps = "two_steps"
        entry = self.world.warehouse.wh_input_stock_loc_id
        (lot,) = self.lots("R1")
        env = self.world.as_user("stk")
        picking = self.world.transfer(
            self.part,
            5,
            source=self.world.suppliers,
            destination=entry,
            env=env,
            kind="in",
        )
        picking.partner_id = self.vendor
        self.world.line(picking, lot, 5, env)
        picking.move_ids.picked = True
        picking.button_validate()
        following = picking.move_ids.move_dest_ids
        self.assertTrue(following)
        following.with_env(env)._action_assign()
        self.assertEqual(following.quantity, 0)
        self.assertStays(lot, 5)

    def test_qh_15_other_vendors_products_and_days_go_on(self):
        other = self.world.product("Other")
        yesterday = date.today() - timedelta(days=1)
        self.rule(vendor_id=self.vendor.id, product_ids=[Command.set(other.ids)])
        self.rule(vendor_id=self.vendor.id, valid_to=yesterday)
        self.rule(product_domain="[('name', '=', 'Nothing')]")
        self.rule(categ_id=self.env["product.category"].create({"name": "C"}).id)
        self.rule(picking_type_id=self.world.warehouse.int_type_id.id)
        self.rule(after_rejection=True)
        self.rule(trigger="return")
        lots = self.lots("R1")
        self.receive(*lots)
        self.assertFalse(lots[0].is_on_hold)

    def test_qh_15_vendor_contacts_count_as_the_vendor(self):
        self.rule(vendor_id=self.vendor.id)
        contact = self.env["res.partner"].create(
            {"name": "Warehouse of V", "parent_id": self.vendor.id}
        )
        lots = self.lots("R1")
        self.receive(*lots, vendor=contact)
        self.assertTrue(lots[0].is_on_hold)

    def test_qh_15_only_the_first_lots(self):
        self.rule(first_lots=2)
        lots = self.lots("R1", "R2", "R3")
        self.receive(lots[0])
        self.receive(*lots[1:])
        self.assertEqual([lot.is_on_hold for lot in lots], [True, True, False])

    def test_qh_15_after_a_rejection_until_one_passes(self):
        self.rule(after_rejection=True, vendor_id=self.vendor.id)
        lots = self.lots("R1", "R2", "R3")
        Inspection = self.world.as_user("qa")["mfg.quality.inspection"]

        def verdict(value):
            inspection = Inspection.create(
                {
                    "product_id": self.part.id,
                    "vendor_id": self.vendor.id,
                    "result_ids": [
                        Command.create(
                            {"name": "Look", "kind": "attribute", "attribute": value}
                        )
                    ],
                    "lot_id": self.lot_b.id,
                }
            )
            inspection.action_decide()

        self.receive(lots[0])
        verdict("no")
        self.receive(lots[1])
        verdict("yes")
        self.receive(lots[2])
        self.assertEqual([lot.is_on_hold for lot in lots], [False, True, False])

    def test_qh_15_share_of_the_quantity(self):
        self.rule(share=40)
        lots = self.lots("R1")
        self.receive(*lots, quantity=10)
        self.assertFalse(lots[0].is_on_hold)
        self.assertEqual(lots[0].hold_line_ids.qty_open, 4)
        self.world.ship(self.part, 6, lots[0])
        with self.assertRaisesRegex(UserError, "QH/"):
            self.world.ship(self.part, 1, lots[0])

    def test_qh_15_untracked_receipt(self):
        rule = self.rule(product_domain="[('tracking', '=', 'none')]")
        oil = self.world.product("Oil", "none")
        self.receive(product=oil, quantity=7)
        hold = rule.hold_ids
        self.assertEqual(hold.line_ids.product_id, oil)
        self.assertEqual(hold.line_ids.qty_open, 7)
        self.assertEqual(len(hold.inspection_ids), 1)

    def test_qh_15_production_output(self):
        gear = self.world.product("Gear")
        self.world.bom(gear, [(self.part, 1)])
        self.rule(trigger="production", product_ids=[Command.set(gear.ids)])
        (lot,) = self.lots("G1", product=gear)
        order = self.world.produce(gear, 2, lot, [(self.part, self.lot_a, 2)])
        self.assertTrue(lot.is_on_hold)
        self.assertEqual(lot.hold_line_ids.hold_id.inspection_ids.production_id, order)

    def test_qh_15_customer_return(self):
        self.rule(trigger="return")
        self.world.ship(self.part, 4, self.lot_b)
        self.receive(self.lot_b, quantity=2, kind="return")
        self.assertTrue(self.lot_b.is_on_hold)

    def test_qh_15_failed_inspection(self):
        reason = self.env.ref("mfg_quality_hold.reason_safety")
        self.rule(trigger="failed", reason_id=reason.id)
        inspection = self.world.as_user("qa")["mfg.quality.inspection"].create(
            {
                "product_id": self.part.id,
                "lot_id": self.lot_b.id,
                "result_ids": [
                    Command.create(
                        {"name": "Crack", "kind": "attribute", "attribute": "no"}
                    )
                ],
            }
        )
        inspection.action_decide()
        self.assertTrue(self.lot_b.is_on_hold)
        self.assertEqual(inspection.hold_id.reason_id, reason)

    def test_qh_15_product_now_and_in_future(self):
        hold = self.world.hold(self.part)
        self.assertTrue(self.lot_a.is_on_hold and self.lot_b.is_on_hold)
        rule = hold.future_rule_ids
        self.assertEqual(rule.product_ids, self.part)
        early, late = self.lots("R1", "R2")
        self.receive(early)
        self.assertTrue(early.is_on_hold)
        self.assertEqual(early.hold_line_ids.hold_id, hold)
        self.world.decide(hold, "release")
        self.assertEqual(hold.state, "closed")
        self.assertFalse(rule.active)
        self.receive(late)
        self.assertFalse(late.is_on_hold)

    def test_qh_15_quantity_of_a_product_says_nothing_about_the_future(self):
        oil = self.world.product("Oil", "none")
        self.world.put(oil, 10)
        hold = self.world.hold(oil, quantity=6)
        self.assertFalse(hold.future_rule_ids)
        self.receive(product=oil, quantity=5)
        self.assertEqual(sum(hold.line_ids.mapped("qty_open")), 6)

    def test_qh_15_vendor_now_and_in_future(self):
        early, late = self.lots("R1", "R2")
        self.receive(early)
        hold = self.world.hold(self.vendor)
        self.assertEqual(hold.line_ids.lot_id, early)
        self.receive(late)
        self.assertEqual(hold.line_ids.lot_id, early | late)
        self.assertTrue(late.is_on_hold)
        self.assertFalse(self.lot_a.is_on_hold)

    def test_qh_15_rules_that_make_no_sense(self):
        today = date.today()
        for values in (
            {"valid_from": today, "valid_to": today - timedelta(days=1)},
            {"product_domain": "[('no_such_field', '=', 1)]"},
            {"product_domain": "every product"},
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.rule(**values)

    def test_qh_15_other_company_keeps_its_rules(self):
        other = self.env["res.company"].create({"name": "Other Plant"})
        self.env["mfg.quality.hold.rule"].create(
            {
                "name": "Elsewhere",
                "company_id": other.id,
                "reason_id": self.env.ref("mfg_quality_hold.reason_incoming").id,
            }
        )
        lots = self.lots("R1")
        self.receive(*lots)
        self.assertFalse(lots[0].is_on_hold)
