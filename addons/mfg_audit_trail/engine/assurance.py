"""How much the proof of this installation is worth, as it is and not as it was planned."""

import os
from dataclasses import dataclass

from odoo.tools import config

from . import capture, note, sealer, witness


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
    cr.execute(
        """
        SELECT EXISTS (
            SELECT FROM mfg_audit.log l, ir_config_parameter p
             WHERE p.key = 'database.uuid' AND l.origin <> 'mfg-audit/' || p.value)
        """
    )
    (found.copied,) = cr.fetchone()
    found.signed = bool(latest)
    found.key_here = bool(config.get(sealer.KEY_OPTION))
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


def public_key():
    """The public key that belongs to the key on this host, None without one.

    :raises OSError: the key cannot be read
    """
    key = sealer.signing_key()
    return key and note.public_of(key)
