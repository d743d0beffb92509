"""Is the log what it was? Every check names the place where it is not."""

import hashlib
import itertools
from dataclasses import dataclass

from ..offline import mfg_audit_verify
from . import (
    app_key,
    baseline,
    capture,
    context,
    doubt,
    merkle,
    note,
    reading,
    schema,
    sealer,
    witness,
)
from . import drift as drifting

_LEAVES = "string_agg(mfg_audit.leaf(e), ''::bytea ORDER BY e.n, e.id)"
_BEFORE = "events were changed before they were sealed"
_UNSEALED = """
    SELECT DISTINCT e.cluster, e.xid
      FROM mfg_audit.event e
 LEFT JOIN mfg_audit.seal s ON s.cluster = e.cluster AND s.xid = e.xid
 LEFT JOIN mfg_audit.tx t ON t.fresh AND t.cluster = e.cluster AND t.xid = e.xid
     WHERE s.xid IS NULL AND t.xid IS NULL
"""
_WAITING = """
    SELECT t.cluster, t.xid, r.hash
      FROM mfg_audit.tx t
      JOIN mfg_audit.receipt r ON r.cluster = t.cluster AND r.xid = t.xid
     WHERE t.fresh
"""
_RECEIPTS = """
    SELECT t.cluster, t.xid, r.n, r.hash, r.mac, t.context::text,
           t.context->>'request', t.context->>'key', s.idx
      FROM mfg_audit.tx t
 LEFT JOIN mfg_audit.receipt r ON r.cluster = t.cluster AND r.xid = t.xid
 LEFT JOIN mfg_audit.seal s ON s.cluster = t.cluster AND s.xid = t.xid
     WHERE t.context IS NOT NULL
"""
_ROTATIONS = """
    SELECT COUNT(*) FROM mfg_audit.event
     WHERE tbl = %s AND op = %s AND new ? 'signing_key'
"""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    kind: str
    text: str
    cluster: int = None
    xid: int = None
    event: int = None

    def line(self):
        """For people."""
        place = f" (transaction {self.cluster}/{self.xid}" if self.xid else ""
        if place:
            place += f", event {self.event})" if self.event else ")"
        return f"{self.kind}: {self.text}{place}"


def verify(cr, public=None, witness_path=None, drift=False):
    """Every check that this installation allows.

    :param public: public keys of the checkpoints as text, one a line, the newest first
    :param witness_path: file of the witness
    :param bool drift: also compare every record with what the log says of it
    :return: list of :class:`Finding`, empty when everything is as it was
    """
    notes, seen, keys, damage = _notes(cr, public, witness_path)
    return [
        *_seals(cr),
        *_unsealed(cr),
        *_waiting(cr),
        *damage,
        *_checkpoints(cr, notes, seen, keys),
        *(_hand_overs(cr, keys) if keys else ()),
        *(_receipts(cr, keys) if app_key.is_set() else ()),
        *_coverage(cr),
        *(_drift(cr) if drift else ()),
    ]


def _seals(cr):
    """Events against seals, and seals against the running hash of the receipts."""
    cr.execute("SELECT COALESCE(MAX(idx) + 1, 0), COUNT(*) FROM mfg_audit.seal")
    size, count = cr.fetchone()
    if size != count:
        yield Finding("seals", f"{size - count} seals are missing")
    lost = []
    for piece in reading.seals(cr, 0, size):
        events = reading.events(cr, [seal.key for seal in piece], _LEAVES)
        for seal in piece:
            present = _split(bytes(events.get(seal.key, (b"",))[0]))
            sealed = _split(seal.leaves)
            here = [
                leaf
                for position, leaf in enumerate(sealed, 1)
                if position not in seal.archived
            ]
            if here and not present:
                lost.append(seal)
            else:
                yield from _lost(lost)
                lost = []
                if present != here:
                    yield from _locate(cr, seal, here, present)
            leaf = sealer.tx_leaf(seal.cluster, seal.xid, seal.n, seal.leaves, seal.mac)
            if leaf != seal.leaf:
                yield Finding(
                    "seal", f"seal {seal.idx} or its receipt was changed", *seal.key
                )
            if seal.running and _running(sealed) != seal.running:
                yield Finding("receipt", _BEFORE, *seal.key)
    yield from _lost(lost)


