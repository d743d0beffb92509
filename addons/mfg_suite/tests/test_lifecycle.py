from odoo.tests import tagged

from odoo.addons.mfg_quality_hold_purchase.tests.common import PurchaseCase


@tagged("post_install", "-at_install")
class TestLifecycle(PurchaseCase):
    """Orders show what of them quality has not released."""

    def step(self, order, user):
        self.env.flush_all()
        self.env.invalidate_all()
        (values,) = self.as_user(order, user).read(["mfg_lifecycle"])
        steps = {step["key"]: step for step in values["mfg_lifecycle"]}
        return steps.get("quality")

    def test_received_lot_on_hold_is_a_step_until_it_is_released(self):
        order, lot = self.received()
        self.assertIsNone(self.step(order, "buyer"))
        hold = self.world.hold(lot)
        step = self.step(order, "buyer")
        self.assertEqual(step["state"], "current")
        self.assertEqual(step["text"], f"On hold: {hold.name}")
        self.assertEqual(step["turn"], hold.responsible_id.name or "Quality")
        self.world.decide(hold, "release")
        self.assertEqual(hold.state, "closed")
        step = self.step(order, "buyer")
        self.assertEqual(step["state"], "done")
        self.assertEqual(step["text"], f"Released: {hold.name}")
        self.assertTrue(step["at"])

    def test_produced_lot_on_hold_is_a_step_of_the_order(self):
        gear = self.world.product("Gear")
        self.world.bom(gear, [(self.part, 1)])
        lot = self.world.lot(gear, "G-1")
        order = self.world.produce(gear, 5, lot)
        self.assertIsNone(self.step(order, "mgr"))
        hold = self.world.hold(lot)
        self.assertEqual(self.step(order, "mgr")["text"], f"On hold: {hold.name}")
