"""Outbound faults IQ-01 … IQ-10: kills, restarts and races with real workers."""

import os
import threading
import time
from contextlib import closing, suppress

import pytest

from tests.support.emitter import Emitter
from tests.support.figures import assert_within
from tests.support.plant import PATIENCE, Plant, assert_in_order, copies, drain, kill
from tests.support.waiting import wait_for


def test_iq_01_rollback_sends_nothing(plant):
    place = plant()
    place.start_worker()
    place.emitter.open("undone")
    place.emitter.emit(5, 1, tx="undone")
    place.emitter.rollback("undone")
    place.emit(1)
    place.wait_until_settled()
    assert [each["data"]["n"] for each in place.sink.received()] == [5]
    assert place.value("SELECT count(*) FROM mfg_integration_event") >= 1


def test_workers_are_told_where_something_is_new(plant, lab):
    place = plant(lanes=40)
    with closing(lab.connect(place.database)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("LISTEN mfg_integration")

        def told():
            connection.poll()
            return [each.payload for each in connection.notifies]

        place.emitter.open("undone")
        place.emitter.emit(5, 1, tx="undone")
        place.emitter.rollback("undone")
        place.emit(40)
        wait_for(told, PATIENCE, "workers are told")

        waiting = place.query(
            "SELECT DISTINCT endpoint_id, part FROM mfg_integration_delivery ORDER BY 1, 2"
        )
        assert told() == [" ".join(f"{each}:{part}" for each, part in waiting)]


def test_iq_02_killed_worker_is_replaced_at_once(quiet, plant, lab):
    count, lanes = (1500, 60) if lab.quick else (6000, 300)
    place = plant(lanes=lanes)
    place.sink.behave(delay=0.01)
    first = place.start_worker("first")
    place.start_worker("second")
    place.emit(count)
    wait_for(lambda: place.sink.count() > count // 6, PATIENCE, "both are at work")
    kill(first)
    killed_at = time.time()
    on_the_wire = place.value(
        "SELECT inflight FROM mfg_integration_worker_wire JOIN mfg_integration_worker w "
        "ON w.id = worker_id WHERE pid = %s",
        first.process.pid,
    )
    place.wait_until_settled()

    received = place.sink.received()
    assert all(each["signed"] for each in received)
    assert {each["data"]["n"] for each in received} == set(range(count))
    assert_in_order(received)
    twice = [id_ for id_, number in copies(received).items() if number > 1]
    assert len(twice) <= len(on_the_wire)
    assert set(copies(received).values()) <= {1, 2}
    resent = [each["at"] for each in received if each["id"] in twice]
    if resent:
        taken_over = min(at for at in resent if at > killed_at) - killed_at
        assert_within(taken_over, 1, quiet, "taken over after the kill")


def test_iq_03_killed_between_the_answer_and_our_commit(plant):
    place = plant()
    worker = place.start_worker("first")
    with place.lab.connect(place.database) as blocker:
        blocker.autocommit = False
        cursor = blocker.cursor()
        place.sink.behave(delay=0.5)
        place.emit(1)
        wait_for(lambda: place.unfinished() == 1, PATIENCE, "the event is committed")
        cursor.execute("SELECT id FROM mfg_integration_delivery FOR UPDATE")
        wait_for(
            lambda: place.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database() "
                "AND application_name = 'mfg_integration_worker'"
            ),
            PATIENCE,
            "the worker waits to write the receiver's answer down",
        )
        kill(worker)
        # PostgreSQL would still finish the statement of a client that is gone
        place.cut_workers("wait_event_type = 'Lock'")
        blocker.rollback()
    place.sink.behave()
    place.start_worker("second")
    place.wait_until_settled()
    received = place.sink.received()
    assert len(received) == 2
    assert received[0]["id"] == received[1]["id"]
    attempts = place.query(
        "SELECT attempt_no, status, error_code FROM mfg_integration_attempt "
        "WHERE event_id = (SELECT max(id) FROM mfg_integration_event) ORDER BY id"
    )
    assert attempts == [(1, None, "INT-002"), (2, 200, None)]


def test_iq_04_sigterm_drains(plant):
    place = plant(lanes=50)
    place.sink.behave(delay=0.05)
    worker = place.start_worker("first")
    place.emit(1500)
    wait_for(lambda: place.sink.count() > 30, PATIENCE, "it is at work")
    drain(worker)
    assert place.unfinished() > 0, "the test was too slow to interrupt anything"
    place.sink.behave()
    place.start_worker("second")
    place.wait_until_settled()
    received = place.sink.received()
    assert len(received) == 1500
    assert set(copies(received).values()) == {1}
    assert_in_order(received)


def test_iq_05_lost_connections_are_taken_up_again(quiet, plant):
    place = plant(lanes=50)
    place.sink.behave(delay=0.01)
    worker = place.start_worker()
    place.emit(1000)
    wait_for(lambda: place.sink.count() > 100, PATIENCE, "it is at work")
    place.cut_workers()
    before = place.sink.count()
    cut_at = time.monotonic()
    wait_for(lambda: place.sink.count() > before + 50, PATIENCE, "it delivers again")
    again = time.monotonic() - cut_at
    assert_within(again, 5, quiet, "delivering again after the cut")
    place.wait_until_settled()
    assert worker.process.poll() is None
    received = place.sink.received()
    assert {each["data"]["n"] for each in received} == set(range(1000))
    assert_in_order(received)


@pytest.mark.long  # making a server of its own takes longer than the test
def test_iq_05_server_that_crashes_under_load(quiet, lab):
    if os.environ.get("MFG_FAULTS_DATABASE"):
        pytest.skip("the customer's server is not ours to crash")
    with lab.apart() as (apart, cluster), closing(Plant(apart, lanes=50)) as place:
        place.sink.behave(delay=0.01)
        worker = place.start_worker()
        place.emit(2000)
        wait_for(lambda: place.sink.count() > 100, PATIENCE, "it is at work")
        users = threading.Thread(target=emit_until_cut_off, args=[place])
        users.start()
        wait_for(lambda: place.sink.count() > 300, PATIENCE, "users are at work, too")

        assert users.is_alive()
        cluster.crash()
        back_at = time.time()
        users.join()
        place.connection = apart.connect(place.database)
        wait_for(lambda: place.sink.span()[1] > back_at, PATIENCE, "it delivers again")
        place.emit(100)
        place.wait_until_settled()

        assert worker.process.poll() is None
        received = place.sink.received()
        again = min(each["at"] for each in received if each["at"] > back_at)
        assert_within(again - back_at, 5, quiet, "delivering after the server is back")
        committed = place.query(
            "SELECT (payload->>'n')::int FROM mfg_integration_event e "
            "JOIN mfg_integration_interface i ON i.id = e.interface_id "
            "WHERE i.code = 'note.changed'"
        )
        assert len(committed) > 2100, "users committed nothing meanwhile"
        assert {each["data"]["n"] for each in received} == {n for (n,) in committed}
        assert_in_order(received)
        twice = [each for each in copies(received).values() if each > 1]
        # at ten milliseconds a call, so much is on the wire and ahead of it at most
        assert len(twice) <= 3 * place.value(
            "SELECT concurrency FROM mfg_integration_endpoint WHERE id = %s",
            place.endpoints[0],
        )
        assert set(twice) <= {2}


def emit_until_cut_off(place):
    """Work as users who commit one document after the other, until the database is away."""
    with suppress(AssertionError):
        for _turn in range(1000):
            place.emit(10, per_commit=1)


def test_iq_06_racing_workers_send_everything_once(plant, lab):
    count, lanes, workers = (2000, 100, 2) if lab.quick else (50000, 1000, 4)
    place = plant(lanes=lanes)
    # or a worker's share could be partitions of others, where nothing happens
    place.query(
        "UPDATE mfg_integration_endpoint SET active = false WHERE id <> %s",
        place.endpoints[0],
    )
    for number in range(workers):
        place.start_worker(f"worker{number}")

    def owners():
        # an advisory lock in the database is the owner of a partition
        return place.query(
            "SELECT pid, array_agg(objid::bigint) FROM pg_locks JOIN pg_database AS base "
            "ON base.oid = database AND datname = current_database() "
            "WHERE locktype = 'advisory' AND classid = %s AND granted GROUP BY pid",
            0x4D464750,
        )

    wait_for(lambda: len(owners()) == workers, PATIENCE, "each has its share")
    emitting = threading.Thread(target=place.emit, args=(count,))
    emitting.start()
    while emitting.is_alive():
        owned = [partition for _pid, each in owners() for partition in each]
        assert len(owned) == len(set(owned)), "a partition has two owners"
    emitting.join()
    place.wait_until_settled(300)
    senders = place.value(
        "SELECT count(DISTINCT worker) FROM mfg_integration_attempt WHERE endpoint_id = %s",
        place.endpoints[0],
    )
    assert senders == workers, "somebody had nothing to do"
    received = place.sink.received()
    assert len(received) == count
    assert set(copies(received).values()) == {1}
    assert_in_order(received)


def test_iq_09_order_is_the_order_of_the_commits(quiet, plant):
    place = plant(lanes=3)
    place.start_worker()
    one, two, other = place.records

    # a transaction that drew its ids first and commits last
    place.emitter.open("early")
    place.emitter.emit(1, 1, tx="early", record=one)
    place.emitter.open("late")
    place.emitter.emit(1, 1, tx="late", record=two)
    place.emitter.commit("late")
    started = time.monotonic()
    place.emitter.emit(20, 1, record=other)
    # while the early one is open: it holds up nobody
    wait_for(lambda: place.sink.count() == 21, PATIENCE, "the others arrive")
    assert_within(
        time.monotonic() - started, 1, quiet, "other lanes beside an open transaction"
    )
    place.emitter.commit("early")
    # at once another event of that record, with a later number
    place.emitter.emit(1, 1, record=one)
    wait_for(lambda: place.sink.count() == 23, PATIENCE, "the late commit arrives")
    assert_in_order(place.sink.received())

    # two transactions about one record: the second waits for the first
    place.emitter.open("first")
    place.emitter.emit(1, 1, tx="first", record=one)
    second = Emitter(place.lab, place.database)
    try:
        second.run(f"work.records = [{one}]; work.number = 1000")
        second.send(
            "emit", count=1, lanes=1, per_commit=1, size=0, tx=None, record=None
        )
        wait_for(
            lambda: place.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            ),
            PATIENCE,
            "the second transaction waits",
        )
        place.emitter.commit("first")
        second.answer()
    finally:
        second.close()
    place.wait_until_settled()
    numbers = [
        each["data"]["n"]
        for each in place.sink.received()
        if each["lane"] == f"res.partner.category,{one}"
    ]
    assert numbers == [0, 22, 23, 1000]


