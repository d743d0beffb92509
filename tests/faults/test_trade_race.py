"""Two people confirm the same purchase order at the same moment: one sales order.

Both transactions are real ones on connections of their own.
"""

import json
import textwrap
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPT = """
import json
import sys
import threading

import psycopg2
from odoo import SUPERUSER_ID, api

sys.path.insert(0, BENCHMARKS)
from multi_orders import Work

work = Work(env(user=SUPERUSER_ID, context={"no_reset_password": True}))
work.prepare("ours")
order = work._purchase("buyer", work.companies["seller"].partner_id, 3)
buyer, company = work.users["buyer"].id, work.companies["buyer"]
ids = {"order": order.id, "company": company.id, "partner": company.partner_id.id}
env.flush_all()
env.cr.commit()


def confirm(cursor):
    context = {"allowed_company_ids": [ids["company"]]}
    api.Environment(cursor, buyer, context)["purchase.order"].browse(
        ids["order"]
    ).button_confirm()
    cursor.flush()


def attempt(cursor):
    # Commits; tells how it ended.
    try:
        confirm(cursor)
        cursor.commit()
        return "done"
    except psycopg2.OperationalError:
        cursor.rollback()
        return "again"


first, second = env.registry.cursor(), env.registry.cursor()
outcome = {}
# Both have their snapshot before either writes.
first.execute("SELECT 1")
second.execute("SELECT 1")
confirm(first)
runner = threading.Thread(target=lambda: outcome.update(second=attempt(second)))
runner.start()
# The second one waits for the lock of the first.
runner.join(timeout=5)
first.commit()
runner.join(timeout=120)
if outcome["second"] == "again":
    outcome["retry"] = attempt(second)
first.close()
second.close()
with env.registry.cursor() as cursor:
    su = api.Environment(cursor, SUPERUSER_ID, {})
    orders = su["sale.order"].search([("partner_id", "=", ids["partner"])])
    outcome["sales"] = orders.mapped("state")
    bought = su["purchase.order"].browse(ids["order"])
    outcome["receipts"] = len(bought.picking_ids)
    outcome["flows"] = len(su["mfg.ic.flow"].search([("buyer_company_id", "=", ids["company"])]))
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump(outcome, target)
"""


def test_mc_02_two_confirmations_at_once_make_one_sales_order(lab):
    answer = lab.folder / "trade-race.json"
    constants = f"BENCHMARKS, ANSWER = {str(BENCHMARKS)!r}, {str(answer)!r}\n"
    lab.script(lab.database("race"), constants + textwrap.dedent(SCRIPT))
    outcome = json.loads(answer.read_text(encoding="utf-8"))
    assert outcome["second"] == "again", outcome
    assert outcome["sales"] == ["sale"], outcome
    assert (outcome["receipts"], outcome["flows"]) == (1, 1), outcome
