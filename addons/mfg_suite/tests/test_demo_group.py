import json
from collections import Counter
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import file_open

PLANTS = ("plant_a", "plant_b", "plant_c")
HOME = "mfg_suite.mfg_suite_home_action"


def logins():
    """Return the logins the launcher prints."""
    with file_open("mfg_suite/demo/logins.json") as stream:
        return json.load(stream)


class DemoGroup:
    """Skips a test class in a database without demo data."""

    def setUp(self):
        super().setUp()
        if not self.env.ref("mfg_suite.company_plant_a", raise_if_not_found=False):
            self.skipTest("the database has no demo data")

    def company(self, key):
        return self.env.ref(f"mfg_suite.company_{key}")

    def user(self, login):
        return self.env["res.users"].search([("login", "=", login)])

    def orders(self, *plants):
        companies = [self.company(plant).id for plant in plants]
        return self.env["mrp.production"].search([("company_id", "in", companies)])


@tagged("post_install", "-at_install")
class TestDemoGroup(DemoGroup, TransactionCase):
    """The demo group is complete: what a visitor looks for is there."""

    def test_every_company_keeps_its_own_books(self):
        for key in ("holding", *PLANTS):
            company = self.company(key)
            self.assertFalse(
                company.parent_id, "a branch would share its parent's books"
            )
            self.assertEqual(company.chart_template, "generic_coa")
            self.assertTrue(
                self.env["account.account"].search_count(
                    [("company_id", "=", company.id)]
                )
            )

    def test_every_plant_has_orders_in_every_state(self):
        for plant in PLANTS:
            states = Counter(self.orders(plant).mapped("state"))
            for state in ("draft", "confirmed", "progress", "done"):
                self.assertTrue(states[state], f"{plant} has no order in {state}")

    def past(self, orders):
        """Those that were finished before the days that the demo group begins with."""
        days = timedelta(days=3)
        return orders.filtered(
            lambda order: (
                order.state == "done"
                and order.date_finished < fields.Datetime.now() - days
            )
        )

    def test_every_plant_has_weeks_behind_it(self):
        for plant in PLANTS:
            past = self.past(self.orders(plant))
            self.assertGreaterEqual(len(past), 4)
            for order in past:
                moves = order.move_raw_ids | order.move_finished_ids
                self.assertEqual(set(moves.mapped("date")), {order.date_finished})
                shipped = self.env["stock.move.line"].search(
                    [
                        ("lot_id", "=", order.lot_producing_id.id),
                        ("location_dest_id.usage", "=", "customer"),
                    ]
                )
                self.assertEqual(shipped.quantity, order.product_qty)
                self.assertGreater(shipped.picking_id.date_done, order.date_finished)
            weeks = {order.date_finished.isocalendar().week for order in past}
            self.assertGreaterEqual(len(weeks), 4, f"{plant}: {weeks}")

    def test_every_plant_produces_lots_from_lots(self):
        for plant in PLANTS:
            done = self.orders(plant).filtered(lambda order: order.state == "done")
            self.assertTrue(all(done.mapped("lot_producing_id")))
            for order in done:
                self.assertTrue(order.workorder_ids)
                self.assertTrue(order.move_raw_ids.move_line_ids.lot_id)

    def test_stock_is_never_negative(self):
        quants = self.env["stock.quant"].search(
            [
                ("company_id", "in", [self.company(plant).id for plant in PLANTS]),
                ("location_id.usage", "=", "internal"),
                ("quantity", "<", 0),
            ]
        )
        self.assertFalse(quants.mapped("product_id.display_name"))

    def test_finished_orders_of_plant_c_went_to_its_systems(self):
        done = self.orders("plant_c").filtered(lambda order: order.state == "done")
        done -= self.past(done)  # of before there were interfaces
        messages = self.env["mfg.integration.delivery"].search(
            [
                ("event_id.res_model", "=", "mrp.production"),
                ("event_id.res_id", "in", done.ids),
            ]
        )
        self.assertEqual(len(messages), 3 * len(done))
        self.assertEqual(len(messages.endpoint_id), 3)

    def test_other_plants_have_nobody_to_tell(self):
        events = self.env["mfg.integration.event"].search(
            [("company_id", "in", [self.company(key).id for key in PLANTS[:2]])]
        )
        self.assertFalse(events)

    def test_main_company_keeps_its_own_data(self):
        main = self.env.ref("base.main_company")
        ours = self.env["ir.model.data"].search(
            [("module", "=", "mfg_suite"), ("model", "in", ["product.product"])]
        )
        products = self.env["product.product"].browse(ours.mapped("res_id"))
        self.assertTrue(products)
        self.assertNotIn(main, products.company_id)
        shared = products - products.filtered("company_id")
        items = self.env["mfg.item.xref"].search([]).product_id
        self.assertLessEqual(
            shared, items, "neither of a plant nor an item of the group"
        )

    def test_plant_a_sees_nothing_of_plant_c(self):
        operator = self.user("operator-a")
        plant_c = self.company("plant_c")
        for model in (
            "mrp.production",
            "mrp.bom",
            "mrp.workcenter",
            "product.product",
            "stock.lot",
            "stock.quant",
            "stock.warehouse",
        ):
            records = self.env[model].with_user(operator).search([])
            self.assertTrue(records, f"{model}: the operator sees nothing at all")
            self.assertNotIn(plant_c, records.sudo().company_id, model)

    def test_supervisor_c_sees_the_messages_of_plant_c_only(self):
        supervisor = self.user("supervisor-c")
        messages = self.env["mfg.integration.delivery"].with_user(supervisor).search([])
        self.assertTrue(messages)
        self.assertEqual(messages.sudo().company_id, self.company("plant_c"))

    def test_first_screen_of_integration_people_is_not_empty(self):
        for login in ("integration-operator", "integrator", "approver", "auditor"):
            user = self.user(login)
            # after the login one company is active: the user's own
            env = self.env(
                user=user, context={"allowed_company_ids": user.company_id.ids}
            )
            self.assertTrue(env["mfg.integration.delivery"].search_count([]), login)

    def test_roles_stay_inside_their_companies(self):
        group = self.env["res.company"].union(
            *(self.company(key) for key in ("holding", *PLANTS))
        )
        for entry in logins():
            user = self.user(entry["login"])
            self.assertTrue(user.company_ids <= group, entry["login"])


