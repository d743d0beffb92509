from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .inbound_common import InboundCase
from .test_alert import WatchCase


class ScreenCase(InboundCase, WatchCase):
    """Reads the screens as their users do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.sla_p95_seconds = 30

    def _tiles(self, user=None):
        self.env.cr.flush()
        monitor = self.env["mfg.integration.monitor"].with_user(user or self.viewer)
        return monitor.get_monitor()["tiles"]

    def _line(self, interface=None):
        (tile,) = self._tiles()
        (line,) = [
            line
            for line in tile["lines"]
            if line["id"] == (interface or self.interface).id
        ]
        return line


@tagged("post_install", "-at_install")
class TestMonitor(ScreenCase):
    """A tile per plant and system shows at a glance whether the agreed times are kept."""

    def test_quiet_interface_is_green(self):
        (tile,) = self._tiles()
        self.assertEqual(tile["company"]["name"], "Plant One")
        self.assertEqual(tile["system"]["name"], "MES One")
        self.assertEqual(tile["status"], "green")
        names = {line["name"]: line["direction"] for line in tile["lines"]}
        self.assertEqual(names["Note changed"], "outbound")
        self.assertEqual(names[self.note.name], "inbound")

    def test_interface_without_agreement_is_grey(self):
        self.interface.write({"sla_p95_seconds": 0, "sla_max_age_minutes": 0})
        self.assertEqual(self._line()["status"], "grey")

    def test_waiting_turns_amber_then_red(self):
        self._emit()
        self.assertEqual(self._line()["status"], "green")
        self._pass(8)
        line = self._line()
        self.assertEqual((line["status"], line["waiting"]), ("amber", 1))
        self.assertAlmostEqual(line["oldest_s"], 480, delta=5)
        self._pass(8)
        line = self._line()
        self.assertEqual((line["status"], line["late"]), ("red", 1))
        self.assertEqual(line["reasons"], ["1 late"])

    def test_message_to_decide_warns_until_its_time_is_over(self):
        self._emit()
        self._bury()
        line = self._line()
        self.assertEqual((line["status"], line["exceptions"]), ("amber", 1))
        self._pass(61)
        self.assertEqual(self._line()["status"], "red")

    def test_slow_hour_is_red(self):
        self._emit()
        self._pass(1)
        self._deliver()
        line = self._line()
        self.assertEqual((line["status"], line["done"]), ("red", 1))
        self.assertGreater(line["p95_ms"], 30000)

    def test_paused_endpoint_warns(self):
        self.endpoint._set_paused(fields.Datetime.now(), "Maintenance")
        self.assertEqual(self._line()["status"], "amber")
        self.assertEqual(self._line(self.note)["status"], "green")

    def test_worst_line_decides_the_tile(self):
        self._emit()
        self._pass(16)
        (tile,) = self._tiles()
        self.assertEqual(tile["status"], "red")
        self.assertEqual(tile["lines"][0]["name"], "Note changed")

    def test_companies_keep_apart(self):
        stranger = self._user(
            "viewer", "mfg_integration_queue.group_viewer", self.other_company
        )
        self._emit()
        self.assertFalse(self._tiles(stranger))
        dashboard = self.env["mfg.integration.dashboard"].with_user(stranger)
        with self.assertRaises(AccessError):
            self._tiles(self.employee)
        with self.assertRaises(AccessError):
            dashboard.with_user(self.employee).get_dashboard()
        forged = dashboard.with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            forged.get_dashboard()

    def test_figures_open_their_messages(self):
        self._emit()
        monitor = self.env["mfg.integration.monitor"].with_user(self.viewer)
        key = (self.company.id, self.system.id, self.interface.id)
        action = monitor.open_messages(*key, "waiting")
        found = self.env[action["res_model"]].with_user(self.viewer)
        self.env.cr.flush()
        self.assertEqual(found.search(action["domain"]), self._deliveries())
        letter = self._bury()
        action = monitor.open_messages(*key, "exceptions")
        found = self.env[action["res_model"]].with_user(self.viewer)
        self.assertEqual(found.search(action["domain"]), letter)
        with self.assertRefused(UserError, "no list"):
            monitor.open_messages(*key, "secrets")

    def test_number_of_queries_does_not_grow_with_the_messages(self):
        self._emit()
        self._tiles()
        counts = []
        for _round in range(2):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._tiles()
            counts.append(self.env.cr.sql_log_count - before)
            for number in range(50):
                self._emit(payload={"n": number})
            self.env.cr.flush()
        self.assertLessEqual(counts[1], counts[0] + 1)


@tagged("post_install", "-at_install")
class TestDashboard(ScreenCase):
    """The figures of the charts are those of the messages."""

    def _dashboard(self, *args, **kwargs):
        self.env.cr.flush()
        dashboard = self.env["mfg.integration.dashboard"].with_user(self.viewer)
        return dashboard.get_dashboard(*args, **kwargs)

    def test_points_add_up_to_the_totals(self):
        for number in range(4):
            self._emit(payload={"n": number}, key=f"lane-{number}")
        self._fail(delay=0)
        self._deliver()
        self._emit()
        self._bury()
        self._take_in()
        self._process_due()
        for hours, points in ((1, 60), (6, 72), (24, 96), (168, 84), (720, 60)):
            data = self._dashboard(hours)
            self.assertEqual(len(data["points"]), points)
            self.assertEqual(sum(point["outbound"] for point in data["points"]), 4)
            self.assertEqual(sum(point["inbound"] for point in data["points"]), 1)
            self.assertEqual(sum(point["failed"] for point in data["points"]), 1)
            self.assertEqual(sum(point["retries"] for point in data["points"]), 4)
            self.assertEqual(data["totals"]["done"], 5)
            self.assertEqual(data["totals"]["error_rate"], 50.0)
        last = data["points"][-1]
        self.assertLessEqual(last["p50"], last["p95"])
        self.assertLessEqual(last["p95"], last["p99"])

    def test_one_interface_or_direction_only(self):
        self._emit()
        self._deliver()
        self._take_in()
        self._process_due()
        inbound = self._dashboard(1, "inbound")
        self.assertEqual(inbound["totals"]["done"], 1)
        of_note = self._dashboard(1, None, self.note.id)
        self.assertEqual(sum(point["outbound"] for point in of_note["points"]), 0)
        self.assertEqual(of_note["totals"]["done"], 1)
        self.assertEqual(
            self._dashboard(1, None, None, self.system.id)["totals"]["done"], 2
        )

    def test_nothing_yet(self):
        totals = self._dashboard(1)["totals"]
        self.assertEqual(totals["done"], 0)
        self.assertIsNone(totals["p95"])
        self.assertIsNone(totals["error_rate"])

    def test_unknown_period_is_refused(self):
        with self.assertRefused(UserError, "1, 6, 24, 168, 720 hours"):
            self._dashboard(2)

    def test_backlog_is_what_waited_at_one_time(self):
        self._emit()
        self._emit()
        self._pass(2)
        self.env["mfg.integration.minute"]._cron_roll_up()
        last = self._dashboard(1)["points"][-1]
        self.assertEqual(last["waiting"], 2)
        self.assertAlmostEqual(last["oldest_s"], 120, delta=5)