def _lost(seals):
    """Neighbours in the log none of which has an event left, as one finding."""
    if not seals:
        return
    first, last, count = seals[0], seals[-1], sum(seal.n for seal in seals)
    text = f"{count} of {count} events missing"
    if len(seals) > 1:
        text += (
            f", all of {len(seals)} transactions from here to {last.cluster}/{last.xid}"
        )
    yield Finding("events", text, *first.key)


def _split(leaves):
    width = merkle.WIDTH
    return [leaves[at : at + width] for at in range(0, len(leaves), width)]


def _running(leaves):
    """The hash that the transaction itself computed over its events."""
    found = b""
    for leaf in leaves:
        found = hashlib.sha256(found + leaf).digest()
    return found


def _locate(cr, seal, here, present):
    """Name the events of a transaction that differ from its seal."""
    if len(present) != len(here):
        word = "missing" if len(present) < len(here) else "added"
        yield Finding(
            "events",
            f"{abs(len(here) - len(present))} of {seal.n} events {word}",
            *seal.key,
        )
    if set(here) == set(present):
        yield Finding("order", "events were put in another order", *seal.key)
        return
    cr.execute(
        "SELECT e.id, mfg_audit.leaf(e), e.tbl, e.res_id FROM mfg_audit.event e "
        "WHERE e.cluster = %s AND e.xid = %s ORDER BY e.n, e.id",
        seal.key,
    )
    for event, leaf, table, record in cr.fetchall():
        if bytes(leaf) not in here:
            names = doubt.fields_of(cr, event)
            where = f", field {', '.join(names)}" if names else ""
            yield Finding(
                "event",
                f"what is recorded of {table} {record}{where} is not what was sealed",
                *seal.key,
                event,
            )


def _unsealed(cr):
    cr.execute(_UNSEALED)
    for cluster, xid in cr.fetchall():
        yield Finding("events", "events that nobody sealed or is to seal", cluster, xid)


def _waiting(cr):
    """Events that wait for their seal, against the receipts of their transactions."""
    cr.execute(_WAITING)
    waiting = iter(cr.fetchall())
    while piece := list(itertools.islice(waiting, reading.CHUNK)):
        events = reading.events(cr, [row[:2] for row in piece], _LEAVES)
        for *key, running in piece:
            (leaves,) = events.get(tuple(key), (b"",))
            if _running(_split(bytes(leaves))) != bytes(running):
                yield Finding("receipt", _BEFORE, *key)


def _notes(cr, public, witness_path):
    """Notes in the database, notes of the witness, the keys they need, findings."""
    if not public:
        return [], [], None, []
    damage = []
    cr.execute(
        "SELECT note FROM mfg_audit.checkpoint WHERE note IS NOT NULL ORDER BY size"
    )
    notes, seen = [text for (text,) in cr.fetchall()], []
    try:
        seen = witness.standing(witness_path) if witness_path else []
    except mfg_audit_verify.Damaged as error:
        damage.append(Finding("witness", str(error)))
    keys = mfg_audit_verify.Keys(public, [*notes, *seen], note.open_text)
    damage += [Finding("keys", text) for text in keys.findings]
    return notes, seen, keys, damage


def _checkpoints(cr, notes, seen, keys):
    """The tree against every checkpoint, in the database and at the witness."""
    cr.execute("SELECT size, root FROM mfg_audit.checkpoint ORDER BY size")
    claims = [(size, bytes(root), "checkpoint") for size, root in cr.fetchall()]
    for text, source in [
        *((text, "signed checkpoint") for text in notes),
        *((text, "witness") for text in seen),
    ]:
        try:
            known = note.read_checkpoint(keys.open(text))
        except mfg_audit_verify.Damaged as error:
            kind = source.rpartition(" ")[2]
            yield Finding(kind, f"{error}: {text.splitlines()[1:2]}")
            continue
        claims.append((known.size, known.root, source))
    yield from _against_tree(cr, sorted(claims))


