"""How much the proof of this installation is worth, as it is and not as it was planned."""

import os
from dataclasses import dataclass, field

from odoo.tools import config

from ..offline import mfg_audit_verify
from . import app_key, capture, sealer, signing, witness


@dataclass
class State:
    """What the database and the configuration say."""

    own_role: bool = False
    signed: bool = False
    copied: bool = False
    key_here: bool = False
    witnessed: bool = False
    witness_elsewhere: bool = False
    witness_error: str = ""
    seals: int = 0
    sealed_at: object = None
    pending: int = 0
    oldest_pending: object = None
    tables: int = 0
    gaps: int = 0
    #: names of the keys that sign and vouch, and since when
    signing_key: str = None
    signing_since: object = None
    receipt_key: str = None
    receipt_since: object = None
    #: [(name, until when)] of those that no longer do
    former_keys: list = field(default_factory=list)
    #: a newer key stands in its file, and nothing was handed over to it
    key_waits: bool = False
    #: why the key whose turn it is cannot sign
    key_error: str = ""

    @property
    def level(self):
        """0 to 3: detect only, own role, outside witness, key on another host."""
        if not self.own_role:
            return 0
        if not (self.signed and self.witnessed and self.witness_elsewhere):
            return 1
        return 2 if self.key_here else 3


def state(cr):
    """Look at everything that decides on the level.

    :return: :class:`State`
    """
    found = State()
    cr.execute(
        """
        SELECT NOT (pg_has_role(current_user, c.relowner, 'MEMBER') OR r.rolsuper)
          FROM pg_class c, pg_roles r
         WHERE c.oid = 'mfg_audit.event'::regclass AND r.rolname = current_user
        """
    )
    (found.own_role,) = cr.fetchone()
    cr.execute(
        """
        SELECT COUNT(*), MIN(t.ts) AT TIME ZONE 'UTC'
          FROM mfg_audit.tx t
         WHERE t.fresh
        """
    )
    found.pending, found.oldest_pending = cr.fetchone()
    cr.execute(
        """
        SELECT size, note, created_at AT TIME ZONE 'UTC'
          FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1
        """
    )
    found.seals, latest, found.sealed_at = cr.fetchone() or (0, None, None)
    cr.execute(
        """
        SELECT COUNT(*), COUNT(*) FILTER (WHERE armed < 2)
          FROM (SELECT COUNT(t.oid) AS armed
                  FROM mfg_audit.relation r
             LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgenabled = 'A'
                   AND t.tgname = ANY(%s)
                 WHERE r.active GROUP BY r.oid) each
        """,
        [[capture.TRIGGER, capture.TRUNCATE_TRIGGER]],
    )
    found.tables, found.gaps = cr.fetchone()
    found.copied = not sealer.is_original(cr)
    found.signed = bool(latest)
    found.key_here = bool(config.get(signing.OPTION))
    _look_at_keys(cr, found)
    _look_at_witness(found, latest)
    return found


def _look_at_witness(found, latest):
    path = config.get(sealer.WITNESS_OPTION)
    if not path or not latest:
        return
    try:
        notes = witness.read(path)
        found.witnessed = bool(notes) and notes[-1] == latest
        found.witness_elsewhere = (
            os.stat(path).st_dev != os.stat(config["data_dir"]).st_dev
        )
    except OSError as error:
        found.witness_error = str(error)


def _look_at_keys(cr, found):
    cr.execute(
        "SELECT created_at AT TIME ZONE 'UTC' FROM mfg_audit.checkpoint"
        " WHERE note IS NOT NULL ORDER BY size LIMIT 1"
    )
    (found.signing_since,) = cr.fetchone() or (None,)
    found.signing_key = signing.turn(cr)
    found.receipt_key = app_key.identity()
    for each, at in signing.hand_overs(cr):
        former, following = each.names
        if former != following:
            found.former_keys.append((former, at))
            found.signing_since = at
        found.former_keys += [(name, at) for name in each.former_receipt_keys]
        if each.former_receipt_keys and each.receipt_key == found.receipt_key:
            found.receipt_since = at
    try:
        known = (signing.public() or "").split()
        if known and found.signing_key and not found.copied:
            found.key_waits = mfg_audit_verify.key_id(known[0]) != found.signing_key
            signing.key(cr)
    except (OSError, mfg_audit_verify.Damaged) as error:
        found.key_error = str(error)
