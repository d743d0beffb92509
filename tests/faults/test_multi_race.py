"""Two people post the same invoice to a company of the group: one bill, whoever comes second.

Both transactions are real ones on connections of their own. Odoo runs REPEATABLE READ and
repeats a request after a serialization failure.
"""

import json
import textwrap

from tests.support.intercompany import AGREEMENT, SCENE

SCRIPT = """
import json
import threading

import psycopg2
from odoo import api
from odoo.exceptions import UserError

invoice = env(user=SELLER.id, su=False, context={"allowed_company_ids": PLB.ids})[
    "account.move"
].create(
    {
        "move_type": "out_invoice",
        "partner_id": PLA.partner_id.id,
        "invoice_date": "2026-03-10",
        "invoice_line_ids": [
            Command.create({"name": "Service", "quantity": 1, "price_unit": 100})
        ],
    }
)
seller, companies, number = SELLER.id, PLB.ids, invoice.id
env.cr.commit()


def attempt(cursor):
    env = api.Environment(cursor, seller, {"allowed_company_ids": companies})
    try:
        env["account.move"].browse(number).action_post()
        cursor.flush()
        cursor.commit()
        return "done"
    except psycopg2.errors.SerializationFailure:
        cursor.rollback()
        return "again"
    except UserError as refusal:
        cursor.rollback()
        return str(refusal)


first, second = env.registry.cursor(), env.registry.cursor()
outcome = {}
# Both have their snapshot before either writes.
first.execute("SELECT 1")
second.execute("SELECT 1")
own = api.Environment(first, seller, {"allowed_company_ids": companies})
own["account.move"].browse(number).action_post()
first.flush()
runner = threading.Thread(target=lambda: outcome.update(second=attempt(second)))
runner.start()
# The second one meets the first one's lock.
runner.join(timeout=5)
outcome["waited"] = runner.is_alive()
first.commit()
runner.join(timeout=60)
if outcome["second"] == "again":
    outcome["retry"] = attempt(second)
first.close()
second.close()
env.invalidate_all()
env.cr.rollback()
outcome["bills"] = env["account.move"].search_count(
    [("company_id", "=", PLA.id), ("move_type", "=", "in_invoice")]
)
outcome["flows"] = env["mfg.ic.flow"].search_count([("buyer_company_id", "=", PLA.id)])
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump(outcome, target)
"""


def test_mc_02_two_cursors_post_one_invoice(lab):
    database = lab.database("race")
    answer = lab.folder / "race.json"
    lab.script(
        database,
        f"ANSWER = {str(answer)!r}\n"
        + textwrap.dedent(SCENE + AGREEMENT)
        + "env.cr.commit()\n"
        + SCRIPT,
    )
    outcome = json.loads(answer.read_text(encoding="utf-8"))
    assert outcome["second"] == "again", outcome
    assert "must be in draft" in outcome["retry"], outcome
    assert outcome["waited"], "the second one did not meet the lock"
    assert (outcome["bills"], outcome["flows"]) == (1, 1)
