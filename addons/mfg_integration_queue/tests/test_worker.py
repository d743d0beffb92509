from odoo.tests.common import tagged

from ..engine.lanes import partition_of
from ..engine.membership import Membership
from ..engine.ownership import MAX_PARTITIONS, PARTITION_LOCK
from .test_alert import WatchCase


@tagged("post_install", "-at_install")
class TestWorker(WatchCase):
    """The list of workers tells who is alive and how far behind."""

    def setUp(self):
        super().setUp()
        # The locks of a worker, held by the test's own connection.
        self.addCleanup(self.env.cr.execute, "SELECT pg_advisory_unlock_all()")
        Membership(self.env.cr, "test-host:1").register("worker", "17.0")
        self.worker = self.env["mfg.integration.worker"].search(
            [("name", "=", "test-host:1")]
        )

    def _own(self, lane):
        part = partition_of(lane, self.endpoint.partitions)
        self.env.cr.execute(
            "SELECT pg_advisory_lock(%s, %s)",
            [PARTITION_LOCK, self.endpoint.id * MAX_PARTITIONS + part],
        )

    def _look(self):
        self.env.cr.flush()
        self.env.invalidate_all()
        return self.worker.with_user(self.viewer)

    def test_worker_without_work(self):
        worker = self._look()
        self.assertTrue(worker.alive)
        self.assertEqual((worker.lag_s, worker.inflight), (0, 0))
        self.assertLess(worker.silent_s, 60)

    def test_lag_is_that_of_its_own_partitions(self):
        other = next(
            lane
            for lane in map(str, range(100))
            if partition_of(lane, 8) != partition_of("mine", 8)
        )
        self._own("mine")
        self._emit(key="mine")
        self._emit(key="mine")
        self._pass(2)
        self._emit(key=other)
        self._pass(2)
        self.assertAlmostEqual(self._look().lag_s, 240, delta=5)

    def test_lane_that_waits_for_its_retry_is_no_lag(self):
        self._own("mine")
        self._emit(key="mine")
        self._fail(delay=3600)
        self._emit(key="mine")
        self._pass(2)
        self.assertEqual(self._look().lag_s, 0)

    def test_dead_worker_is_listed_as_such(self):
        self.env.cr.execute("SELECT pg_advisory_unlock_all()")
        worker = self._look()
        self.assertFalse(worker.alive)
        self.assertEqual(worker.lag_s, 0)
