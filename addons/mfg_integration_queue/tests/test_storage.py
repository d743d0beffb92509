from datetime import date

from odoo.tests.common import TransactionCase, tagged

from ..engine import partitions

TABLE = "mfg_integration_delivery_log"


@tagged("post_install", "-at_install")
class TestStorage(TransactionCase):
    """History lives in monthly partitions; no row is lost for want of one."""

    def _partition_of(self, moment):
        self.env.cr.execute(
            f"""
            INSERT INTO {TABLE}
                   (id, event_id, event_at, interface_id, endpoint_id, company_id, lane,
                    class, outcome, attempts, created_at, finished_at)
            VALUES (1, 1, %(at)s, 1, 1, 1, 'a', 1, 'delivered', 1, %(at)s, %(at)s)
         RETURNING tableoid::regclass::text
            """,
            {"at": moment},
        )
        return self.env.cr.fetchone()[0]

    def test_coming_months_are_prepared(self):
        created = partitions.ensure(self.env.cr, date(2041, 11, 15), months_ahead=2)
        self.assertIn(f"{TABLE}_2041_11", created)
        self.assertIn("mfg_integration_event_2042_01", created)
        self.assertEqual(self._partition_of("2041-12-31 23:59:59"), f"{TABLE}_2041_12")
        self.assertEqual(self._partition_of("2042-01-01 00:00:00"), f"{TABLE}_2042_01")

    def test_preparing_twice_changes_nothing(self):
        partitions.ensure(self.env.cr, date(2041, 11, 15))
        self.assertFalse(partitions.ensure(self.env.cr, date(2041, 11, 15)))

    def test_month_nobody_prepared_falls_into_the_default_partition(self):
        self.assertEqual(self._partition_of("2051-06-01 12:00:00"), f"{TABLE}_default")

    def test_rows_of_an_unprepared_month_move_when_it_is_prepared(self):
        self._partition_of("2051-06-01 12:00:00")
        partitions.ensure(self.env.cr, date(2051, 6, 1), months_ahead=0)
        self.env.cr.execute(
            f"SELECT tableoid::regclass::text FROM {TABLE} WHERE finished_at > '2051-01-01'"
        )
        self.assertEqual(self.env.cr.fetchall(), [(f"{TABLE}_2051_06",)])

    def test_old_months_are_dropped_whole(self):
        partitions.ensure(self.env.cr, date(2001, 1, 1), months_ahead=2)
        self._partition_of("2001-02-01 00:00:00")
        dropped, busy = partitions.drop_before(self.env.cr, TABLE, date(2001, 3, 1))
        self.assertEqual(dropped, [f"{TABLE}_2001_01", f"{TABLE}_2001_02"])
        self.assertFalse(busy)
        self.env.cr.execute(
            f"SELECT count(*) FROM {TABLE} WHERE finished_at < '2001-03-01'"
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_months_of_the_inbox_that_are_empty_are_dropped(self):
        inbox = "mfg_integration_inbox"
        partitions.ensure(self.env.cr, date(2001, 1, 1), months_ahead=3)
        self.env.cr.execute(
            """
            INSERT INTO mfg_integration_inbox
                   (uuid, system_id, interface_id, company_id, type, lane, state, headers,
                    body, body_sha256, created_at)
            VALUES (gen_random_uuid(), 1, 1, 1, 'a', 'a', 'dead', '{}', '', '',
                    '2001-02-03')
            """
        )
        dropped, busy = partitions.drop_empty_before(
            self.env.cr, inbox, date(2001, 4, 1)
        )
        self.assertEqual(dropped, [f"{inbox}_2001_01", f"{inbox}_2001_03"])
        self.assertFalse(busy)
        self.env.cr.execute(
            "SELECT count(*) FROM mfg_integration_inbox WHERE created_at < '2002-01-01'"
        )
        self.assertEqual(self.env.cr.fetchone(), (1,), "what waits is kept")
