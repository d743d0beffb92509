"""The simulators keep their promises: everything else is tested against them."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import time
import uuid

import jsonschema
import pytest

from odoo.addons.mfg_integration_queue.engine import file_control

from .support.inbox import Inbox
from .support.simulator import SIMULATORS, Simulator
from .support.waiting import wait_for

CONTRACTS = SIMULATORS.parents[1] / "addons" / "mfg_integration_plant" / "contracts"
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
            answer = deliver(
                simulator, event, path=entry["events"], secret=entry["secret"]
            )
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


def simulated(script):
    """Return a fixture: the simulator as a process of its own.

    What reports over HTTP does so to the MES simulator, which stands for Odoo: it refuses
    what has no signature, and remembers having been asked.
    """

    def running(tmp_path):
        with Simulator(script, tmp_path / script, secret=SECRET) as simulator:
            yield simulator

    return pytest.fixture(running, name=script.removesuffix(".py"))


floor_fixture = simulated("floor.py")
wms_fixture = simulated("wms.py")
logistics_fixture = simulated("logistics.py")
supplier_fixture = simulated("supplier.py")
legacy_erp_fixture = simulated("legacy_erp.py")
accounting_fixture = simulated("accounting.py")
partners_fixture = simulated("partners.py")


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


def test_floor_reports_late(floor, mes):
    floor.order("/connect", url=mes.url, key="secret")
    floor.order("/manners", late=0.4)
    before = time.monotonic()
    hears_of_an_order(floor)
    wait_for(lambda: len(floor.status()["sent"]) == 4, 10, "all was reported")
    assert time.monotonic() - before >= 0.4


# -- warehouse, supplier portal, logistics provider --------------------------------------

EXPECTED = {
    "order": "P00042",
    "status": "ordered",
    "lines": [
        {
            "line": 311,
            "product": {"code": "HS-1", "barcode": None, "tracking": "lot"},
            "quantity": {"value": 100, "unit": "Units"},
            "unit_price": 12.5,
            "expected_at": "2026-03-16T11:00:00Z",
        },
        {
            "line": 312,
            "product": {"code": "SC-1", "barcode": None, "tracking": "none"},
            "quantity": {"value": 8, "unit": "Dozens"},
            "unit_price": 2,
            "expected_at": None,
        },
    ],
}


def fits(interface, payload):
    """Check a report against the contract that it is sent under."""
    path = CONTRACTS / f"{interface}.v1.schema.json"
    jsonschema.validate(payload, json.loads(path.read_text(encoding="utf-8")))
    return payload


def hears_of(simulator, event_type, data):
    event = cloud_event(type=f"mfg.{event_type}.v1", data=data)
    assert deliver(simulator, event, path="/events")[0] == 200
    return event


def reported(simulator, inbox, count):
    """Wait for reports; return [(interface, payload), …] as they reached the inbox."""
    wait_for(lambda: len(inbox.taken) == count, 10, f"{count} reports came")
    return [(interface, fits(interface, body)) for interface, body, _key in inbox.taken]


@pytest.fixture
def inbox():
    """What stands for Odoo's inbox: takes everything, and remembers it."""
    with Inbox() as running:
        yield running


