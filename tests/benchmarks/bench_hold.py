"""Quality holds: what the guards add to a big transfer, how fast a big hold and trace are."""

import json
import textwrap
from contextlib import closing
from statistics import median

from hold_transfers import Transfers

# Odoo then starts without the module and what depends on it. Its columns stay, unused.
TAKE_OUT = """
    WITH RECURSIVE gone AS (
        SELECT id, name FROM ir_module_module WHERE name = 'mfg_quality_hold'
         UNION
        SELECT module.id, module.name
          FROM gone
          JOIN ir_module_module_dependency need ON need.name = gone.name
          JOIN ir_module_module module ON module.id = need.module_id
    )
    UPDATE ir_module_module SET state = 'uninstalled'
     WHERE state = 'installed' AND id IN (SELECT id FROM gone)
"""
# Transferred lots, further ones on hold, turns, lots that are placed on hold at once.
FULL = 500, 100, 9, 10000
QUICK = 50, 10, 5, 500
STEPS = ("reserve", "validate")
SCENE = """
import json
import time

admin = env.ref("base.user_admin")
admin.groups_id += env.ref("mfg_quality_hold.group_inspect")
env = env(
    user=admin.id, su=False, context={"allowed_company_ids": admin.company_id.ids}
)
warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)


def product(name):
    return env["product.product"].create(
        {"name": name, "detailed_type": "product", "tracking": "lot"}
    )


def make_lots(product, count):
    '''Lots as the ORM writes them, but in a second: making them is not what is measured.'''
    env.cr.execute(
        '''
        INSERT INTO stock_lot (name, product_id, product_uom_id, company_id, is_on_hold,
                               create_uid, create_date, write_uid, write_date)
        SELECT %s || to_char(number, ' FM00000'), %s, %s, %s, false,
               1, now() at time zone 'utc', 1, now() at time zone 'utc'
          FROM generate_series(0, %s - 1) AS number RETURNING id
        ''',
        [product.name, product.id, product.uom_id.id, env.company.id, count],
    )
    return env["stock.lot"].browse(row[0] for row in env.cr.fetchall())


def answer(seconds):
    with open(ANSWER, "w", encoding="utf-8") as target:
        json.dump(seconds, target)
"""
# Lots in stock, a twentieth of them reserved, placed on hold by one call.
HOLD = """
part = product("Held")
lots = make_lots(part, LOTS)
env.cr.execute(
    '''
    INSERT INTO stock_quant (product_id, location_id, lot_id, company_id, quantity,
                             reserved_quantity, in_date, is_on_hold,
                             create_uid, create_date, write_uid, write_date)
    SELECT %s, %s, lot, %s, 1, 0, now() at time zone 'utc', false,
           1, now() at time zone 'utc', 1, now() at time zone 'utc'
      FROM unnest(%s) AS lot
    ''',
    [part.id, warehouse.lot_stock_id.id, env.company.id, lots.ids],
)
places = {
    "location_id": warehouse.lot_stock_id.id,
    "location_dest_id": env.ref("stock.stock_location_customers").id,
}
picking = env["stock.picking"].create(
    {
        "picking_type_id": warehouse.out_type_id.id,
        **places,
        "move_ids": [
            (
                0,
                0,
                {
                    "name": part.name,
                    "product_id": part.id,
                    "product_uom": part.uom_id.id,
                    "product_uom_qty": LOTS // 20,
                    **places,
                },
            )
        ],
    }
)
picking.action_confirm()
picking.action_assign()
assert len(picking.move_line_ids) == LOTS // 20
env.flush_all()
for table in ("stock_quant", "stock_lot", "stock_move_line"):
    env.cr.execute(f"ANALYZE {table}")
env.invalidate_all()
started = time.perf_counter()
env["mfg.quality.hold"].place(lots, "SUSPECT")
env.flush_all()
answer(time.perf_counter() - started)
assert not picking.move_line_ids
assert all(lots.mapped("is_on_hold"))
"""
# One raw lot in 100 gears, each of these in 100 machines: 10,100 descendants.
TRACE = """
raw, gear, machine = product("Raw"), product("Gear"), product("Machine")
root, gears = make_lots(raw, 1), make_lots(gear, 100)
machines = make_lots(machine, 10000)
env.flush_all()
env.cr.execute("CREATE TEMPORARY TABLE made (used int, used_product int, lot int, product int)")
rows = [(root.id, raw.id, lot.id, gear.id) for lot in gears]
rows += [
    (gears[number // 100].id, gear.id, lot.id, machine.id)
    for number, lot in enumerate(machines)
]
for row in rows:
    env.cr.execute("INSERT INTO made VALUES (%s, %s, %s, %s)", row)
LINE = '''
    INSERT INTO stock_move_line (company_id, product_id, product_uom_id, lot_id, state,
        quantity, quantity_product_uom, location_id, location_dest_id, date, create_uid)
    SELECT %s, {product}, %s, {lot}, 'done', 1, 1, %s, %s, now(), 1
      FROM made ORDER BY lot RETURNING id
'''
values = [
    env.company.id,
    raw.uom_id.id,
    warehouse.lot_stock_id.id,
    raw.property_stock_production.id,
]
env.cr.execute(LINE.format(product="used_product", lot="used"), values)
used = [line for (line,) in env.cr.fetchall()]
values[2:] = reversed(values[2:])
env.cr.execute(LINE.format(product="product", lot="lot"), values)
made = [line for (line,) in env.cr.fetchall()]
env.cr.execute(
    "INSERT INTO stock_move_line_consume_rel (produce_line_id, consume_line_id) "
    "SELECT * FROM unnest(%s, %s)",
    [used, made],
)
for table in ("stock_move_line", "stock_move_line_consume_rel", "stock_lot"):
    env.cr.execute(f"ANALYZE {table}")
trace = env["mfg.quality.trace"].create({"lot_ids": [(6, 0, root.ids)]})
env.flush_all()
env.invalidate_all()
started = time.perf_counter()
trace.action_run()
env.flush_all()
answer(time.perf_counter() - started)
assert len(trace.line_ids) == 10101, len(trace.line_ids)
"""