@tagged("post_install", "-at_install")
class TestWithoutDemo(TransactionCase):
    """Without demo data nothing of the group is there."""

    def test_module_brings_no_business_data(self):
        if self.env.ref("base.module_mfg_suite").demo:
            self.skipTest("the database has demo data")
        records = self.env["ir.model.data"].search([("module", "=", "mfg_suite")])
        business = {
            name
            for name in records.mapped("model")
            if not name.startswith("ir.") and name != "res.groups"
        }
        self.assertFalse(business)


@tagged("post_install", "-at_install")
class TestLogins(DemoGroup, HttpCase):
    """Each printed login works and leads to the work of its role."""

    APPLICATIONS = {
        "planner": "mrp.menu_mrp_root",
        "operator-a": "mrp.menu_mrp_root",
        "supervisor-c": "mrp.menu_mrp_root",
        "warehouse-a": "stock.menu_stock_root",
        "quality-a": "mfg_quality_hold.mfg_quality_hold_menu_root",
        "quality-manager": "mfg_quality_hold.mfg_quality_hold_menu_root",
        "steward": "mfg_multi_company.mfg_multi_company_menu_root",
        "controller": "account.menu_finance",
        "integration-operator": "mfg_integration_queue.mfg_integration_menu_root",
        "integrator": "mfg_integration_queue.mfg_integration_menu_root",
        "approver": "mfg_integration_queue.mfg_integration_menu_root",
        "auditor": "mfg_audit_trail.menu_root",
    }

    def test_every_login_opens_the_application_of_its_role(self):
        self.assertEqual({entry["login"] for entry in logins()}, set(self.APPLICATIONS))
        for entry in logins():
            with self.subTest(login=entry["login"]):
                self.authenticate(entry["login"], entry["password"])
                page = self.url_open("/web")
                self.assertEqual(page.status_code, 200)
                self.assertNotIn("/web/login", page.url)
                self.open_application(entry["login"])

    def test_every_role_has_a_home_page_and_an_inbox(self):
        root = self.env.ref("mfg_suite.mfg_suite_menu_root").id
        start = self.env.ref(HOME).id
        for entry in logins():
            user = self.user(entry["login"])
            context = {"allowed_company_ids": user.company_ids.ids}
            env = self.env(user=user, context=context)
            with self.subTest(login=entry["login"]):
                menus = env["ir.ui.menu"].load_web_menus(False)
                self.assertIn(root, menus["root"]["children"])
                self.assertEqual(env.user.action_id.id, start, "opens there")
                home = env["mfg.suite.home"].get_home()
                self.assertEqual(len(home["plants"]), len(user.company_ids))
                env["mfg.suite.exception"].search([]).read()

    def open_application(self, login):
        """Do what the web client does when the application's icon is clicked."""
        menu_id = self.env.ref(self.APPLICATIONS[login]).id
        env = self.env(user=self.user(login))
        menus = env["ir.ui.menu"].load_web_menus(False)
        self.assertIn(menu_id, menus["root"]["children"])
        action_id = menus[menu_id]["actionID"]
        self.assertTrue(action_id, "the application opens nothing")
        action = env[menus[menu_id]["actionModel"]].sudo().browse(action_id)
        if "res_model" in action:
            views = [(False, mode) for mode in action.view_mode.split(",")]
            model = env[action.res_model]
            model.get_views(views, {"toolbar": True})
            model.search([], limit=1).read(["display_name"])