def test_wms_receives_what_is_expected_and_keeps_its_stock(wms, inbox):
    wms.order("/connect", url=inbox.url, key="secret")
    hears_of(wms, "purchase.ordered", EXPECTED)
    assert wms.status()["expected"] == ["P00042"]
    wms.order("/receive", order="P00042", location="DOCK", note="LS-1")
    goods = {"item": "HS-1", "unit": "Units", "lot": "W-P00042-1"}
    wms.order("/transfer", **{"from": "DOCK"}, to="A-1", quantity=60, **goods)
    wms.order("/adjust", location="A-1", quantity=-2, reason="Damaged", **goods)
    wms.order("/find", location="A-1", quantity=57, **goods)
    wms.order("/count", location="A-1")
    wms.order("/snapshot", locations=["DOCK", "A-1"])
    reports = reported(wms, inbox, 5)
    assert [interface for interface, _payload in reports] == [
        "goods.receipt",
        "stock.transfer",
        "stock.adjustment",
        "stock.count",
        "stock.snapshot",
    ]
    receipt, count, snapshot = reports[0][1], reports[3][1], reports[4][1]
    assert [each.get("lot") for each in receipt["lines"]] == ["W-P00042-1", None]
    assert [each["quantity"]["value"] for each in count["lines"]] == [57]
    there = {
        (each["location"], each["item"]): each["quantity"]["value"]
        for each in snapshot["lines"]
    }
    assert there == {("A-1", "HS-1"): 57, ("DOCK", "HS-1"): 40, ("DOCK", "SC-1"): 8}


def test_wms_forgets_a_cancelled_order(wms):
    hears_of(wms, "purchase.ordered", EXPECTED)
    hears_of(wms, "purchase.ordered", {**EXPECTED, "status": "cancelled"})
    assert wms.status()["expected"] == []
    body = json.dumps({"order": "P00042", "location": "DOCK"})
    assert wms.request("POST", "/receive", body)[0] == 400


@pytest.mark.parametrize(
    ("manners", "interfaces"),
    [
        ({}, ["purchase.acknowledged", "shipment.announced"]),
        ({"swapped": True}, ["shipment.announced", "purchase.acknowledged"]),
    ],
    ids=["well behaved", "ship notice first"],
)
def test_supplier_answers_an_order(supplier, inbox, manners, interfaces):
    supplier.order("/manners", **manners)
    supplier.order("/connect", url=inbox.url, key="secret")
    hears_of(supplier, "purchase.ordered", EXPECTED)
    reports = reported(supplier, inbox, 2)
    assert [interface for interface, _payload in reports] == interfaces
    notice = dict(reports)["shipment.announced"]
    assert [each.get("lot") for each in notice["lines"]] == ["S-P00042-1", None]


def test_supplier_answers_by_its_terms(supplier, inbox):
    supplier.order("/connect", url=inbox.url, key="secret")
    supplier.order("/terms", days=3, share=0.5, price=2, ships=False)
    hears_of(supplier, "purchase.ordered", EXPECTED)
    ((_interface, answer),) = reported(supplier, inbox, 1)
    first = answer["lines"][0]
    assert first["expected_at"] == "2026-03-19T11:00:00Z"
    assert (first["quantity"]["value"], first["unit_price"]) == (50, 25)
    taken_over = [
        {**asked, **{name: told[name] for name in ("quantity", "expected_at")}}
        for asked, told in zip(EXPECTED["lines"], answer["lines"], strict=True)
    ]
    hears_of(supplier, "purchase.ordered", {**EXPECTED, "lines": taken_over})
    assert supplier.status()["waiting"] == 0, "what it confirmed needs no answer"
    supplier.order("/terms", status="rejected")
    hears_of(supplier, "purchase.ordered", {**EXPECTED, "order": "P00043"})
    assert reported(supplier, inbox, 2)[1][1]["status"] == "rejected"
    hears_of(supplier, "purchase.ordered", {**EXPECTED, "status": "cancelled"})
    assert supplier.status()["waiting"] == 0


def test_supplier_says_everything_twice_under_one_key(supplier, inbox):
    supplier.order("/manners", twice=True)
    supplier.order("/connect", url=inbox.url, key="secret")
    hears_of(supplier, "purchase.ordered", EXPECTED)
    reported(supplier, inbox, 4)
    keys = [key for _interface, _body, key in inbox.taken]
    assert keys[0] == keys[1] != keys[2] == keys[3]


