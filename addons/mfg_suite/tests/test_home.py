from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import EVERY_RIGHT, SuiteCase

ACCOUNTING = "account.group_account_readonly"


@tagged("post_install", "-at_install")
class TestHome(SuiteCase):
    """How the group does, as far as each may know."""

    def home(self, user, plant=None, companies=None):
        self.env.flush_all()
        self.env.invalidate_all()
        companies = companies or user.company_id
        env = self.env(user=user.id, context={"allowed_company_ids": companies.ids})
        return env["mfg.suite.home"].get_home(plant and plant.id)

    def both(self, groups=f"{EVERY_RIGHT},{ACCOUNTING}"):
        user = self._user("both", groups)
        user.company_ids = self.plants
        return user

    def test_every_figure(self):
        self._everything()
        self._disagreement()
        home = self.home(self._user("all", f"{EVERY_RIGHT},{ACCOUNTING}"))
        self.assertEqual(home["plants"], [{"id": self.company.id, "name": "Plant One"}])
        self.assertEqual(home["exceptions"]["all"], 8)
        self.assertEqual(home["exceptions"]["critical"], 2)
        (plant,) = home["messages"]
        self.assertEqual((plant["name"], plant["outbound"]), ("Plant One", 1))
        (plant,) = home["service"]
        self.assertEqual(plant["amber"], 1)
        self.assertEqual(home["holds"]["late"], 1)
        (group,) = home["holds"]["groups"]
        self.assertEqual((group["count"], group["value"]), (2, 100))
        self.assertEqual(
            home["intercompany"], [{"kind": "price", "name": "Price", "count": 1}]
        )
        self.assertEqual(home["mismatches"], [])
        self.assertEqual(home["alerts"], {"all": 1, "critical": 1})
        self.assertIn(home["assurance"]["level"], range(4))
        (plant,) = home["stock"]
        self.assertEqual((plant["free"], plant["held"]), (0, 100))

    def test_each_sees_what_the_own_rights_allow(self):
        self._everything()
        for groups, parts in (
            ("mfg_integration_queue.group_viewer", {"service", "messages", "stock"}),
            ("mfg_quality_hold.group_place", {"holds"}),
            ("mfg_multi_company.group_user", {"intercompany", "transit"}),
            ("mfg_audit_trail.group_auditor", {"alerts", "assurance"}),
        ):
            with self.subTest(groups=groups):
                home = self.home(self._user(groups, groups))
                self.assertEqual(
                    home.keys() - {"time", "plants", "currency_id"},
                    parts | {"exceptions"},
                )
        with self.assertRaises(AccessError):
            self.home(self.employee)

    def test_plant_two_learns_nothing_of_plant_one(self):
        self._everything()
        home = self.home(self.stranger)
        self.assertEqual(home["exceptions"], {"mine": 0, "all": 0, "critical": 0})
        for part in ("messages", "stock", "intercompany", "transit"):
            self.assertEqual(home[part], [], part)
        self.assertEqual(home["holds"]["groups"], [])
        self.assertEqual(home["alerts"]["all"], 0)
        with self.assertRaises(AccessError):
            self.home(self.stranger, self.company)
        with self.assertRaises(AccessError):
            self.home(self.stranger, companies=self.plants)

    def test_plant_switch(self):
        self._hold()
        self._hold(self.other_company)
        self._dead_letter()
        user = self.both()
        home = self.home(user, companies=self.plants)
        self.assertEqual(
            {each["name"] for each in home["plants"]}, {"Plant One", "Plant Two"}
        )
        self.assertEqual(len(home["holds"]["groups"]), 2)
        one = self.home(user, self.other_company, self.plants)
        self.assertEqual(one["plants"], home["plants"])
        self.assertEqual(
            [group["name"] for group in one["holds"]["groups"]], ["Plant Two"]
        )
        self.assertEqual(one["messages"], [])

    def test_controller_who_reads_all_plants_can_keep_to_one(self):
        third = self.env["res.company"].create({"name": "Plant Three"})
        controller = self._user("ctl", "mfg_multi_company.group_mfg_group_controller")
        known = len(self._rows(controller))
        self._disagreement()
        self._disagreement(seller=third, key="price-2")
        self.assertEqual(len(self._rows(controller)), known + 2)
        home = self.home(controller)
        self.assertEqual(sum(each["count"] for each in home["intercompany"]), 1)

    def test_amounts_of_other_currencies_are_converted(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "currency_id": euro.id,
                "rate": 0.5,
                "company_id": False,
            }
        )
        self.other_company.currency_id = euro
        self._hold(self.other_company)
        home = self.home(self.both(), companies=self.plants)
        self.assertEqual(home["currency_id"], self.company.currency_id.id)
        (group,) = home["holds"]["groups"]
        rate = self.env["res.currency"]._get_conversion_rate(
            euro, self.company.currency_id, self.company, "2026-01-01"
        )
        self.assertNotEqual(rate, 1)
        self.assertAlmostEqual(group["value"], 50 * rate)

    def test_hundred_records_take_as_many_queries_as_one(self):
        user = self._user("all", f"{EVERY_RIGHT},{ACCOUNTING}")

        def queries():
            self.home(user)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            home = self.home(user)
            return home, self.env.cr.sql_log_count - before

        self._everything()
        self._disagreement()
        few, once = queries()
        for number in range(100):
            self._disagreement(key=f"more-{number}")
            self._capture_gap()
            self._release()
            self._lot(self.company, f"MORE-{number}")
            self._hold(name=f"HELD-{number}")
            self._emit(record=self._record(f"Pump {number}"), user=self.person)
        self._bury()
        many, often = queries()
        self.assertEqual(many["exceptions"]["all"], few["exceptions"]["all"] + 500)
        self.assertEqual(many["messages"][0]["outbound"], 101)
        self.assertEqual(often, once)
