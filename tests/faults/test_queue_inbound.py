"""Inbound faults IQ-18 … IQ-22: hostile and repeated requests, collisions, crashes."""

import base64
import collections
import contextlib
import email.parser
import http.client
import json
import signal
import socket
import time
from statistics import median

import pytest

from tests.support.figures import MEGABYTE, assert_within, memory
from tests.support.inbound_site import SECRET, InboundSite, sign
from tests.support.waiting import wait_for

PATIENCE = 90
#: a worker process; a server may grow by so much over what its modules need
MEMORY_LIMIT = 256 * MEGABYTE
GROWTH_LIMIT = 128 * MEGABYTE


@pytest.fixture
def site(lab):
    sites = []

    def open_site(**options):
        sites.append(InboundSite(lab, **options))
        return sites[-1]

    yield open_site
    for each in sites:
        each.close()


def kill(service):
    service.process.send_signal(signal.SIGKILL)
    service.process.wait()


def statuses(answers):
    return collections.Counter(status for status, _body, _headers in answers)


def settle(place):
    wait_for(lambda: not place.unfinished(), PATIENCE, "every message is processed")


# IQ-18


def test_iq_18_only_good_signatures_have_an_effect(site):
    place = site(signed=True, sync=["system.note"])
    place.start_server()
    body = json.dumps({"text": "Hello"}).encode()
    good = sign(body, "msg-good")
    foreign = base64.b64encode(b"another secret of thirty-two by").decode()
    bad = {
        "missing": dict.fromkeys(good, ""),
        "no id": {**good, "webhook-id": ""},
        "other id": {**good, "webhook-id": "msg-other"},
        "malformed": {**good, "webhook-signature": "v1,%%%"},
        "no version": {**good, "webhook-signature": good["webhook-signature"][3:]},
        "not ASCII": {**good, "webhook-signature": "v1,\xe4\xf6"},
        "not a time": {**good, "webhook-timestamp": "now"},
        "old": sign(body, "msg-good", timestamp=int(time.time()) - 600),
        "future": sign(body, "msg-good", timestamp=int(time.time()) + 600),
        "foreign key": sign(body, "msg-good", secret=foreign),
        "other body": sign(b"{}", "msg-good"),
    }
    for name, headers in bad.items():
        status, problem, _headers = place.post(body, headers=headers)
        assert (status, problem["code"]) == (401, "IN-401-SIGNATURE"), name
    assert place.notes() == 0
    first = place.post(body, headers=good)
    assert first[0] == 200
    replayed = place.post(body, key="another", headers=good)
    assert replayed[1] == first[1]
    assert replayed[2]["idempotency-replayed"] == "true"
    assert place.notes() == 1
    assert SECRET not in place.server.log.read_text()
    assert place.key not in place.server.log.read_text()


def test_worker_process_hangs_up_with_its_answer(quiet, site):
    place = site()
    place.start_server(workers=1)
    body = json.dumps({"text": "Hello"}).encode()
    pauses = []
    for _turn in range(20):
        headers = {**place.headers(), "Content-Length": len(body), "Host": "x"}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(["POST /mfg_integration/v1/in/system.note HTTP/1.0", *lines])
        with socket.create_connection(("127.0.0.1", place.port), PATIENCE) as sender:
            sender.sendall(head.encode() + b"\r\n\r\n" + body)
            with sender.makefile("rb") as answer:
                assert b" 202 " in answer.readline()
                given = email.parser.BytesParser().parsebytes(
                    b"".join(iter(answer.readline, b"\r\n"))
                )
                answer.read(int(given["Content-Length"]))
                answered = time.monotonic()
                assert answer.read() == b""
            pauses.append(time.monotonic() - answered)
    # a server that listens for more first takes ten milliseconds every time
    assert_within(median(pauses), 0.005, quiet, "hanging up after the answer")


