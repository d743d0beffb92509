"""What the database does to delivery: old snapshots, history, retention, no room."""

import threading
import time

import psycopg2
import pytest

from tests.support.emitter import Emitter
from tests.support.plant import PATIENCE, assert_in_order, copies
from tests.support.small_disk import SmallDisk, queue_tables
from tests.support.waiting import wait_for

#: reads the plan of the statement that runs all the time, as a worker at the end of its
#: streams would run it
FETCH_COST = """
from odoo.addons.mfg_integration_queue.engine import store
cr = env.cr
cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
cr.execute(
    "SELECT endpoint_id, part, class, max(id) FROM ("
    "SELECT endpoint_id, class, id, 0 AS part FROM mfg_integration_delivery_log) l "
    "WHERE endpoint_id = %s GROUP BY 1, 2, 3",
    [{endpoint}],
)
mark = max(row[3] for row in cr.fetchall())
parts = list(range(8))
cr.execute("SELECT pg_current_xact_id()::text")
cr.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + store._FETCH, {{
    "endpoints": [{endpoint}] * 24,
    "parts": parts * 3,
    "classes": [1] * 8 + [2] * 8 + [3] * 8,
    "marks": [mark] * 24,
    "late": [cr.fetchone()[0]],
    "limit": 200,
}})
plan = cr.fetchone()[0][0]["Plan"]
result = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
"""
HISTORY = """
INSERT INTO mfg_integration_delivery_log
       (id, event_id, event_at, interface_id, endpoint_id, company_id, lane, class,
        outcome, attempts, created_at, finished_at)
SELECT -n, -n, now(), 1, %s, 1, 'history', 2, 'delivered', 1, now(), now()
  FROM generate_series(1, %s) n
"""


def fetch_cost(place):
    code = FETCH_COST.format(endpoint=place.endpoints[0])
    return place.emitter.run(code)["result"]


def hold_snapshot(place):
    """Open a transaction that keeps every dead row of the database alive."""
    connection = psycopg2.connect(**place.lab.dsn(place.database))
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    connection.cursor().execute("SELECT count(*) FROM res_users")
    return connection