@pytest.mark.parametrize("on_dead", ["continue", "block"])
def test_iq_10_poison_message(plant, on_dead):
    place = plant(on_dead=on_dead)
    place.sink.behave(fail_when={'"n": 1,': 422, '"n": 1}': 422})
    place.start_worker()
    place.emit(4)
    place.wait_until_settled() if on_dead == "continue" else wait_for(
        lambda: place.value("SELECT count(*) FROM mfg_integration_dead"),
        PATIENCE,
        "the letter is written",
    )
    letters = place.query(
        "SELECT reason, error_code, attempts, blocking, state FROM mfg_integration_dead "
        "WHERE event_ref > 0 ORDER BY id DESC LIMIT 1"
    )
    assert letters == [("refused", "HTTP-422", 1, on_dead == "block", "open")]
    if on_dead == "block":
        assert place.value("SELECT count(*) FROM mfg_integration_delivery") == 3
        place.sink.behave(fail_when={})
        place.emitter.run(
            "env['mfg.integration.dead'].search([('state', '=', 'open')], limit=1,"
            " order='id desc').with_user(env.ref('base.user_admin')).action_replay()"
        )
        place.wait_until_settled()
    accepted = [
        each["data"]["n"] for each in place.sink.received() if each["status"] == 200
    ]
    assert accepted == ([0, 2, 3] if on_dead == "continue" else [0, 1, 2, 3])