def _hand_overs(cr, keys):
    """What the log tells of keys, against the notes by which they handed over."""
    cr.execute(_ROTATIONS, [baseline.TRAIL, baseline.CONFIGURATION])
    (told,) = cr.fetchone()
    if told > len(keys.chain):
        yield Finding(
            "keys",
            f"the log tells of {told} hand-overs of keys, {len(keys.chain)} are there",
        )


def _against_tree(cr, claims):
    frontier, size = [], 0
    cr.execute("SELECT leaf FROM mfg_audit.seal ORDER BY idx")
    leaves = iter(cr.fetchall())
    for wanted, root, source in claims:
        while size < wanted:
            row = next(leaves, None)
            if row is None:
                yield Finding(
                    source,
                    f"knows {wanted} transactions, the log has {size}: it was cut, or"
                    " restored from a backup",
                )
                return
            merkle.append(frontier, size, bytes(row[0]))
            size += 1
        if merkle.root(frontier) != root:
            yield Finding(
                source, f"the first {wanted} transactions are not what was signed"
            )


def _receipts(cr, keys):
    """Who and how many, as the application vouched for it at commit."""
    ring = app_key.ring()
    oldest = list(ring)[-1]
    retired = {}
    for each in keys.chain if keys else ():
        for name in each.former_receipt_keys:
            retired.setdefault(name, each)
    unknown = {}
    cr.execute(_RECEIPTS)
    for cluster, xid, n, running, mac, text, request, name, place in cr.fetchall():
        if mac is None:
            # Without the key transactions are shown as not attested, which is no tampering.
            if name:
                yield Finding("receipt", "the receipt was taken away", cluster, xid)
            continue
        name = name or oldest
        if name not in ring:
            unknown.setdefault(name, []).append((cluster, xid))
            continue
        message = f"{cluster}|{xid}|{n}|{bytes(running).hex()}|{text}".encode()
        key = app_key.derive(ring[name], request)
        if context.mac(key, message) != bytes(mac):
            yield Finding("receipt", "context or events were changed", cluster, xid)
        elif name in retired and _is_late(retired[name], cluster, xid, place):
            yield Finding(
                "receipt",
                f"made with the key {name}, which was retired after"
                f" {retired[name].size} transactions",
                cluster,
                xid,
            )
    for name, places in unknown.items():
        yield Finding(
            "receipt",
            f"{len(places)} receipts were made with the key {name}, which is not here, and"
            f" cannot be verified: put it below the first line of {app_key.FILE_OPTION};"
            " the first",
            *min(places),
        )


def _is_late(hand_over, cluster, xid, place):
    """Whether a transaction came after its key was retired."""
    return (place is None or place >= hand_over.size) and (
        f"{cluster}/{xid}" not in hand_over.in_flight
    )


def _coverage(cr):
    """Triggers that are missing or switched off."""
    cr.execute(
        """
        SELECT r.name
          FROM mfg_audit.relation r
     LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgname = ANY(%s)
           AND t.tgenabled = 'A'
         WHERE r.active
      GROUP BY r.name
        HAVING COUNT(t.oid) < 2
        """,
        [[capture.TRIGGER, capture.TRUNCATE_TRIGGER]],
    )
    missing = [name for (name,) in cr.fetchall()]
    for name in missing:
        yield Finding("coverage", f"changes of {name} are not captured")
    for name in baseline.changed(cr):
        if name in missing:
            continue
        yield Finding(
            "coverage",
            f"the triggers of {name} were switched off for a while, or are others",
        )
    for name in schema.changed_functions(cr):
        yield Finding("coverage", f"the function mfg_audit.{name} was changed")


def _drift(cr):
    """Records that contradict the log."""
    for text, *place in drifting.find(cr):
        yield Finding("drift", text, *place)
