"""PI-02: each message that a plant may send, fifty times at once and again a week later."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.inbound_site import PATIENCE
from tests.support.report_site import ReportSite
from tests.support.waiting import wait_for

COPIES = 50
CONTRACTS = "addons/mfg_integration_plant/contracts"

ON_HAND = """
    SELECT COALESCE(SUM(q.quantity), 0)::float8 FROM stock_quant q
      JOIN stock_location p ON p.id = q.location_id AND p.usage = 'internal'
      JOIN stock_lot l ON l.id = q.lot_id
     WHERE q.company_id = {company} AND l.name = '{lot}' AND p.barcode = '{place}'
"""
ISSUED = """
    SELECT COALESCE(SUM(l.quantity), 0)::float8 FROM stock_move_line l
      JOIN stock_move m ON m.id = l.move_id AND m.picked
      JOIN mrp_production o ON o.id = m.raw_material_production_id
     WHERE o.name = '{document}'
"""
SCRAPPED = """
    SELECT COALESCE(SUM(s.scrap_qty), 0)::float8 FROM stock_scrap s
      JOIN mrp_production o ON o.id = s.production_id WHERE o.name = '{document}'
"""
CONFIRMED = """
    SELECT count(*) FROM mail_message m
      JOIN purchase_order o ON o.id = m.res_id AND o.name = '{document}'
     WHERE m.model = 'purchase.order' AND position('vendor confirmed' IN m.body) > 0
"""
ANNOUNCED = """
    SELECT COALESCE(SUM(l.quantity), 0)::float8 FROM stock_move_line l
      JOIN stock_picking p ON p.id = l.picking_id
     WHERE p.origin = '{document}' AND l.mfg_shipment = 'LS-2026-118'
"""
ENTRIES = "SELECT count(*) FROM account_move WHERE company_id = {company} AND ref = "
COUNTED = (
    "SELECT count(*) FROM stock_move WHERE company_id = {company} AND is_inventory"
)
DIFFERENT = (
    "SELECT count(*) FROM mfg_integration_stock_difference WHERE system_id = {system}"
)

#: message → (what differs from the example of its contract, None: left out; the measure of
#: its effect; by how much one message makes it grow)
MESSAGES = {
    "bill.received": (
        {"currency": "{currency}", "lines.0.line": None},
        ENTRIES + "'R-5501'",
        1,
    ),
    "credit.received": (
        {"currency": "{currency}", "bill": "R-5500", "lines.0.line": None},
        ENTRIES + "'G-118'",
        1,
    ),
    "bom.changed": ({}, "SELECT count(*) FROM mrp_bom WHERE code = 'B-MT-1'", 1),
    "finance.journal": ({}, ENTRIES + "'B-2026-03-31'", 1),
    "goods.receipt": ({}, ON_HAND, 60),
    "item.changed": (
        {"code": "HS-9"},
        "SELECT count(*) FROM product_product WHERE default_code = 'HS-9'",
        1,
    ),
    "partner.changed": (
        {"code": "V-900"},
        "SELECT count(*) FROM res_partner WHERE ref = 'V-900'",
        1,
    ),
    "production.confirmation": ({}, ON_HAND.replace("{lot}", "MT-0001"), 10),
    "production.consumption": ({}, ISSUED, 10),
    "production.operation": ({"action": "start", "quantity": None}, SCRAPPED, 1),
    "purchase.acknowledged": ({"lines.0.line": None}, CONFIRMED, 1),
    "sales.ordered": (
        {"currency": "{currency}"},
        "SELECT count(*) FROM sale_order WHERE client_order_ref = 'PO-77121'",
        1,
    ),
    "shipment.announced": ({}, ANNOUNCED, 60),
    "stock.adjustment": ({}, ON_HAND, -2),
    "stock.count": ({}, COUNTED, 1),
    "stock.snapshot": (
        {
            "locations": ["HALL1/Stock/Line 3"],
            "lines.0.location": "HALL1/Stock/Line 3",
            "lines.1.location": "HALL1/Stock/Line 3",
        },
        DIFFERENT,
        2,
    ),
    "stock.transfer": ({}, ON_HAND.replace("{place}", "HALL1/Stock/Line 3"), 12),
}


@pytest.fixture
def site(lab):
    sites = []

    def open_site(**options):
        sites.append(ReportSite(lab, **options))
        return sites[-1]

    yield open_site
    for each in sites:
        each.close()


def example(site, code, changes):
    """Return the example of a contract, about this plant's documents."""
    path = site.lab.root / CONTRACTS / f"{code}.v1.example.json"
    payload = json.loads(path.read_text(encoding="utf-8"))
    if document := site.documents.get(code):
        changes = {**changes, "order": document}
    for name, value in changes.items():
        *way, last = name.split(".")
        target = payload
        for step in way:
            target = target[int(step) if step.isdigit() else step]
        if value is None:
            del target[last]
        else:
            target[last] = site.currency if value == "{currency}" else value
    return payload