# IQ-20


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_iq_20_fifty_at_once_with_one_key_have_one_effect(site, mode):
    place = site(sync=["system.note"] if mode == "sync" else [])
    place.start_server()
    place.start_worker()
    for turn in range(3):
        payload, key = {"text": f"Turn {turn}"}, f"turn-{turn}"
        answers = place.parallel([lambda p=payload, k=key: place.post(p, key=k)] * 50)
        accepted = 200 if mode == "sync" else 202
        counted = statuses(answers)
        assert set(counted) <= {accepted, 409}, counted
        fresh = [
            body
            for status, body, headers in answers
            if status == accepted and "idempotency-replayed" not in headers
        ]
        assert len(fresh) == 1
        for status, body, headers in answers:
            if status == 409:
                assert int(headers["retry-after"]) >= 1
                assert body["code"] == "IN-409"
            else:
                assert body == fresh[0]
        settle(place)
        assert place.notes() == turn + 1
        status, problem, _headers = place.post({"text": "Other"}, key=key)
        assert (status, problem["code"]) == (422, "IN-422-KEY")
        assert place.post(payload, key=key)[1] == fresh[0]
    assert place.query(
        "SELECT state, count(*) FROM mfg_integration_inbox WHERE type = 'system.note' "
        "GROUP BY state"
    ) == [("processed", 3)]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_iq_20_crash_before_the_answer(site, mode):
    place = site(sync=["system.note"] if mode == "sync" else [])
    server = place.start_server()
    body = json.dumps({"text": "Once"}).encode()
    headers = {**place.headers("crash-1"), "Content-Length": len(body), "Host": "x"}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["POST /mfg_integration/v1/in/system.note HTTP/1.1", *lines])
    with socket.create_connection(("127.0.0.1", place.port)) as sender:
        sender.sendall(head.encode() + b"\r\n\r\n" + body)
        wait_for(
            lambda: place.query(
                "SELECT 1 FROM mfg_integration_inbox_key WHERE key = 'crash-1'"
            ),
            PATIENCE,
            "the message is committed",
        )
        kill(server)  # the sender never reads an answer
    place.start_server("server-again")
    status, answer, headers = place.post(body, key="crash-1")
    assert status == (200 if mode == "sync" else 202)
    assert headers["idempotency-replayed"] == "true"
    place.start_worker()
    settle(place)
    assert place.notes() == 1
    assert place.query(
        "SELECT uuid::text FROM mfg_integration_inbox WHERE type = 'system.note'"
    ) == [(answer["id"],)]


# IQ-21


def test_iq_21_colliding_handlers_are_tried_again_without_an_attempt(site):
    place = site()
    place.hasten_deadlocks()
    place.start_server()
    workers = [place.start_worker(f"worker-{number}") for number in range(2)]
    first, second = place.partners
    count = 60

    def send(number):
        # opposite orders of writing: what does not collide, deadlocks
        partners = [first, second] if number % 2 else [second, first]
        return place.post(
            {"partners": partners},
            "test.count",
            headers={"Ordering-Key": f"lane-{number}"},
        )

    for begin in range(0, count, 10):
        calls = [lambda n=number: send(n) for number in range(begin, begin + 10)]
        assert statuses(place.parallel(calls)) == {202: 10}
    settle(place)
    assert place.colors() == [count, count]
    assert place.query(
        "SELECT state, attempts, count(*) FROM mfg_integration_inbox "
        "WHERE type = 'test.count' GROUP BY state, attempts"
    ) == [("processed", 1, count)]
    assert any(worker.has_logged("collided") for worker in workers)


def test_iq_21_colliding_synchronous_messages_have_one_effect_each(site):
    place = site(sync=["test.count"])
    place.hasten_deadlocks()
    place.start_server()
    pair = place.partners

    def send(number):
        partners = pair if number % 2 else pair[::-1]
        key = f"sync-{number}"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = place.post({"partners": partners}, "test.count", key=key)
            if answer[0] != 503:  # told to come back, as any sender would
                return answer
        raise AssertionError("never accepted")

    answers = place.parallel([lambda n=number: send(n) for number in range(20)])
    assert statuses(answers) == {200: 20}
    assert place.colors() == [20, 20]


