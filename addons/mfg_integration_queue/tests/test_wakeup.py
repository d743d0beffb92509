from odoo.tests import TransactionCase, tagged

from ..engine.lanes import Lanes
from ..engine.prepared import SLOW, Prepared
from ..engine.reader import Reader
from ..engine.wakeup import (
    GATES,
    MAX_NEWS,
    SETTINGS,
    between_transactions,
    news,
    partitions_of,
)


@tagged("post_install", "-at_install")
class TestWakeup(TransactionCase):
    def test_workers_are_told_where_something_is_new(self):
        partitions = {(7, 0), (7, 15), (12, 3)}
        self.assertEqual(news(partitions), "7:0 7:15 12:3")
        self.assertEqual(partitions_of(news(partitions)), partitions)
        for anywhere in ("", SETTINGS, GATES):
            self.assertIsNone(partitions_of(anywhere))
        many = {(endpoint_id, 0) for endpoint_id in range(MAX_NEWS + 1)}
        self.assertIsNone(partitions_of(news(many)), "too many to tell one by one")

    def test_only_what_is_told_of_is_read_again(self):
        reader = Reader(store=None, lanes=Lanes())
        for partition in ((7, 0), (7, 1)):
            reader.add(partition)
        reader._unread.clear()

        reader.wake({(7, 1), (8, 0)})

        self.assertEqual(reader._unread, {(7, 1, 1), (7, 1, 2), (7, 1, 3)})
        reader.wake()
        self.assertEqual(len(reader._unread), 6)

    def test_a_slow_statement_is_planned_anew(self):
        statement = Prepared(
            self.env.cr,
            "SELECT %(n)s + %(n)s, pg_sleep(%(pause)s)",
            n="int",
            pause="float8",
        )
        for number in (1, 2):
            statement.execute({"n": number, "pause": 0})
            self.assertEqual(self.env.cr.fetchone()[0], 2 * number)
        self.assertEqual(len(self._prepared()), 1)

        statement.execute({"n": 3, "pause": 2 * SLOW})

        self.assertEqual(self.env.cr.fetchone()[0], 6, "its rows are there")
        self.assertFalse(self._prepared())
        statement.execute({"n": 4, "pause": 0})
        self.assertEqual(self.env.cr.fetchone()[0], 8)

    def _prepared(self):
        with self.env.cr.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%pg_sleep%'"
            )
            return cursor.fetchall()

    def test_a_hook_that_reads_does_not_keep_workers_asleep(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT 1")
            with between_transactions(cr) as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                other = cursor.fetchone()[0]
            self.assertNotEqual(other, cr.connection.info.backend_pid)
            cr.rollback()
            with between_transactions(cr) as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.assertEqual(cursor.fetchone()[0], cr.connection.info.backend_pid)
