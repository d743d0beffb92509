"""The simulators keep their promises: everything else is tested against them."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import time
import uuid

import pytest

from .support.simulator import SIMULATORS, Simulator
from .support.waiting import wait_for

SECRET = "whsec_" + base64.b64encode(b"a secret only this test knows...").decode()


@pytest.fixture
def mes(tmp_path):
    with Simulator("mes.py", tmp_path, secret=SECRET) as simulator:
        yield simulator


def cloud_event(**values):
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": "mfg.production.completed.v1",
        "source": "/test/1",
        "partitionkey": "mrp.production,1",
        "sequence": "00000000000000000001",
        "data": {"order": "WH/MO/00001"},
        **values,
    }


def signed(event, secret=SECRET, at=None):
    """Return (body, headers) of a delivery, signed as Standard Webhooks says."""
    body = json.dumps(event).encode()
    timestamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{event['id']}.{timestamp}.".encode() + body
    signature = base64.b64encode(
        hmac.new(key, content, hashlib.sha256).digest()
    ).decode()
    return body, {
        "Content-Type": "application/cloudevents+json",
        "webhook-id": event["id"],
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def deliver(simulator, event, path="/mes", **signing):
    return simulator.request("POST", path, *signed(event, **signing))


def test_signed_event_is_accepted_and_kept(mes, tmp_path):
    event = cloud_event()
    assert deliver(mes, event)[0] == 200
    (kept,) = mes.events()
    assert kept["id"] == event["id"]
    assert kept["lane"] == "mrp.production,1"
    assert kept["sequence"] == "00000000000000000001"
    assert kept["signature_valid"] and not kept["duplicate"]
    assert kept["body"] == event
    assert json.loads((tmp_path / "events.jsonl").read_text()) == kept


def test_events_survive_a_restart_of_the_simulator(tmp_path):
    event = cloud_event()
    with Simulator("mes.py", tmp_path, secret=SECRET) as simulator:
        deliver(simulator, event)
    with Simulator("mes.py", tmp_path, secret=SECRET) as simulator:
        assert [kept["id"] for kept in simulator.events()] == [event["id"]]


def test_same_event_twice_is_shown_as_duplicate(mes):
    event = cloud_event()
    deliver(mes, event)
    deliver(mes, event)
    assert [kept["duplicate"] for kept in mes.events(id=event["id"])] == [False, True]


@pytest.mark.parametrize(
    "signing",
    [
        {
            "secret": "whsec_"
            + base64.b64encode(b"another secret, 32 bytes long...").decode()
        },
        {"at": time.time() - 3600},
    ],
    ids=["other secret", "old timestamp"],
)
def test_bad_signature_is_refused(mes, signing):
    status, problem, headers = deliver(mes, cloud_event(), **signing)
    assert status == 401
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["title"] == "Signature refused"
    assert mes.events() == []


def test_changed_body_and_missing_header_are_refused(mes):
    body, headers = signed(cloud_event())
    assert mes.request("POST", "/mes", body + b" ", headers)[0] == 401
    del headers["webhook-signature"]
    assert mes.request("POST", "/mes", body, headers)[0] == 401


def test_any_of_several_signatures_is_enough(mes):
    body, headers = signed(cloud_event())
    headers["webhook-signature"] = "v1,b2xk " + headers["webhook-signature"]
    assert mes.request("POST", "/mes", body, headers)[0] == 200


def test_list_can_be_narrowed(mes):
    deliver(mes, cloud_event(type="mfg.production.completed.v1"))
    deliver(mes, cloud_event(type="mfg.lot.created.v1"), path="/events")
    assert len(mes.events()) == 2
    assert len(mes.events(type="mfg.lot.created.v1")) == 1
    assert len(mes.events(path="/mes")) == 1


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ({"mode": "error", "status": 500}, 500),
        ({"mode": "reject"}, 422),
        ({"mode": "busy", "retry_after": 7}, 429),
    ],
    ids=["error", "reject", "busy"],
)
def test_misbehaves_for_a_number_of_deliveries(mes, command, status):
    event = cloud_event()
    mes.control(count=2, **command)
    answers = [deliver(mes, event) for _attempt in range(3)]
    assert [answer[0] for answer in answers] == [status, status, 200]
    expected = None if "retry_after" not in command else str(command["retry_after"])
    assert answers[0][2]["Retry-After"] == expected
    assert [seen["status"] for seen in mes.requests()] == [status, status, 200]


def test_down_closes_the_connection_without_an_answer(mes):
    mes.control(mode="down")
    for _attempt in range(2):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            deliver(mes, cloud_event())
    mes.control(mode="ok")
    assert deliver(mes, cloud_event())[0] == 200


def test_behaviour_can_be_limited_to_one_path(mes):
    mes.control(mode="error", path="/mes")
    assert deliver(mes, cloud_event(), path="/events")[0] == 200
    assert deliver(mes, cloud_event(), path="/mes")[0] == 503


def test_slow_delivery_is_seen_in_flight_then_accepted(mes):
    mes.control(mode="slow", seconds=0.5)
    body, headers = signed(cloud_event())
    connection = http.client.HTTPConnection("127.0.0.1", mes.port, timeout=10)
    connection.request("POST", "/mes", body, headers)
    wait_for(lambda: mes.status()["in_flight"] == 1, 5, "the delivery is in flight")
    assert connection.getresponse().status == 200
    connection.close()
    assert mes.status()["in_flight"] == 0


def test_sender_that_dies_leaves_the_event_accepted(mes):
    mes.control(mode="slow", seconds=0.3)
    event = cloud_event()
    body, headers = signed(event)
    connection = http.client.HTTPConnection("127.0.0.1", mes.port, timeout=10)
    connection.request("POST", "/mes", body, headers)
    wait_for(lambda: mes.status()["in_flight"] == 1, 5, "the delivery is in flight")
    connection.close()
    wait_for(lambda: mes.events(id=event["id"]), 5, "the event is accepted")


def test_characters_of_the_three_paths(mes):
    event = cloud_event()
    assert deliver(mes, event, path="/mes")[0] == 200
    assert deliver(mes, event, path="/quality-archive")[0] == 422
    planning = [deliver(mes, event, path="/planning")[0] for _attempt in range(3)]
    assert planning == [503, 503, 200]
    assert deliver(mes, cloud_event(), path="/elsewhere")[0] == 404


def test_connection_is_kept_alive(mes):
    connection = http.client.HTTPConnection("127.0.0.1", mes.port, timeout=10)
    connection.connect()
    local_port = connection.sock.getsockname()[1]
    for _attempt in range(3):
        body, headers = signed(cloud_event())
        connection.request("POST", "/mes", body, headers)
        assert connection.getresponse().read()
        assert connection.sock.getsockname()[1] == local_port
    connection.close()


@pytest.mark.parametrize(
    "command",
    [
        "no json",
        "[]",
        '{"mode": "asleep"}',
        '{"speed": 1}',
        '{"mode": "slow", "seconds": "2"}',
    ],
)
def test_wrong_command_is_named_and_changes_nothing(mes, command):
    status, problem, _headers = mes.request("POST", "/control", command)
    assert status == 400
    assert problem["detail"]
    assert mes.status()["control"]["mode"] == "ok"


def test_body_that_is_no_event_is_refused(mes):
    _body, headers = signed(cloud_event())
    del headers["webhook-signature"]
    junk = b'["not", "an", "event"]'
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + junk
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    headers["webhook-signature"] = f"v1,{digest}"
    assert mes.request("POST", "/mes", junk, headers)[0] == 400


def test_request_without_length_is_refused(mes):
    with socket.create_connection(("127.0.0.1", mes.port), timeout=10) as connection:
        connection.sendall(b"POST /mes HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 411 " in connection.recv(4096).split(b"\r\n")[0]


def test_shipped_settings_start_a_simulator_with_the_demo_secret(tmp_path):
    for entry in json.loads((SIMULATORS / "simulators.json").read_text()):
        with Simulator(entry["script"], tmp_path / entry["name"]) as simulator:
            event = cloud_event()
            answer = deliver(simulator, event, path="/events", secret=entry["secret"])
            assert answer[0] == 200


# -- the floor -------------------------------------------------------------------------

RELEASED = {
    "order": "C/MO/00007",
    "order_group": "C/MO/00007",
    "product": {"code": "GW", "barcode": None, "name": "Wheel", "tracking": "lot"},
    "quantity": {"value": 5, "unit": "Units"},
    "operations": [{"name": "Mill"}],
    "components": [
        {
            "product": {"code": "BAR", "barcode": None},
            "lots": [{"name": "SB-1", "quantity": {"value": 10, "unit": "kg"}}],
        }
    ],
}


@pytest.fixture
def floor(tmp_path):
    """Floor that reports to the MES simulator, which stands for Odoo: it refuses what has
    no signature, and remembers having been asked."""
    with Simulator("floor.py", tmp_path, secret=SECRET) as simulator:
        yield simulator


def hears_of_an_order(floor):
    event = cloud_event(type="mfg.production.released.v1", data=RELEASED)
    assert deliver(floor, event, path="/events")[0] == 200
    return event


def test_floor_keeps_its_reports_until_somebody_takes_them(floor):
    hears_of_an_order(floor)
    wait_for(lambda: floor.status()["waiting"] == 4, 5, "four reports wait")
    assert floor.status()["sent"] == []


@pytest.mark.parametrize(
    ("manners", "keys"),
    [
        ({}, ["material", "Mill/start", "Mill/complete", "goods"]),
        ({"swapped": True}, ["material", "Mill/complete", "Mill/start", "goods"]),
        (
            {"twice": True},
            [
                key
                for key in ("material", "Mill/start", "Mill/complete", "goods")
                for _time in range(2)
            ],
        ),
    ],
    ids=["well behaved", "swapped", "twice"],
)
def test_floor_reports_on_a_released_order(floor, mes, manners, keys):
    floor.order("/manners", **manners)
    hears_of_an_order(floor)
    floor.order("/connect", url=mes.url, key="secret")
    wait_for(lambda: len(floor.status()["sent"]) == len(keys), 10, "all was reported")
    sent = floor.status()["sent"]
    assert [report["key"] for report in sent] == [f"C/MO/00007/{key}" for key in keys]
    assert {report["status"] for report in sent} == {404}, "the MES has no inbox"


def test_floor_hears_of_an_order_once(floor):
    event = hears_of_an_order(floor)
    deliver(floor, event, path="/events")
    wait_for(lambda: floor.status()["waiting"] == 4, 5, "four reports wait")


def test_floor_refuses_manners_it_does_not_know(floor):
    assert floor.request("POST", "/manners", '{"rude": true}')[0] == 400
