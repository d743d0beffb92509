"""Beside Odoo's own audit trail of the books: both record, neither breaks the other."""

import json

INSTALL_PATIENCE = 300
#: what verification says of the log as it is, which need not be empty
FINDINGS = """
import json
from odoo.addons.mfg_audit_trail.engine import baseline, verifier

# A database that was carried over by a dump has triggers that its log does not know: that
# is answered for, so that triggers which are switched off later are told.
baseline.acknowledge(env.cr, "Carried over")
env.cr.commit()
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump([each.line() for each in verifier.verify(env.cr, drift=True)], target)
"""
BOTH = """
import json
from odoo.exceptions import UserError

env["mfg.audit.profile"].search([("code", "=", "accounting")]).action_switch_on()
env.company.check_account_audit_trail = True
env.cr.commit()
env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM mfg_audit.event")
(seen,) = env.cr.fetchone()
invoice = env["account.move"].create({
    "move_type": "out_invoice", "partner_id": env.user.partner_id.id,
    "invoice_line_ids": [(0, 0, {"name": "Work", "price_unit": 100, "tax_ids": []})],
})
env.cr.commit()
invoice.action_post()
env.cr.commit()
invoice.button_draft()
invoice.write({"ref": "PO 4711"})
env.cr.commit()
refused = []
for attempt in (
    lambda: invoice.message_ids.unlink(),
    lambda: env["mail.message"].browse(invoice.message_ids.ids[:1]).write({"body": "other"}),
):
    try:
        with env.cr.savepoint():
            attempt()
        refused.append(None)
    except UserError as error:
        refused.append(str(error))
env.cr.commit()
env.cr.execute(
    "SELECT op::text, new FROM mfg_audit.event "
    "WHERE id > %s AND tbl = 'account_move' AND res_id = %s ORDER BY id",
    [seen, invoice.id],
)
ours = env.cr.fetchall()
theirs = invoice.message_ids.tracking_value_ids.mapped("field_id.name")
from odoo.addons.mfg_audit_trail.engine import verifier
with open(ANSWER, "w", encoding="utf-8") as target:
    json.dump({
        "refused": refused, "theirs": theirs,
        "created": [op for op, _new in ours][:1],
        "fields": sorted({name for _op, new in ours for name in new or {}}),
        "findings": [each.line() for each in verifier.verify(env.cr, drift=True)],
    }, target)
"""


def test_at_41_beside_odoos_own_audit_trail(lab, tmp_path):
    database = lab.database("audit")
    known = tmp_path / "known.json"
    assert lab.script(database, f"ANSWER = {str(known)!r}\n{FINDINGS}") == []
    conf = lab.conf(database)
    install = lab.start_odoo(
        "install", conf, "-i", "account_audit_trail", "--stop-after-init", "--no-http"
    )
    assert install.process.wait(INSTALL_PATIENCE) == 0, install.tail()
    answer = tmp_path / "answer.json"
    warnings = lab.script(database, f"ANSWER = {str(answer)!r}\n{BOTH}")
    assert answer.exists(), warnings
    told = json.loads(answer.read_text(encoding="utf-8"))
    assert told["created"] == ["I"]
    assert {"state", "ref"} <= set(told["fields"]), "ours"
    assert "state" in told["theirs"], "theirs"
    assert any(told["refused"]), "Odoo's guard still holds"
    assert told["findings"] == json.loads(known.read_text(encoding="utf-8"))
