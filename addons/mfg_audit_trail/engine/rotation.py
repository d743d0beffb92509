"""Hands over from the keys that sign and vouch to those that stand first in their files.

A checkpoint, signed by both keys, names the one that signs from there on. What is signed with
the former for a later size of the log, or vouched for with a former key by a transaction
that is not there yet, counts for nothing from then on.
"""

import os
import secrets
import stat
from dataclasses import dataclass

from odoo.sql_db import db_connect
from odoo.tools import config

from ..offline import mfg_audit_verify
from . import app_key, baseline, context, note, schema, sealer, signing


class RotationError(Exception):
    """The keys stay as they are; the text says why."""


@dataclass(frozen=True)
class Rotation:
    """Names of keys: who signs and vouches from a size of the log on, and who no longer."""

    size: int
    key: str
    former: str
    receipt_key: str
    former_receipt_keys: tuple


def run(dbname, lost=False):
    """Hand over in a transaction of its own, and tell the witness.

    :param bool lost: the former private key is lost: the new one vouches for it alone
    :return: :class:`Rotation`
    :raises RotationError: there is nothing to hand over, or nobody to take over
    :raises note.NoteError: what stands in the file is no key
    :raises witness.WitnessError: the witness knows another log
    :raises OSError: a file cannot be read, or the witness not be written; what was handed
        over stays, the witness gets the next checkpoint
    """
    with db_connect(dbname).cursor() as cr:
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        schema.note_server_start(cr)
        context.set_local(
            cr,
            {
                "key": app_key.identity(),
                "method": "mfg_audit rotate-key",
                "origin": "process",
                "request": secrets.token_hex(8),
            },
        )
        done, signed = hand_over(cr, lost)
    sealer.tell_witness(dbname, signed)
    return done


def hand_over(cr, lost=False):
    """Seal what is pending and hand over with the checkpoint of that.

    :param cr: cursor in READ COMMITTED
    :param bool lost: as for :func:`run`
    :return: (:class:`Rotation`, the signed note)
    :raises RotationError: as for :func:`run`
    """
    # Until it ends nobody else seals: whose turn it is does not change meanwhile.
    cr.execute("SELECT pg_advisory_xact_lock(%s)", [sealer.LOCK])
    _check_original(cr)
    earlier = [each for each, _at in signing.hand_overs(cr)]
    former, following = _signing_keys(cr, lost, earlier)
    public = signing.public_line(former), note.public_of(following)
    vouching, retired = _receipt_keys(earlier)
    if public[0] == public[1] and not retired:
        raise RotationError(
            "the first key of each file is the one in use: put the new one above it"
        )
    names = tuple(map(mfg_audit_verify.key_id, public))
    lines = [
        f"key {public[1]}",
        f"former-key {public[0]}",
        *([f"receipt-key {vouching}"] if vouching else []),
        *(f"former-receipt-key {each}" for each in retired),
        *(f"in-flight {each}" for each in (_in_flight(cr) if retired else ())),
    ]
    baseline.record(
        cr,
        baseline.TRAIL,
        "security",
        baseline.CONFIGURATION,
        {"signing_key": names[0], "receipt_key": ", ".join(retired) or vouching},
        {"signing_key": names[1], "receipt_key": vouching},
    )
    # Its receipt is made now, since it is sealed before it is committed.
    cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
    privates = dict.fromkeys(filter(signing.is_private, (former, following)))
    sealer.seal(
        cr,
        sign=lambda checkpoint: note.sign_text(
            checkpoint.text() + "\n".join(lines) + "\n", *privates
        ),
    )
    cr.execute("SELECT size, note FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1")
    size, signed = cr.fetchone()
    return Rotation(size, names[1], names[0], vouching, tuple(retired)), signed


def _check_original(cr):
    if not sealer.is_original(cr):
        raise RotationError("this database is a copy, which does not sign")


def _signing_keys(cr, lost, earlier):
    """Lines of the file: the key whose turn it is, and the one that follows, which may be
    the same."""
    known = signing.lines()
    if not known:
        raise RotationError(f"set {signing.OPTION} first: nothing is signed yet")
    if not signing.is_private(known[0]):
        raise RotationError("the first line of the file is to be a private key")
    path = config[signing.OPTION]
    if stat.S_IMODE(os.stat(path).st_mode) & stat.S_IRWXO:
        raise RotationError(
            f"everybody on this host may read {path}: chmod o= it, and make another key"
        )
    former = _former(cr, known, lost)
    following = note.public_of(known[0])
    for each in earlier:
        if following == each.former != signing.public_line(former):
            raise RotationError(
                f"{each.names[0]} handed over after {each.size} transactions: make"
                " another key"
            )
    return former, known[0]


def _former(cr, known, lost):
    """The line of the key whose turn it is; if it is lost, its public key."""
    wanted = signing.turn(cr)
    if wanted is None:
        raise RotationError("nothing is signed yet: the first key begins with a seal")
    if not lost:
        return signing.key(cr)
    for line in known:
        if mfg_audit_verify.key_id(signing.public_line(line)) == wanted:
            return line
    raise RotationError(
        f"put the public key of {wanted}, which signs this log, below the first line of"
        f" {config[signing.OPTION]}"
    )


def _receipt_keys(earlier):
    """(name of the key that vouches from here on, names of those that no longer do)."""
    names = list(app_key.ring())
    gone = {name for each in earlier for name in each.former_receipt_keys}
    vouching = names[0] if names else None
    if vouching in gone:
        raise RotationError(
            f"receipt key {vouching} was retired: make another one, and restart Odoo"
        )
    before = [each.receipt_key for each in earlier[-1:] if each.receipt_key]
    retired = [
        name
        for name in dict.fromkeys(before + names[1:])
        if name != vouching and name not in gone
    ]
    return vouching, retired if vouching else []


def _in_flight(cr):
    """Transactions under way, which may still come with a key that is retired now."""
    # What began later than all that have ended is in no list of a snapshot; our own number
    # comes after it.
    cr.execute("SELECT pg_current_xact_id()::text::bigint")
    (own,) = cr.fetchone()
    cr.execute(
        """
        SELECT mfg_audit.current_cluster() || '/' || xid
          FROM (SELECT pg_snapshot_xip(pg_current_snapshot())::text::bigint AS xid
                 UNION
                SELECT generate_series(
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint, %(own)s - 1)
               ) AS each
         WHERE xid <> %(own)s
      ORDER BY xid
        """,
        {"own": own},
    )
    return [name for (name,) in cr.fetchall()]
