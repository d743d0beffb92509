"""Is the log what it was? Every check names the place where it is not."""

import hashlib
from dataclasses import dataclass

from . import app_key, capture, context, merkle, note, sealer, witness

CHUNK = 5000

_EVENTS = """
    SELECT s.idx, s.cluster, s.xid, s.n, s.leaves, s.leaf, r.mac, e.count, e.leaves
      FROM mfg_audit.seal s
 LEFT JOIN mfg_audit.receipt r ON r.cluster = s.cluster AND r.xid = s.xid
 LEFT JOIN LATERAL (
           SELECT COUNT(*) AS count,
                  string_agg(mfg_audit.leaf(e), ''::bytea ORDER BY e.n, e.id) AS leaves
             FROM mfg_audit.event e
            WHERE e.cluster = s.cluster AND e.xid = s.xid) e ON true
     WHERE s.idx >= %s AND s.idx < %s
  ORDER BY s.idx
"""
_UNSEALED = """
    SELECT DISTINCT e.cluster, e.xid
      FROM mfg_audit.event e
 LEFT JOIN mfg_audit.seal s ON s.cluster = e.cluster AND s.xid = e.xid
 LEFT JOIN mfg_audit.pending p ON p.cluster = e.cluster AND p.xid = e.xid
     WHERE s.xid IS NULL AND p.xid IS NULL
"""
_RECEIPTS = """
    SELECT t.cluster, t.xid, r.n, r.hash, r.mac, t.context::text,
           t.context->>'request', t.context ? 'key'
      FROM mfg_audit.tx t
 LEFT JOIN mfg_audit.receipt r ON r.cluster = t.cluster AND r.xid = t.xid
     WHERE t.context IS NOT NULL
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


def verify(cr, public=None, witness_path=None):
    """Every check that this installation allows.

    :param public: public key of the checkpoints
    :param witness_path: file of the witness
    :return: list of :class:`Finding`, empty when everything is as it was
    """
    return [
        *_seals(cr),
        *_unsealed(cr),
        *_checkpoints(cr, public, witness_path),
        *(_receipts(cr) if app_key.is_set() else ()),
        *_coverage(cr),
    ]


def _seals(cr):
    """Events against seals."""
    cr.execute("SELECT COALESCE(MAX(idx) + 1, 0), COUNT(*) FROM mfg_audit.seal")
    size, count = cr.fetchone()
    if size != count:
        yield Finding("seals", f"{size - count} seals are missing")
    for begin in range(0, size, CHUNK):
        cr.execute(_EVENTS, [begin, begin + CHUNK])
        for idx, cluster, xid, n, leaves, leaf, mac, found, now in cr.fetchall():
            leaves, now = bytes(leaves), bytes(now or b"")
            if leaves != now:
                yield from _locate(cr, cluster, xid, n, found, leaves, now)
            if sealer.tx_leaf(cluster, xid, n, leaves, mac) != bytes(leaf):
                yield Finding(
                    "seal", f"seal {idx} or its receipt was changed", cluster, xid
                )


def _locate(cr, cluster, xid, n, found, leaves, now):
    """Name the events of a transaction that differ from its seal."""
    width = merkle.WIDTH
    sealed = [leaves[at : at + width] for at in range(0, len(leaves), width)]
    present = [now[at : at + width] for at in range(0, len(now), width)]
    if found != n:
        word = "missing" if found < n else "added"
        yield Finding("events", f"{abs(n - found)} of {n} events {word}", cluster, xid)
    if set(sealed) == set(present):
        yield Finding("order", "events were put in another order", cluster, xid)
        return
    cr.execute(
        "SELECT e.id, mfg_audit.leaf(e), e.tbl, e.res_id FROM mfg_audit.event e "
        "WHERE e.cluster = %s AND e.xid = %s ORDER BY e.n, e.id",
        [cluster, xid],
    )
    for event, leaf, table, record in cr.fetchall():
        if bytes(leaf) not in sealed:
            yield Finding(
                "event",
                f"what is recorded of {table} {record} is not what was sealed",
                cluster,
                xid,
                event,
            )


def _unsealed(cr):
    cr.execute(_UNSEALED)
    for cluster, xid in cr.fetchall():
        yield Finding("events", "events that nobody sealed or is to seal", cluster, xid)


def _checkpoints(cr, public, witness_path):
    """The tree against every checkpoint, in the database and at the witness."""
    cr.execute("SELECT size, root, note FROM mfg_audit.checkpoint ORDER BY size")
    claims = [(size, bytes(root), "checkpoint") for size, root, _note in cr.fetchall()]
    cr.execute("SELECT note FROM mfg_audit.checkpoint WHERE note IS NOT NULL")
    notes = [text for (text,) in cr.fetchall()]
    if public:
        for text in notes:
            try:
                known = note.open_note(text, public)
            except note.NoteError as error:
                yield Finding("checkpoint", f"{error}: {text.splitlines()[1:2]}")
                continue
            claims.append((known.size, known.root, "signed checkpoint"))
    if public and witness_path:
        try:
            for known in witness.checkpoints(witness_path, public):
                claims.append((known.size, known.root, "witness"))
        except note.NoteError as error:
            yield Finding("witness", str(error))
    yield from _against_tree(cr, sorted(claims))


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


def _receipts(cr):
    """Who and how many, as the application vouched for it at commit."""
    cr.execute(_RECEIPTS)
    for cluster, xid, n, running, mac, text, request, vouched in cr.fetchall():
        if mac is None:
            # Without the key transactions are shown as not attested, which is no tampering.
            if vouched:
                yield Finding("receipt", "the receipt was taken away", cluster, xid)
            continue
        message = f"{cluster}|{xid}|{n}|{bytes(running).hex()}|{text}".encode()
        if context.mac(app_key.derived(request), message) != bytes(mac):
            yield Finding("receipt", "context or events were changed", cluster, xid)
    cr.execute(
        """
        SELECT r.cluster, r.xid, r.hash, array_agg(mfg_audit.leaf(e) ORDER BY e.n)
          FROM mfg_audit.receipt r
          JOIN mfg_audit.event e ON e.cluster = r.cluster AND e.xid = r.xid
      GROUP BY r.cluster, r.xid, r.hash
        """
    )
    for cluster, xid, running, leaves in cr.fetchall():
        found = b""
        for leaf in leaves:
            found = hashlib.sha256(found + bytes(leaf)).digest()
        if found != bytes(running):
            yield Finding(
                "receipt", "events were changed before or after sealing", cluster, xid
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
    for (name,) in cr.fetchall():
        yield Finding("coverage", f"changes of {name} are not captured")