def measured(site, code, measure):
    """Return what is counted of the effect of a message."""
    ((value,),) = site.query(
        measure.format(
            company=site.company,
            system=site.system,
            document=site.documents.get(code),
            lot="HS-0003",
            place="HALL1/Stock",
        )
    )
    return value


def send_copies(site, code, payload):
    """Send one message many times in parallel, each until it is accepted."""

    def send(_number):
        return site.post(payload, code, f"{code}-1")

    with ThreadPoolExecutor(COPIES) as senders:
        answers = list(senders.map(send, range(COPIES)))
        for status, problem, headers in answers:
            if status == 409:
                assert problem["code"] == "IN-409"
                assert int(headers["retry-after"]) >= 1
        accepted = [answer for answer in answers if answer[0] != 409]
        # The first has its answer by now: nobody is told to come back a second time.
        return accepted + list(senders.map(send, range(COPIES - len(accepted))))


def errors(site):
    """Return why messages were not applied."""
    return site.query(
        "SELECT type, state, error FROM mfg_integration_inbox "
        "WHERE system_id = %s AND state <> 'processed'",
        site.system,
    )


def inbound(site):
    """Return the messages that the plant module takes in."""
    rows = site.query(
        """
        SELECT i.code FROM mfg_integration_interface i
          JOIN ir_model_data d ON d.model = 'mfg.integration.interface'
           AND d.res_id = i.id AND d.module = 'mfg_integration_plant'
         WHERE i.direction = 'inbound'
        """
    )
    return {code for (code,) in rows}


def told(site):
    """Return (type, state, messages) of all that was taken in."""
    return site.query(
        "SELECT type, state, count(*) FROM mfg_integration_inbox "
        "WHERE system_id = %s GROUP BY type, state ORDER BY type",
        site.system,
    )


def check_one_effect(site, code, payload):
    """Send fifty copies of a message; return the answer that all of them got."""
    _changes, measure, grown = MESSAGES[code]
    before = measured(site, code, measure)
    answers = send_copies(site, code, payload)
    first = [
        (status, body)
        for status, body, headers in answers
        if "idempotency-replayed" not in headers
    ]
    assert len(first) == 1, code
    assert [(status, body) for status, body, _headers in answers] == first * COPIES
    wait_for(lambda: not site.unfinished(), PATIENCE, f"{code} is processed")
    assert errors(site) == []
    assert measured(site, code, measure) - before == grown, code
    return first[0]


@pytest.mark.parametrize(
    ("mode", "accepted"),
    [
        pytest.param("async", 202, id="later"),
        pytest.param("sync", 200, id="at once", marks=pytest.mark.long),
    ],
)
def test_pi_02_fifty_in_parallel_and_a_week_later_have_one_effect(site, mode, accepted):
    place = site(sync=list(MESSAGES) if mode == "sync" else [])
    assert inbound(place) == set(MESSAGES), "every message is sent"
    place.start_server()
    place.start_worker()
    payloads = {
        code: example(place, code, changes)
        for code, (changes, _measure, _grown) in MESSAGES.items()
    }
    answers = {
        code: check_one_effect(place, code, payload)
        for code, payload in payloads.items()
    }
    assert {status for status, _body in answers.values()} == {accepted}

    place.query(
        "UPDATE mfg_integration_inbox_key SET created_at = created_at - interval "
        "'7 days', expires_at = expires_at - interval '7 days'"
    )

    def effects():
        return {code: measured(place, code, MESSAGES[code][1]) for code in MESSAGES}

    before = effects()
    for code, payload in payloads.items():
        status, body, headers = place.post(payload, code, f"{code}-1")
        assert (status, body) == answers[code]
        assert headers["idempotency-replayed"] == "true"
    wait_for(lambda: not place.unfinished(), PATIENCE, "nothing is left")
    assert effects() == before
    assert told(place) == [(code, "processed", 1) for code in sorted(MESSAGES)]
