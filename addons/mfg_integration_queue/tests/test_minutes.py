import contextlib
import uuid

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests.common import BaseCase, get_db_name, tagged
from odoo.tools import file_open

from ..engine import histogram, minutes
from .inbound_common import InboundCase
from .test_delivery import EngineCase

HOUR_AGO = "timezone('UTC', now()) - interval '1 hour'"


@tagged("post_install", "-at_install")
class TestHistogram(BaseCase):
    """Percentiles from counts between bounds."""

    def _counts(self, *latencies):
        counts = [0] * histogram.BUCKETS
        for latency in latencies:
            counts[sum(latency >= bound for bound in histogram.BOUNDS)] += 1
        return counts

    def test_percentile_lies_in_the_bucket_of_its_message(self):
        counts = self._counts(*[3] * 90, *[300] * 10)
        self.assertLess(histogram.percentile(counts, 0.5), 5)
        self.assertTrue(250 <= histogram.percentile(counts, 0.95) <= 500)

    def test_nothing_and_beyond_the_last_bound(self):
        self.assertIsNone(histogram.percentile([0] * histogram.BUCKETS, 0.95))
        counts = self._counts(10**9)
        self.assertEqual(histogram.percentile(counts, 0.5), histogram.BOUNDS[-1])

    def test_sum_of_histograms(self):
        one, other = self._counts(1, 20), self._counts(20)
        self.assertEqual(histogram.add(one, other), self._counts(1, 20, 20))
        self.assertEqual(histogram.add(None, other), other)


class FiguresCase:
    """Reads figures as dashboards do."""

    def _figures(self, interface):
        self.env.cr.flush()
        query = minutes.sums(HOUR_AGO, ["interface_id"])
        self.env.cr.execute(
            f"{query} WHERE interface_id = %s GROUP BY interface_id", [interface.id]
        )
        (row,) = self.env.cr.dictfetchall()
        return row

    def _total(self, interface):
        self.env.cr.execute(
            f"SELECT * FROM ({minutes.TOTALS}) t WHERE interface_id = %s",
            [interface.id],
        )
        (row,) = self.env.cr.dictfetchall()
        return row

    def _all_final(self):
        """Count everything up to now, as if every transaction had ended."""
        self.env.cr.flush()
        self.env.cr.execute(
            """
            UPDATE mfg_integration_minute_mark
               SET candidate = timezone('UTC', now()) + interval '1 hour',
                   candidate_xids = '{}'
            """
        )
        self.env["mfg.integration.minute"]._cron_roll_up()


@tagged("post_install", "-at_install")
class TestMinutes(FiguresCase, EngineCase):
    """Each message is counted once, in the logs or in the minute table."""

    def _some_traffic(self):
        for number in range(5):
            self._emit(payload={"n": number}, key=f"lane-{number}")
        self._fail(delay=0)
        self._deliver()
        self._emit()
        self._bury()
        self._emit()
        self._deliveries().filtered(lambda each: each.state == "pending").with_user(
            self.operator
        ).action_cancel()

    def assertTraffic(self, figures):
        self.assertEqual(figures["done"], 5)
        self.assertEqual(figures["dead"], 1)
        self.assertEqual(figures["cancelled"], 1)
        self.assertEqual(figures["attempts"], 11)
        self.assertEqual(figures["failures"], 6)
        self.assertEqual(figures["retries"], 5)
        self.assertEqual(sum(figures["buckets"]), 5)

    def test_figures_are_the_same_before_and_after_the_count(self):
        self._some_traffic()
        before, total = self._figures(self.interface), self._total(self.interface)
        self.assertTraffic(before)
        self.assertTraffic(total)
        self._all_final()
        self.assertEqual(self._figures(self.interface), before)
        self.assertEqual(self._total(self.interface), total)
        self._all_final()
        self.assertEqual(self._figures(self.interface), before)
        self.assertEqual(self._total(self.interface), total)

    def test_figures_outlive_the_messages(self):
        self._some_traffic()
        self._all_final()
        for table in ("delivery_log", "attempt"):
            self.env.cr.execute(
                f"DELETE FROM mfg_integration_{table} WHERE endpoint_id = %s",
                [self.endpoint.id],
            )
        self.assertTraffic(self._figures(self.interface))

    def test_blocking_letter_counts_once(self):
        self.interface.on_dead = "block"
        self._emit()
        letter = self._bury(blocking=True)
        self.assertEqual(self._figures(self.interface)["dead"], 1)
        letter.with_user(self.operator).action_replay()
        self._deliver()
        figures = self._figures(self.interface)
        self.assertEqual((figures["dead"], figures["done"]), (1, 1))

    def test_sample_of_what_waits(self):
        self._emit()
        self._emit()
        self.env.cr.flush()
        self.env.cr.execute(
            "UPDATE mfg_integration_delivery SET created_at = created_at - interval '90 s' "
            "WHERE endpoint_id = %s",
            [self.endpoint.id],
        )
        self.env["mfg.integration.minute"]._cron_roll_up()
        report = (
            self.env["mfg.integration.minute"]
            .with_user(self.viewer)
            .search([("endpoint_id", "=", self.endpoint.id)])
        )
        self.assertEqual(report.waiting, 2)
        self.assertAlmostEqual(report.oldest_s, 90, delta=5)
        self.assertEqual(
            (report.system_id, report.direction), (self.system, "outbound")
        )

    def test_report_keeps_to_the_companies_of_the_user(self):
        self._some_traffic()
        self._all_final()
        stranger = self._user(
            "viewer", "mfg_integration_queue.group_viewer", self.other_company
        )
        report = self.env["mfg.integration.minute"]
        domain = [("interface_id", "=", self.interface.id)]
        self.assertEqual(
            sum(report.with_user(self.viewer).search(domain).mapped("done")), 5
        )
        self.assertFalse(report.with_user(stranger).search(domain))