def run(quick, lab):
    """Reserve and validate 500 lines over 500 lots, plain and with the module, in turns.

    Shape A is one product, shape B five hundred; with the module there is no hold, or 100
    lots of the same products are on hold. Figures: ``*_extra_sql`` queries more than plain
    Odoo, the worst case; ``hold_10k_s`` one hold on 10,000 lots, flags and 500 given up
    reservations included; ``trace_10k_s`` one trace over 10,100 descendants, stored.
    Ratios: ``*_overhead_pct`` of Python's CPU time, medians of neighbouring turns, the
    worst case. The short form transfers 50 lines, with 10 holds, and places 500 lots on
    hold: ``hold_10k_s`` is then twenty times what that took.
    """
    lines, holds, turns, lots = QUICK if quick else FULL
    plain, ours = lab.database("plain"), lab.database("ours")
    # Each its own: a transaction that analyzed a table keeps others from doing so.
    databases = {"plain": plain, 0: ours, holds: lab.database("held")}
    with closing(lab.connect(plain)) as connection, connection.cursor() as cursor:
        cursor.execute(TAKE_OUT)
    peers = {}
    try:
        for name, database in databases.items():
            peers[name] = Transfers(lab, database)
        cases = [case for shape in "AB" for case in _cases(peers, shape, lines, turns)]
    finally:
        for peer in peers.values():
            peer.close()
    figures = {
        f"{step}_extra_sql": max(case[step][0] for case in cases) for step in STEPS
    }
    hold_s = _seconds(lab, ours, f"LOTS = {lots}\n{HOLD}")
    figures["hold_10k_s"] = hold_s * FULL[-1] / lots
    figures["trace_10k_s"] = _seconds(lab, ours, TRACE)
    return {
        "figures": figures,
        "ratios": {
            f"{step}_overhead_pct": max(case[step][1] for case in cases)
            for step in STEPS
        },
    }


def _cases(peers, shape, lines, turns):
    """[{step: (queries more, per cent of CPU more)}] without holds and with some."""
    for name, peer in peers.items():
        peer.prepare(shape, lines, 0 if name == "plain" else name)
    rows, order = [], list(peers)
    for _turn in range(turns):
        rows.append({name: peers[name].turn() for name in order})
        order.reverse()  # nobody is always first
    return [
        {
            step: (
                max(row[name][step][0] - row["plain"][step][0] for row in rows),
                # Neighbouring turns meet the same noise.
                100
                * median(
                    row[name][step][1] / row["plain"][step][1] - 1 for row in rows
                ),
            )
            for step in STEPS
        }
        for name in peers
        if name != "plain"
    ]


def _seconds(lab, database, script):
    answer = lab.folder / "seconds.json"
    code = "\n".join([f"ANSWER = {str(answer)!r}", SCENE, textwrap.dedent(script)])
    lab.script(database, code)
    return json.loads(answer.read_text(encoding="utf-8"))
