"""Invoices that become bills, and the balances of all pairs."""

from statistics import median

from intercompany_peer import with_theirs

from tests.support.emitter import Emitter
from tests.support.intercompany import AGREEMENT, OCA_SETTINGS, SCENE, TURN

LINES = 50
ITEMS = 300_000
POST = """
from odoo import Command

seller = env_of("seller")
items = seller["product.product"].search(
    [("default_code", "like", "BENCH-")], limit=LINES
)


def invoice():
    return seller["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": PLA.partner_id.id,
            "invoice_date": "2026-03-10",
            "invoice_line_ids": [
                Command.create(
                    {"product_id": item.id, "quantity": 3, "price_unit": 12.5}
                )
                for item in items
            ],
        }
    )


def post(move):
    move.action_post()
    bill = env["account.move"].search(
        [("company_id", "=", PLA.id), ("move_type", "=", "in_invoice")]
    )
    assert len(bill) == 1 and bill.state == "posted" and len(bill.invoice_line_ids) == LINES
    assert bill.amount_total == move.amount_total


result = cost(invoice, post)
"""
# One posted invoice and its bill, whose items are copied until there are enough.
COPY = """
    WITH source AS (
        SELECT line.* FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
          JOIN res_company company ON company.id = line.company_id
         WHERE company.name IN ('PLA', 'PLB') AND line.parent_state = 'posted'
    )
    INSERT INTO account_move_line (
        move_id, company_id, currency_id, company_currency_id, account_id, partner_id,
        parent_state, display_type, date, debit, credit, balance, amount_currency,
        amount_residual, amount_residual_currency, name)
    SELECT move_id, company_id, currency_id, company_currency_id, account_id, partner_id,
           parent_state, display_type, (date '2024-01-15' + (number %% 800)::int), debit, credit,
           balance, amount_currency, amount_residual, amount_residual_currency, name
      FROM source, generate_series(1, %(items)s / (SELECT count(*) FROM source)) AS number
"""
READ = """
buyer = env_of("buyer")
buyer["mfg.ic.balance"].search_read([], ["difference"])
begun = time.perf_counter()
rows = buyer["mfg.ic.balance"].search_read([])
buyer["mfg.ic.mismatch"].search_read([], limit=80)
seconds = time.perf_counter() - begun
assert len(rows) > 20, rows
env.cr.execute("SELECT count(*) FROM account_move_line")
result = seconds, env.cr.fetchone()[0]
"""


def measure(quick, lab):
    """Post the same invoice in turns, then fill a database and read its balances."""
    theirs, conf = with_theirs(lab)
    ours = lab.database("ours")
    peers = {"ours": Emitter(lab, ours), "theirs": Emitter(lab, theirs, conf)}
    settings = f"LINES = {LINES}\n" + TURN + POST
    rows = []
    try:
        peers["ours"].run(SCENE + AGREEMENT)
        peers["theirs"].run(SCENE + OCA_SETTINGS)
        # Few turns judge nothing: each is 10 % off easily.
        for turn in range(1 + (2 if quick else 15)):
            rows.append(
                {
                    name: peers[name].run(settings)["result"]
                    for name in sorted(peers, reverse=turn % 2)
                }
            )
        del rows[0]  # the first turn fills caches
        cockpit = _cockpit(lab, ours, peers["ours"], settings)
    finally:
        for peer in peers.values():
            peer.close()
    return {
        "figures": {
            "inv_bill_cpu_s": median(row["ours"][0] for row in rows),
            "inv_bill_sql": median(row["ours"][1] for row in rows),
            "cockpit_300k_s": cockpit,
        },
        "ratios": {
            "inv_bill_vs_oca": median(row["ours"][0] / row["theirs"][0] for row in rows)
        },
    }


def _cockpit(lab, database, peer, settings):
    peer.run(settings + "move = invoice()\nmove.action_post()\n")
    connection = lab.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(COPY, {"items": ITEMS})
        cursor.execute("VACUUM ANALYZE account_move_line")
    connection.close()
    seconds, items = peer.run(TURN + READ)["result"]
    assert items >= 0.99 * ITEMS, items
    return seconds