def test_killed_worker_loses_and_repeats_nothing(site):
    place = site()
    place.start_server()
    count = 100
    for number in range(count):
        place.post(
            {"partners": place.partners[:1]},
            "test.count",
            headers={"Ordering-Key": f"lane-{number % 7}"},
        )
    worker = place.start_worker()
    for _kill in range(2):  # a third one over the same message would set it aside
        before = place.unfinished()
        wait_for(lambda b=before: place.unfinished() < b, PATIENCE, "work goes on")
        kill(worker)
        worker = place.start_worker(f"worker-{_kill}")
    settle(place)
    assert place.colors()[0] == count
    assert place.query(
        "SELECT count(*) FROM mfg_integration_inbox WHERE state = 'processed' "
        "AND type = 'test.count'"
    ) == [(count,)]


def test_without_a_worker_the_scheduled_action_processes(site):
    place = site()
    place.query(
        "UPDATE ir_cron SET active = true WHERE id = (SELECT res_id FROM ir_model_data "
        "WHERE module = 'mfg_integration_queue' AND name = 'ir_cron_inbound')"
    )
    place.start_server(max_cron_threads=1)
    for number in range(20):
        place.post({"text": f"Note {number}"})
    settle(place)
    assert place.notes() == 20


def test_iq_11_inbound_poison_is_set_aside_after_three_crashes(site):
    place = site()
    place.start_server()
    partner = place.partners[0]
    for crash in (True, False):
        place.post({"partner": partner, "crash": crash}, "test.crash")
    crashes = 0
    worker = place.begin_worker()
    deadline = time.monotonic() + PATIENCE
    while place.unfinished() and time.monotonic() < deadline:
        if worker.process.poll() is not None:
            crashes += 1
            worker = place.begin_worker(f"worker-{crashes}")
        time.sleep(0.05)  # pause between two looks, not a guess at a duration
    assert crashes == 3
    assert place.query(
        "SELECT state FROM mfg_integration_inbox WHERE type = 'test.crash' ORDER BY id"
    ) == [("dead",), ("processed",)]
    assert place.query("SELECT reason, state FROM mfg_integration_inbox_exception") == [
        ("poison", "open")
    ]
    assert place.colors()[0] == 1, "the crashed attempts left nothing behind"


# IQ-22


def announce(place, length):
    """Announce a length, send the beginning of it; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/mfg_integration/v1/in/system.note")
        headers = place.headers(**{"Content-Length": str(length)})
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status


def send_chunks(place, size):
    """Send a body of unknown length; return the status, None if cut off before."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request(
            "POST",
            "/mfg_integration/v1/in/system.note",
            body=(b"x" * 65536 for _number in range(size // 65536)),
            headers=place.headers(),
            encode_chunked=True,
        )
        return connection.getresponse().status
    return None


def test_iq_22_hostile_bodies_cost_no_memory(site):
    place = site()
    server = place.start_server()
    assert place.post({"text": "warm"})[0] == 202
    before = memory(server.process)
    table = {
        b"": 400,
        b'{"text": "' + b"x" * 20_000 + b'"}': 422,
        b'{"text": "' + b"x" * 2 * MEGABYTE + b'"}': 413,
        b'{"text": "' + b"x" * 10 * MEGABYTE + b'"}': 413,
        b'{"a":' + b"[" * 1_000_000: 400,
        b'{"a":[' + b"[]," * 340_000 + b"[]]}": 422,
        b'{"text": "\xff"}': 400,
        b'{"text": "\x00"}': 400,
        b'{"text": "a", "text": "b"}': 400,
        b'{"text": 1e999999}': 400,
        b'{"text": ' + b"9" * 1_000_000 + b"}": 400,
    }
    for body, status in table.items():
        answer = place.post(body)
        assert answer[0] == status, (body[:40], answer)
        assert answer[1]["status"] == status
    for length in (100 * MEGABYTE, 10**12):
        assert place.parallel([lambda n=length: announce(place, n)] * 10) == [413] * 10
    cut_off = place.parallel([lambda: send_chunks(place, 100 * MEGABYTE)] * 4)
    assert set(cut_off) <= {413, None}
    assert place.post({"text": "alive"})[0] == 202
    grown = memory(server.process) - before
    print(f"server: {before / MEGABYTE:.0f} MB, grew by {grown / MEGABYTE:.0f} MB")
    assert grown < GROWTH_LIMIT
    assert " 500 -" not in server.log.read_text()
    worker = place.start_worker()
    settle(place)
    assert place.notes() == 2
    assert memory(worker.process) < MEMORY_LIMIT
