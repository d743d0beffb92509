from odoo import Command
from odoo.tests import Form, tagged

from .common import HoldCase

ROLES = ("stk", "qa", "apr1", "conf")
# Dialogs are opened by their actions; these are what menus and buttons lead to.
MODELS = (
    "mfg.quality.hold",
    "mfg.quality.hold.line",
    "mfg.quality.hold.reason",
    "mfg.quality.hold.rule",
    "mfg.quality.disposition",
    "mfg.quality.approval.rule",
    "mfg.quality.inspection",
    "mfg.quality.inspection.plan",
    "mfg.quality.trace",
    "mfg.quality.escape",
)


@tagged("post_install", "-at_install")
class TestScreens(HoldCase):
    """Whoever may read something can open it, also without rights on stock and orders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        world.inspection_plan(cls.part)
        hold = world.hold(cls.lot_a)
        world.decide(hold, "rework", {hold.line_ids: 2})
        world.decide(
            hold, "return_vendor", {hold.line_ids: 3}, vendor_id=world.partner.id
        )
        world.decide(hold, "scrap", {hold.line_ids: 1})
        world.hold(world.package("BOX"))
        world.hold(world.order(world.product("Gear", "none"), 1))
        world.hold(cls.lot_b).with_env(world.as_user("qa")).action_inspect()
        world.hold(cls.part, user="qa")  # brings a rule
        cls.env["mfg.quality.approval.rule"].create(
            {"name": "Two", "company_id": world.company.id, "count": 2}
        )
        trace = world.as_user("qa")["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(cls.lot_a.ids)], "hold_id": hold.id}
        )
        trace.action_run()
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE stock_quant SET quantity = 1 WHERE lot_id = %s", [cls.lot_b.id]
        )
        cls.env.invalidate_all()
        cls.env["mfg.quality.escape"]._cron_check()

    def may_read(self, user, model):
        records = self.world.as_user(user)[model]
        return records.check_access_rights("read", raise_exception=False)

    def test_every_form_opens_for_every_role(self):
        for user in ROLES:
            for model in MODELS:
                if not self.may_read(user, model):
                    continue
                records = self.world.as_user(user)[model].search([])
                self.assertTrue(records, f"{user} sees no {model}")
                for record in records:
                    with self.subTest(user=user, record=record):
                        self.env.invalidate_all()
                        self.assertTrue(Form(record))

    def test_every_list_and_board_opens_for_every_role(self):
        for user in ROLES:
            for model in MODELS:
                if not self.may_read(user, model):
                    continue
                records = self.world.as_user(user)[model]
                views = records.get_views([(False, "list"), (False, "kanban")])
                names = views["models"][model]
                with self.subTest(user=user, model=model):
                    self.env.invalidate_all()
                    shown = {name: {} for name in names}
                    self.assertTrue(records.web_search_read([], shown)["length"])

    def test_product_shows_what_is_on_hold_of_it(self):
        for record in (self.part, self.part.product_tmpl_id):
            record = self.as_user(record, "stk")
            self.assertEqual(record.hold_qty, record.qty_available)
            self.assertTrue(Form(record).name)
            action = record.action_view_holds()
            holds = record.env["mfg.quality.hold"].search(action["domain"])
            self.assertLessEqual(self.lot_a.hold_line_ids.hold_id, holds)
            self.assertNotIn("stock.quant.package", holds.line_ids.mapped("kind"))
