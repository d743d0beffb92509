"""What the benchmark of the audit trail does inside Odoo and PostgreSQL.

The scripts run in processes that stay alive between their turns; each has ``env``, and leaves
its answer in ``result``. Time is the CPU of Odoo and of its server process, as far as that runs
on this machine.
"""

#: an ordinary user's environment, and the CPU of everything that works for it
PRELUDE = """
import time

user = env.ref("base.user_admin")
env = env(user=user.id, context={"allowed_company_ids": user.company_id.ids})
env.cr.execute("SELECT pg_backend_pid()")
backend = env.cr.fetchone()[0]


def cpu():
    try:
        with open(f"/proc/{backend}/schedstat", encoding="ascii") as file:
            server = int(file.read().split()[0]) / 1e9
    except OSError:
        server = 0.0
    return time.process_time() + server


def timed(step, turns):
    begun = cpu()
    for turn in range(turns):
        step(turn)
        env.flush_all()
        env.cr.commit()
    return (cpu() - begun) / turns
"""
SWITCH_ON = """
result = []
for code in ("manufacturing", "inventory", "accounting"):
    profile = env.ref(f"mfg_audit_trail.profile_{code}")
    profile.action_switch_on()
    result += profile.rule_ids.mapped("model")
"""
#: a product with five components in stock, valued in the books
PREPARE = """
category = env["product.category"].create({
    "name": "Bench", "property_cost_method": "average", "property_valuation": "real_time",
})
parts = env["product.product"].create([
    {"name": f"Bench part {n}", "detailed_type": "product", "categ_id": category.id,
     "standard_price": 3}
    for n in range(5)
])
made = env["product.product"].create(
    {"name": "Bench made", "detailed_type": "product", "categ_id": category.id}
)
env["mrp.bom"].create({
    "product_tmpl_id": made.product_tmpl_id.id,
    "bom_line_ids": [(0, 0, {"product_id": part.id, "product_qty": 1}) for part in parts],
})
stock = env["stock.warehouse"].search(
    [("company_id", "=", env.company.id)], limit=1
).lot_stock_id
env["stock.quant"].with_context(inventory_mode=True).create([
    {"product_id": part.id, "location_id": stock.id, "inventory_quantity": 10000}
    for part in parts
]).action_apply_inventory()
"""
TURN = """
made = env["product.product"].search([("name", "=", "Bench made")], limit=1)
partners = env["res.partner.category"]
kept = []


def order(_turn):
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


def create(turn):
    kept.append(env["product.template"].create({"name": f"Bench {turn}"}))


def write(turn):
    kept[turn].write({"list_price": 7 + turn, "description_sale": f"Turn {turn}"})


def unlink(turn):
    kept[turn].unlink()


result = {"mo": timed(order, ORDERS)}
for step in (create, write, unlink):
    result[step.__name__] = timed(step, RECORDS)
"""
#: 62 columns, two of which change: in one statement, and one row per transaction
ROWS = """
env.cr.execute('''
    CREATE TABLE IF NOT EXISTS bench_move AS SELECT * FROM stock_move LIMIT 0;
    ALTER TABLE bench_move ADD COLUMN IF NOT EXISTS number integer PRIMARY KEY;
    TRUNCATE bench_move;
    INSERT INTO bench_move (number, id, state, name, product_uom_qty, company_id, product_id)
    SELECT n, n, 'done', 'Bench', n, 1, 1 FROM generate_series(1, 2000) AS n;
''')
env.cr.commit()


def rows(_turn):
    env.cr.execute("UPDATE bench_move SET product_uom_qty = product_uom_qty + 1, "
                   "state = CASE state WHEN 'done' THEN 'draft' ELSE 'done' END")


def row(turn):
    env.cr.execute("UPDATE bench_move SET product_uom_qty = product_uom_qty + 1 "
                   "WHERE number = %s", [turn + 1])


def measure():
    timed(rows, 1), timed(row, 50)
    return min(timed(rows, 1) for _turn in range(3)) / 2000, min(
        timed(row, 200) for _turn in range(3)
    )


bare = measure()
env.cr.execute('''
    INSERT INTO mfg_audit.relation
           (oid, name, active, class, operations, ignored, secret, link_columns, link_tables)
    VALUES ('bench_move', 'bench_move', true, 'operations', 'IUD', '{write_date,write_uid}', '{}',
            '{product_id,company_id}', '{product_product,res_company}');
    CREATE TRIGGER mfg_audit_capture AFTER INSERT OR UPDATE OR DELETE ON bench_move
        FOR EACH ROW EXECUTE FUNCTION mfg_audit.capture();
''')
env.cr.commit()
# As an entry of Odoo does before its first statement.
from odoo.addons.mfg_audit_trail.engine import context
context.prepare(env)
captured = measure()
result = {
    "event_us": (captured[0] - bare[0]) * 1e6,
    "transaction_us": (captured[1] - bare[1]) * 1e6 - (captured[0] - bare[0]) * 1e6,
}
env.cr.execute("DROP TABLE bench_move; DELETE FROM mfg_audit.relation WHERE name = 'bench_move'")
"""
#: transactions of ten events each, written as capture writes them, but in bulk
FILL = """
SELECT mfg_audit.note_server_start();
BEGIN;
INSERT INTO mfg_audit.event
       (fresh, class, ts, cluster, xid, n, tbl, op, res_id, eff_uid, company_id, links, old, new)
SELECT true, 'operations', now(), mfg_audit.current_cluster(), 1000000000 + x, n, 'stock_move', 'U',
       (x * 10 + n) %% 20000 + 1, 2, 1,
       ARRAY['stock_picking:' || x %% 5000, 'product_product:' || n],
       jsonb_build_object('state', 'assigned', 'quantity', n::text, 'date', '2026-01-01 00:00:00'),
       jsonb_build_object('state', 'done', 'quantity', x::text, 'date', '2026-01-02 00:00:00')
  FROM generate_series(1, %(transactions)s) AS x, generate_series(1, 10) AS n;
CREATE FUNCTION pg_temp.chain(leaves bytea[]) RETURNS bytea LANGUAGE plpgsql AS $fn$
DECLARE
    found bytea := '';
    leaf bytea;
BEGIN
    FOREACH leaf IN ARRAY leaves LOOP
        found := sha256(found || leaf);
    END LOOP;
    RETURN found;
END
$fn$;
ALTER TABLE mfg_audit.tx_fresh DISABLE TRIGGER receipt;
INSERT INTO mfg_audit.tx (fresh, cluster, xid, origin)
SELECT true, mfg_audit.current_cluster(), 1000000000 + x, 'sql'
  FROM generate_series(1, %(transactions)s) AS x;
ALTER TABLE mfg_audit.tx_fresh ENABLE ALWAYS TRIGGER receipt;
INSERT INTO mfg_audit.receipt (cluster, xid, n, hash)
SELECT cluster, xid, COUNT(*), pg_temp.chain(array_agg(mfg_audit.leaf(e) ORDER BY n))
  FROM mfg_audit.event e
 WHERE xid > 1000000000
 GROUP BY cluster, xid;
COMMIT;
ANALYZE mfg_audit.event_fresh, mfg_audit.tx_fresh, mfg_audit.receipt;
"""
PROOF = """
import json
import time
from contextlib import closing

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo.sql_db import connection_info_for
from odoo.addons.mfg_audit_trail.engine import export, filing, sealer, signing, verifier

answer = {}


def step(name, work):
    begun = time.perf_counter()
    found = work()
    answer[name] = time.perf_counter() - begun
    return found


step("seal", lambda: sealer.run(env.cr.dbname))
step("file", lambda: filing.run(env.cr.dbname))
env.cr.commit()
# As autovacuum does within minutes: what was filed left its room behind.
with closing(psycopg2.connect(**connection_info_for(env.cr.dbname)[1])) as connection:
    connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
    connection.cursor().execute("VACUUM ANALYZE mfg_audit.seal, mfg_audit.event, mfg_audit.tx")
public = signing.public()
findings = step("verify", lambda: verifier.verify(env.cr, public))
assert not findings, findings[:3]
step("export", lambda: export.write(env.cr, FILE, *export.bounds(env.cr)))
# As the screen asks for it: a page of transactions of one transfer and its lines, in words.
timeline = env(user=env.ref("base.user_admin").id)["mfg.audit.timeline"]
timeline.get_timeline("stock.picking", 7)
env.invalidate_all()
page = step("timeline", lambda: timeline.get_timeline("stock.picking", 8))
assert page["groups"]
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump(answer, target)
"""
