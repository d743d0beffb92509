from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.mfg_audit_trail.tests.common import AuditCase

from .common import SuiteCase

HOME = "/web#action=mfg_suite.mfg_suite_home_action"
CONSULTANT = (
    "mfg_integration_queue.group_integrator,mrp.group_mrp_user,"
    "mfg_multi_company.group_configure,mfg_quality_hold.group_configure"
)
INSPECTOR = "mrp.group_mrp_user,stock.group_stock_user,mfg_quality_hold.group_inspect"
OPERATOR = "mfg_integration_queue.group_operator,mrp.group_mrp_user"
WAREHOUSE = "stock.group_stock_user"
PLANNER = (
    "mrp.group_mrp_manager,stock.group_stock_user,purchase.group_purchase_user,"
    "sales_team.group_sale_salesman_all_leads"
)
AUDITOR = (
    "mfg_integration_queue.group_viewer,account.group_account_readonly,"
    "mfg_audit_trail.group_reviewer,mfg_multi_company.group_user"
)
CONTROLLER = (
    "account.group_account_manager,mrp.group_mrp_user,stock.group_stock_user,"
    "mfg_multi_company.group_mfg_group_controller,"
    "mfg_multi_company.group_transfer_price"
)
#: starts a tour as a person does; inside a tour that clicks, none that points can begin
START = """
    const pointed = async (text) => {
        const found = () =>
            document.querySelector(".o_tour_pointer")?.textContent.includes(text);
        while (!found()) {
            await new Promise(requestAnimationFrame);
        }
    };
    (async () => {
        document.querySelector("[data-tour='mfg_suite_controller']").click();
        await pointed("Where two plants disagree");
        document.querySelector(".o_mfg_card_intercompany").click();
        await pointed("Open the list of apps");
        document.querySelector(".o_navbar_apps_menu button").click();
        await pointed("Plants, and what they do");
        console.log("test successful");
    })();
"""
#: what a tour must not make
KEPT = (
    "mfg.integration.delivery",
    "mfg.integration.system",
    "mfg.plant",
    "mfg.quality.hold",
    "mfg.release.gate",
    "stock.picking",
)


@tagged("post_install", "-at_install")
class TestFirstSteps(SuiteCase, HttpCase):
    """The guided tour of each role, as somebody with its rights in one plant, in a browser
    without developer mode; an error on its console fails the test."""

    def walk(self, tour, groups):
        """Go through a tour that somebody with these rights is offered."""
        user = self._user(tour, groups)
        user.write({"login": tour, "password": tour})
        offered = self.env["mfg.suite.home"].with_user(user).get_first_steps()
        self.assertIn({"tour": tour, "done": False}, offered)
        before = {model: self.env[model].search_count([]) for model in KEPT}
        self.start_tour(HOME, tour, login=tour)
        after = {model: self.env[model].search_count([]) for model in KEPT}
        self.assertEqual(after, before, "a tour made something")

    def test_su_05_consultant(self):
        self.walk("mfg_suite_consultant", CONSULTANT)

    def test_su_05_quality_inspector(self):
        self._hold()
        self.walk("mfg_suite_quality", INSPECTOR)

    def test_su_05_integration_operator(self):
        letter = self._dead_letter()
        self.walk("mfg_suite_integration_operator", OPERATOR)
        self.assertEqual(letter.state, "open")

    def test_su_05_warehouse(self):
        self._hold()
        self.walk("mfg_suite_warehouse", WAREHOUSE)

    def test_su_05_planner(self):
        self.env["mrp.production"].with_company(self.company).create(
            {"product_id": self.part[self.company].id, "product_qty": 3}
        )
        self.walk("mfg_suite_planner", PLANNER)

    def test_su_05_controller(self):
        self._disagreement()
        self.walk("mfg_suite_controller", CONTROLLER)

    def test_su_05_started_from_home(self):
        user = self._user("starter", CONTROLLER)
        user.write({"login": "suite-tour", "password": "suite-tour"})
        self.browser_js(
            HOME,
            START,
            "Boolean(document.querySelector('.o_mfg_first_steps'))",
            login="suite-tour",
        )

    def test_su_05_each_is_offered_the_own_tours(self):
        homes = self.env["mfg.suite.home"]
        for groups, tours in (
            (
                CONSULTANT,
                ["consultant", "quality", "integration_operator", "warehouse"],
            ),
            (AUDITOR, ["auditor"]),
            (CONTROLLER, ["controller", "warehouse"]),
            (PLANNER, ["planner", "warehouse"]),
            (INSPECTOR, ["quality", "warehouse"]),
            (OPERATOR, ["integration_operator", "warehouse"]),
            (WAREHOUSE, ["warehouse"]),
        ):
            with self.subTest(groups=groups):
                user = self._user(groups, groups)
                offered = homes.with_user(user).get_first_steps()
                self.assertEqual(
                    [each["tour"].removeprefix("mfg_suite_") for each in offered], tours
                )
        with self.assertRaises(AccessError):
            homes.with_user(self.employee).get_first_steps()

    def test_su_05_what_somebody_went_through_is_marked(self):
        colleague = self._user("colleague", WAREHOUSE)
        user = self._user("user", WAREHOUSE)
        self.env["web_tour.tour"].with_user(user).consume(["mfg_suite_warehouse"])
        for each, done in ((user, True), (colleague, False)):
            self.assertEqual(
                self.env["mfg.suite.home"].with_user(each).get_first_steps(),
                [{"tour": "mfg_suite_warehouse", "done": done}],
            )


@tagged("post_install", "-at_install")
class TestAuditorsFirstSteps(AuditCase, HttpCase):
    """The guided tour of the auditor, over changes that were captured."""

    def test_su_05_auditor(self):
        partner = self.partners.create({"name": "A Tour Supplier"})
        self.env.flush_all()
        partner.phone = "0123 456789"
        auditor = new_test_user(self.env, "mfg_suite_auditor", AUDITOR)
        self.start_tour(HOME, "mfg_suite_auditor", login=auditor.login)
