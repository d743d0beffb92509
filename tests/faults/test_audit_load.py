"""The audit trail under load, and without room on its disk."""

import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.audit_site import Refused
from tests.support.emitter import Emitter
from tests.support.new_trail import begin_anew
from tests.support.small_disk import SmallDisk

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from audit_scripts import PREPARE, SWITCH_ON

ORDERS = """
made = env["product.product"].search(
    [("name", "=", "Bench made")], order="id", offset=WORKER, limit=1
)
for _turn in range(COUNT):
    production = env["mrp.production"].create({
        "product_id": made.id, "product_qty": 1, "bom_id": made.bom_ids[:1].id,
    })
    production.action_confirm()
    production.action_assign()
    production.qty_producing = 1
    production._set_qty_producing()
    for move in production.move_raw_ids:
        move.picked = True
    production.button_mark_done()
    assert production.state == "done", production.state
    env.flush_all()
    env.cr.commit()
    env.invalidate_all()
"""
#: of what an order writes; sequences and their like belong to nobody's order
COUNTED = """
    SELECT tbl, op::text, COUNT(*)
      FROM mfg_audit.event
     WHERE id > %s AND tbl IN ('mrp_production', 'stock_move', 'stock_move_line',
                               'stock_valuation_layer', 'account_move', 'account_move_line')
           AND op = 'I'
  GROUP BY 1, 2 ORDER BY 1, 2
"""
#: Odoo itself lets two orders wait for each other here; nothing of it is ours
OURS = "mfg_audit"


def produce(lab, database, workers, orders):
    """Let workers make orders at once; return (seconds, what went wrong)."""
    peers = [Emitter(lab, database) for _worker in range(workers)]
    wrong = []

    def work(number):
        code = f"WORKER, COUNT = {number}, {orders}\n"
        for attempt in range(1, 6):
            try:
                peers[number].run(code + ORDERS)
                return
            except AssertionError as error:
                wrong.append(str(error))
                if attempt == 5 or "serialize" not in str(error):
                    return

    try:
        begun = time.monotonic()
        threads = [
            threading.Thread(target=work, args=(each,)) for each in range(workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - begun, wrong
    finally:
        for peer in peers:
            peer.close()


def prepare(lab, database, workers, captured):
    peer = Emitter(lab, database)
    try:
        if captured:
            peer.run(SWITCH_ON)
        for _worker in range(workers):
            peer.run(PREPARE)
    finally:
        peer.close()


def test_at_16_orders_made_at_once(lab):
    workers, orders = (2, 3) if lab.quick else (8, 500)
    database = lab.database("audit")
    prepare(lab, database, workers, captured=True)
    connection = lab.connect(database)

    def rows(statement, *parameters):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def last():
        return rows("SELECT MAX(id) FROM mfg_audit.event")[0][0]

    seen = last()
    _seconds, wrong = produce(lab, database, 1, orders)
    assert wrong == []
    alone = rows(COUNTED, seen)
    assert {table for table, *_more in alone} >= {"mrp_production", "stock_move"}

    seen = last()
    seconds, wrong = produce(lab, database, workers, orders)
    assert not [text for text in wrong if OURS in text], wrong
    if not wrong:
        assert rows(COUNTED, seen) == [
            (table, op, count * workers) for table, op, count in alone
        ]
    # every transaction has its header, its receipt and waits for its seal
    assert rows(
        "SELECT COUNT(*) FROM mfg_audit.event e LEFT JOIN mfg_audit.receipt r"
        " ON r.cluster = e.cluster AND r.xid = e.xid WHERE r.xid IS NULL"
    ) == [(0,)]
    connection.close()
    if not lab.quick:
        plain = lab.database("plain")
        begin_anew(lab, plain)  # of the demo group something is captured already
        prepare(lab, plain, workers, captured=False)
        without, _wrong = produce(lab, plain, workers, orders)
        assert without / seconds >= 0.9, (without, seconds)


def test_at_33_room_of_an_event(lab):
    orders = 3 if lab.quick else 100
    database = lab.database("audit")
    prepare(lab, database, 1, captured=True)
    connection = lab.connect(database)

    def size():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT SUM(pg_total_relation_size(c.oid)) FROM pg_class c"
                " WHERE c.relnamespace = 'mfg_audit'::regnamespace AND relkind = 'r'"
            )
            room = cursor.fetchone()[0]
            cursor.execute("SELECT COUNT(*) FROM mfg_audit.event")
            return room, cursor.fetchone()[0]

    before = size()
    assert produce(lab, database, 1, orders)[1] == []
    after = size()
    connection.close()
    events = after[1] - before[1]
    assert events / orders > 20
    # pages are allotted eight kilobytes at a time, which a few events do not fill
    limit = 1500 if lab.quick else 600
    assert (after[0] - before[0]) / events <= limit


@pytest.mark.parametrize("table", ["event_fresh", "receipt"])
def test_at_40_disk_full_stops_business_and_says_so(site, table):
    site.start_server(max_cron_threads=0)
    screen = site.log_in()
    with SmallDisk(site.query, [f"mfg_audit.{table}"]) as disk:
        disk.fill()
        with pytest.raises(Refused) as refused:
            for turn in range(2000):  # until the last page is full
                screen(
                    "res.bank", "write", [site.bank], {"city": f"{turn} " + "x" * 900}
                )
        # Receipts are written by the COMMIT, whose error Odoo passes on as it is.
        words = "DiskFull" if table == "receipt" else "UserError"
        assert words in str(refused.value)
        kept = site.query("SELECT city FROM res_bank WHERE id = %s", [site.bank])
        assert site.events()[-1][0]["city"] == kept[0][0], "nothing is half-written"
        disk.empty()
        screen("res.bank", "write", [site.bank], {"city": "Room again"})
        assert site.events()[-1][0] == {"city": "Room again"}
        assert site.run("seal")[0] == 0
        code, text = site.run("verify")
        assert code == 0, text