@tagged("post_install", "-at_install")
class TestInboundMinutes(FiguresCase, InboundCase):
    """What comes in is counted like what goes out."""

    def test_processed_rejected_and_failed(self):
        self._take_in()
        self._take_in({"text": "  "})  # the handler refuses it
        self._process_due()
        before = self._figures(self.note)
        self.assertEqual((before["done"], before["dead"]), (1, 1))
        self.assertEqual((before["attempts"], before["failures"]), (2, 1))
        self._all_final()
        self.assertEqual(self._figures(self.note), before)
        self.env.cr.execute(
            "DELETE FROM mfg_integration_inbox WHERE system_id = %s", [self.system.id]
        )
        self.assertEqual(self._figures(self.note), before)


@tagged("post_install", "-at_install")
class TestRollUp(BaseCase):
    """Nothing is missed or counted twice, whoever commits late or dies: on connections of
    their own, in a schema of their own."""

    def setUp(self):
        super().setUp()
        self.schema = f"test_minutes_{uuid.uuid4().hex}"
        self.cursor = self._connect()
        self.cursor.execute(f'CREATE SCHEMA "{self.schema}"')
        self.addCleanup(self.cursor.execute, f'DROP SCHEMA "{self.schema}" CASCADE')
        for name in ("runtime", "inbound", "minute"):
            with file_open(f"mfg_integration_queue/sql/{name}.sql") as file:
                self.cursor.execute(file.read())
        for table in ("delivery_log", "attempt", "inbox"):
            self.cursor.execute(
                f"CREATE TABLE {table}_all PARTITION OF mfg_integration_{table} DEFAULT"
            )
        self.cursor.execute(
            "CREATE TABLE mfg_integration_dead (interface_id integer, company_id integer, "
            "endpoint_id integer, create_date timestamp)"
        )
        self.cursor.execute(
            "CREATE TABLE mfg_integration_endpoint (id integer, system_id integer)"
        )

    def _connect(self, autocommit=True):
        _name, info = connection_info_for(get_db_name())
        connection = psycopg2.connect(**info)
        self.addCleanup(connection.close)
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f'SET search_path = "{self.schema}"')
        cursor.execute("SET lock_timeout = '10s'")
        connection.autocommit = autocommit
        return cursor

    def _log(self, cursor):
        """Write a log row whose minute is over."""
        cursor.execute(
            """
            INSERT INTO mfg_integration_delivery_log
                   (id, event_id, event_at, interface_id, endpoint_id, company_id, lane,
                    class, outcome, attempts, created_at, latency_ms, finished_at)
            SELECT 1, 1, now(), 1, 1, 1, 'a', 1, 'delivered', 1, now(), 7,
                   timezone('UTC', now()) - interval '2 minutes'
            """
        )

    @contextlib.contextmanager
    def _run(self):
        """One run of the scheduled action, committed at the end."""
        cursor = self._connect(autocommit=False)
        with contextlib.closing(cursor.connection) as connection:
            minutes.roll_up(cursor)
            yield
            connection.commit()

    def _counted(self):
        self.cursor.execute("SELECT COALESCE(sum(done), 0) FROM mfg_integration_minute")
        return self.cursor.fetchone()[0]

    def _total(self):
        self.cursor.execute(f"SELECT COALESCE(sum(done), 0) FROM ({minutes.TOTALS}) t")
        return self.cursor.fetchone()[0]

    def test_late_commit_is_waited_for(self):
        self._log(self.cursor)
        late = self._connect(autocommit=False)
        self._log(late)
        for _run in range(3):
            with self._run():
                pass
        self.assertEqual(self._counted(), 0, "the minute may still grow")
        self.assertEqual(self._total(), 1, "readers count what they see")
        late.connection.commit()
        self.assertEqual(self._total(), 2)
        with self._run():
            pass
        self.assertEqual(self._counted(), 2)
        self.assertEqual(self._total(), 2)

    def test_run_that_dies_leaves_nothing(self):
        self._log(self.cursor)
        with self._run():
            pass
        with contextlib.suppress(ZeroDivisionError), self._run():
            raise ZeroDivisionError  # the process ends before the commit
        self.assertEqual(self._counted(), 0)
        with self._run():
            pass
        self.assertEqual(self._counted(), 1)
        with self._run():
            pass
        self.assertEqual(self._counted(), 1)
        self.assertEqual(self._total(), 1)