def test_logistics_orders_and_notes_what_is_shipped(logistics, inbox):
    logistics.order("/connect", url=inbox.url, key="secret")
    line = {"item": "MT-1", "quantity": 2, "unit": "Dozens", "unit_price": 1440}
    logistics.order("/order", number="PO-1", customer="C-200", lines=[line])
    ((interface, _order),) = reported(logistics, inbox, 1)
    assert interface == "sales.ordered"
    path = CONTRACTS / "shipment.confirmed.v1.example.json"
    shipment = json.loads(path.read_text(encoding="utf-8"))
    hears_of(
        logistics, "shipment.confirmed", {**shipment, "customer_reference": "PO-1"}
    )
    (shipped,) = logistics.status()["orders"]["PO-1"]
    assert shipped["quantity"] == {"value": 24, "unit": "Units"}
    assert shipped["lots"] == ["M-0001"]


# -- legacy ERP and local accounting -----------------------------------------------------


ROWS = [["item", "quantity"], *(["SC-1", number] for number in range(1, 5))]


@pytest.fixture
def exchange(tmp_path, legacy_erp):
    """Folder that a legacy ERP shares with us."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    legacy_erp.order("/connect", folder=str(folder))
    return folder


def drops(legacy_erp, **manners):
    """Have a table of five lines written with these manners."""
    legacy_erp.order("/manners", **manners)
    before = len(legacy_erp.status()["written"])
    names = legacy_erp.order("/drop", path="in", name="stock.csv", rows=ROWS)["left"]
    wait_for(
        lambda: len(legacy_erp.status()["written"]) == before + len(names),
        10,
        "everything is written",
    )
    return names


def announced(place, name):
    """Return the content of a file if its control file says that it is complete."""
    size, digest = file_control.read(name, (place / f"{name}.ctl").read_bytes())
    data = (place / name).read_bytes()
    assert file_control.difference(data, size, digest) is None
    return data


def test_legacy_erp_announces_complete_files(legacy_erp, exchange):
    drops(legacy_erp)
    data = announced(exchange / "in", "stock.csv")
    assert data.splitlines()[:2] == [b"item;quantity", b"SC-1;1"]


def test_legacy_erp_misbehaves_on_command(legacy_erp, exchange):
    place = exchange / "in"
    assert drops(legacy_erp, twice=True) == ["stock.csv", "again-stock.csv"]
    assert announced(place, "stock.csv") == announced(place, "again-stock.csv")
    whole = (place / "stock.csv").read_bytes()
    for path in place.iterdir():
        path.unlink()

    drops(legacy_erp, half=True)
    assert [path.name for path in place.iterdir()] == ["stock.csv"]
    assert whole.startswith((place / "stock.csv").read_bytes())

    drops(legacy_erp, checksum=True)
    with pytest.raises(AssertionError):
        announced(place, "stock.csv")

    drops(legacy_erp, malformed=True)
    assert b"not a line" in announced(place, "stock.csv")

    before = time.monotonic()
    drops(legacy_erp, late=0.2, slow=0.2)
    assert time.monotonic() - before >= 0.4


def test_legacy_erp_announces_a_file_that_is_not_there_yet(legacy_erp, exchange):
    legacy_erp.order("/manners", swapped=True, slow=1)
    legacy_erp.order("/drop", path="in", name="stock.csv", rows=ROWS)
    control = exchange / "in" / "stock.csv.ctl"
    wait_for(control.exists, 5, "the control file is there")
    assert legacy_erp.status()["written"] == []
    wait_for(lambda: legacy_erp.status()["written"], 10, "the rest follows")
    assert announced(exchange / "in", "stock.csv")


def test_legacy_erp_keeps_its_files_while_it_is_offline(legacy_erp, exchange):
    legacy_erp.order("/manners", offline=True)
    for name in ("1.json", "2.json"):
        legacy_erp.order("/drop", path="in", name=name, payload={"number": name})
    assert legacy_erp.status()["waiting"] == ["1.json", "2.json"]
    assert not list(exchange.iterdir())
    legacy_erp.order("/manners")
    wait_for(
        lambda: legacy_erp.status()["written"] == ["1.json", "2.json"],
        10,
        "both are written in order",
    )


def test_legacy_erp_takes_complete_files_only(legacy_erp, exchange):
    place = exchange / "out"
    place.mkdir()
    good, bad = b'{"id": 1}', b'{"id": 2}'
    for name, data, told in (("a.json", good, good), ("b.json", bad, good)):
        (place / name).write_bytes(data)
        (place / f"{name}.ctl").write_bytes(file_control.build(name, told))
    (place / "c.json").write_bytes(good)
    answer = legacy_erp.order("/pick_up", path="out")
    assert [each["name"] for each in answer["files"]] == ["a.json"]
    assert answer["refused"] == ["b.json"]
    assert (place / "archive" / "a.json").read_bytes() == good


def test_accounting_leaves_a_journal_with_its_totals(accounting, tmp_path):
    accounting.order("/connect", folder=str(tmp_path))
    lines = [{"account": "400000", "debit": 0.1}, {"account": "101200", "credit": 0.1}]
    batch = {"path": "in", "journal": "MISC", "date": "2026-03-31", "lines": lines}
    for reference, off_by in (("B-1", 0), ("B-2", 100)):
        accounting.order("/book", reference=reference, off_by=off_by, **batch)
    wait_for(lambda: len(accounting.status()["written"]) == 2, 10, "both are written")
    journals = [
        fits("finance.journal", json.loads(announced(tmp_path / "in", f"{name}.json")))
        for name in ("B-1", "B-2")
    ]
    totals = [journal["control"]["debit"] for journal in journals]
    assert totals == [0.1, 100.1]
    assert [journal["control"]["lines"] for journal in journals] == [2, 2]


def test_accounting_leaves_bills_and_credit_notes_with_their_totals(
    accounting, tmp_path
):
    accounting.order("/connect", folder=str(tmp_path))
    goods = {"item": "HS-1", "quantity": 3, "unit": "Units", "unit_price": 0.335}
    paper = {"path": "in", "date": "2026-03-31", "currency": "EUR", "lines": [goods]}
    accounting.order("/bill", number="R-1", order="P1", tax=0.2, off_by=1, **paper)
    accounting.order("/bill", number="G-1", bill="R-1", vendor="V-1", **paper)
    wait_for(lambda: len(accounting.status()["written"]) == 2, 10, "both are written")
    bill, credit = (
        fits(code, json.loads(announced(tmp_path / "in", f"{name}.json")))
        for code, name in (("bill.received", "R-1"), ("credit.received", "G-1"))
    )
    assert bill["control"] == {"lines": 1, "untaxed": 1.0, "tax": 0.2, "total": 2.2}
    assert credit["bill"] == "R-1"
    assert credit["control"]["total"] == 1.0


# -- all of them in one process ----------------------------------------------------------


def test_partners_are_found_below_their_names(partners, inbox):
    event = cloud_event(type="mfg.purchase.ordered.v1", data=EXPECTED)
    assert deliver(partners, event, path="/wms/events")[0] == 200
    assert deliver(partners, event, path="/nobody/events")[0] == 404
    systems = partners.status()["systems"]
    assert systems["wms"]["expected"] == ["P00042"]
    assert systems["supplier"]["accepted"] == 0
    assert partners.request("GET", "/wms/events")[1][0]["id"] == event["id"]
    partners.order("/wms/connect", url=inbox.url, key="secret")
    partners.order("/wms/receive", order="P00042", location="DOCK")
    reported(partners, inbox, 1)


def test_a_new_secret_comes_with_the_connection(wms, inbox):
    other = "whsec_" + base64.b64encode(b"what the endpoint signs with now").decode()
    wms.order("/connect", url=inbox.url, key="secret", secret=other)
    event = cloud_event(type="mfg.purchase.ordered.v1", data=EXPECTED)
    assert deliver(wms, event, path="/events")[0] == 401
    assert deliver(wms, event, path="/events", secret=other)[0] == 200