def test_iq_23_old_snapshot_and_history_do_not_slow_delivery(plant, lab):
    history, count = (50000, 4000) if lab.quick else (1000000, 60000)
    place = plant(lanes=200)
    place.query(HISTORY, place.endpoints[0], history)
    place.start_worker()
    place.emit(200)
    place.wait_until_settled()
    holder = hold_snapshot(place)
    writer = Emitter(place.lab, place.database)
    try:
        # an open transaction that has written, too: its number is not finished
        writer.open("long")
        writer.run("work.records = []")
        writer.run(
            "work.open_transactions['long'].execute('SELECT pg_current_xact_id()')"
        )
        costs, rates = [fetch_cost(place)], []
        for _turn in range(10):
            started = time.monotonic()
            place.emit(count // 10)
            place.wait_until_settled()
            rates.append(count / 10 / (time.monotonic() - started))
            costs.append(fetch_cost(place))
        writer.rollback("long")
    finally:
        writer.close()
        holder.close()
    assert max(costs) <= 1000, costs
    assert costs[-1] <= costs[0] + 100, "what is done must not be looked at again"
    assert_in_order(place.sink.received())
    if not lab.quick:
        assert rates[-1] >= 0.9 * rates[0], rates


def test_iq_24_retention_is_in_nobodys_way(quiet, plant):
    place = plant(lanes=20)
    place.emitter.run(
        """
import datetime
from odoo.addons.mfg_integration_queue.engine import partitions
partitions.ensure(env.cr, datetime.date(2019, 1, 1), months_ahead=3)
env.cr.execute(
    "INSERT INTO mfg_integration_delivery_log (id, event_id, event_at, interface_id, "
    "endpoint_id, company_id, lane, class, outcome, attempts, created_at, finished_at) "
    "SELECT n, n, '2019-02-02', 1, 1, 1, 'a', 2, 'delivered', 1, '2019-02-02', "
    "'2019-02-02' FROM generate_series(1, 20000) n"
)
env.cr.execute(
    "INSERT INTO mfg_integration_inbox (uuid, system_id, interface_id, company_id, type, "
    "lane, state, headers, body, body_sha256, created_at) VALUES (gen_random_uuid(), 1, "
    "1, 1, 'a', 'a', 'dead', '{}', '', '', '2019-02-02')"
)
"""
    )

    def old_partitions(table):
        return place.value(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE %s",
            f"mfg_integration_{table}_2019_%",
        )

    def drop_while_users_work(users):
        """Run the scheduled action; return how many events were emitted meanwhile."""
        done = threading.Event()

        def drop():
            try:
                place.emitter.run(
                    "env['mfg.integration.event']._cron_drop_old_partitions()"
                )
            finally:
                done.set()

        dropping = threading.Thread(target=drop)
        dropping.start()
        emitted = 0
        try:
            while not done.is_set():
                users.emit(20, 20, per_commit=1)
                emitted += 20
        finally:
            dropping.join()
        return emitted

    place.start_worker()
    # Whoever emits fails if a lock takes longer. Where others are at work, a process may be
    # put aside while it holds one; the reader below would still hold it up for ever.
    patience = "100ms" if quiet else "10s"
    place.query(f"ALTER DATABASE \"{place.database}\" SET lock_timeout = '{patience}'")
    users = Emitter(place.lab, place.database)
    holder = psycopg2.connect(**place.lab.dsn(place.database))
    try:
        users.run(f"work.records = {place.records}")
        # somebody reads the history, for longer than the action has patience
        holder.cursor().execute("SELECT count(*) FROM mfg_integration_event")
        emitted = drop_while_users_work(users)
        assert old_partitions("delivery_log") == old_partitions("attempt") == 0
        assert old_partitions("inbox") == 1, "the month in which something waits"
        assert old_partitions("event") == 4, "what is in use is left for the next day"
        holder.close()
        emitted += drop_while_users_work(users)
    finally:
        holder.close()
        users.close()
    assert old_partitions("event") == 0
    assert emitted
    place.wait_until_settled()
    assert len(place.sink.received()) == emitted


def test_iq_27_database_that_takes_no_writes(plant):
    place = plant(lanes=20)
    worker = place.start_worker()
    place.sink.behave(delay=0.02)
    place.emit(200)
    wait_for(lambda: place.sink.count() > 20, PATIENCE, "it is at work")
    name = place.database

    def cut_off():
        place.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> pg_backend_pid()",
            name,
        )

    place.query(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    cut_off()
    with pytest.raises(AssertionError, match="(?i)read-only"):
        place.emit(5)
    wait_for(
        lambda: worker.has_logged("read-only transaction"),
        PATIENCE,
        "the worker notices",
    )
    assert worker.process.poll() is None
    away = " is away: "  # once for each try
    tries = worker.log.read_text().count(away)
    started = time.monotonic()
    wait_for(
        lambda: worker.log.read_text().count(away) >= tries + 4,
        PATIENCE,
        "it tries again",
    )
    assert time.monotonic() - started > 1, "it has to back off"

    place.query("SET default_transaction_read_only = off")
    place.query(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    cut_off()
    place.emit(10)
    place.wait_until_settled()
    received = place.sink.received()
    # what was refused left nothing behind, and nothing else was lost
    numbers = {each["data"]["n"] for each in received}
    assert set(range(200)) <= numbers
    assert len(numbers) == 210
    assert_in_order(received)
    assert max(copies(received).values()) <= 2


def test_iq_27_disk_full(plant):
    place = plant(lanes=20)
    with SmallDisk(place.query, queue_tables()) as disk:
        worker = place.start_worker()
        place.sink.behave(delay=0.02)
        place.emit(2000)
        wait_for(lambda: place.sink.count() > 20, PATIENCE, "it is at work")
        disk.fill()
        with pytest.raises(AssertionError, match="No space left on device"):
            place.emitter.run(
                """
document = env['res.partner.category'].create({'name': 'On a full disk'})
for _turn in range(2000):
    env['mfg.integration.event'].emit('note.changed', document, {'padding': 'x' * 900})
"""
            )
        full = "No space left on device"
        wait_for(lambda: worker.has_logged(full), PATIENCE, "the worker notices")
        away = " is away: "  # once for each try, whatever else is said of it
        wait_for(lambda: worker.has_logged(away), PATIENCE, "the worker gives up")
        sent, tries = place.sink.count(), worker.log.read_text().count(away)
        started = time.monotonic()
        wait_for(
            lambda: worker.log.read_text().count(away) >= tries + 3,
            PATIENCE,
            "it tries again",
        )
        assert time.monotonic() - started > 1, "it has to back off"
        assert place.sink.count() == sent, "nothing is sent that cannot be noted"
        assert worker.process.poll() is None

        disk.empty()
        place.emit(10)
        place.wait_until_settled()
        worker.process.terminate()
        worker.process.wait(30)
    received = place.sink.received()
    assert {each["data"]["n"] for each in received} == set(range(2010))
    assert_in_order(received)
    assert max(copies(received).values()) == 1
    assert not place.value(
        "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' = 'On a full disk'"
    ), "the document is undone together with its messages"
