"""An audit trail that begins now, in a scratch database whose own says what others did.

Some tests are about a log from its first transaction on: it is signed with their key and told
to their witness, measured, or tampered with. A log that somebody else signed takes no other
key, and one that was carried over by a dump has to be answered for. Only for clones: what was
recorded is gone for good.
"""

#: for Odoo's shell; leaves nothing captured, as after an installation
BEGIN_ANEW = """
env["mfg.audit.profile"].search([("switched_on", "=", True)]).action_switch_off()
env["mfg.audit.rule"].search([]).write({"active": False})
# They are about the former trail, and the watch adds to those that are open.
env["mfg.audit.alert"].search([]).unlink()
# What this recorded itself has its receipt before the tables go.
env.cr.commit()
env.cr.execute("DROP SCHEMA mfg_audit CASCADE")
env["mfg.audit.rule"].init()
env["mfg.audit.rule"]._apply_rules()
env.cr.execute("SELECT COUNT(*) FROM mfg_audit.event")
assert env.cr.fetchone() == (0,), "the trail begins with nothing"
env.cr.commit()
"""


def begin_anew(lab, database):
    """Begin a new, empty trail in a clone.

    :raises AssertionError: Odoo complained
    """
    complaints = lab.script(database, BEGIN_ANEW)
    assert not complaints, "\n".join(complaints)
