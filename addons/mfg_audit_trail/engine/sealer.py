"""Seals what was recorded: one leaf per transaction in a hash tree, signed at its root.

Runs beside the business, never in it. A transaction is sealed when it is visible and
fresh; no order of commits is assumed, so nothing has to be waited for.
"""

import hashlib
from pathlib import Path

from odoo.sql_db import db_connect
from odoo.tools import config

from . import baseline, merkle, note, reading, schema, witness

#: one sealer at a time per database
LOCK = 0x4D464741
BATCH = 20000
#: seconds that the clock may go back between two checkpoints, as clocks do that are set right
CLOCK_STEP = 1
#: option of odoo.conf: file with the private key, readable for Odoo alone
KEY_OPTION = "mfg_audit_signing_key"
#: option of odoo.conf: file on another mount to which each checkpoint is appended
WITNESS_OPTION = "mfg_audit_witness"
#: prefix of the hash over the leaves of a transaction
TX_PREFIX = b"\x02"

_BATCH = """
    SELECT t.cluster, t.xid
      FROM mfg_audit.tx t
     WHERE t.fresh AND t.cluster = (SELECT MIN(cluster) FROM mfg_audit.tx WHERE fresh)
  ORDER BY t.xid
     LIMIT %s
"""
# Hashed where the events are: of a transaction only its leaf travels. Without any event left
# it is sealed as it is found, which its receipt contradicts.
_SEAL = """
    INSERT INTO mfg_audit.seal (idx, cluster, xid, n, leaves, leaf)
    SELECT %(size)s + batch.position - 1, %(cluster)s, batch.xid, found.n, found.leaves,
           sha256('\\x00'::bytea || convert_to(
               %(cluster)s || '|' || batch.xid || '|' || found.n || '|'
               || encode(sha256('\\x02'::bytea || found.leaves), 'hex') || '|'
               || COALESCE(encode(r.mac, 'hex'), ''), 'UTF8'))
      FROM unnest(%(xids)s) WITH ORDINALITY AS batch (xid, position)
 LEFT JOIN mfg_audit.receipt r ON r.cluster = %(cluster)s AND r.xid = batch.xid
 LEFT JOIN ({events}) e ON e.xid = batch.xid,
           LATERAL (SELECT COALESCE(e.n, 0) AS n, COALESCE(e.leaves, '') AS leaves) AS found
 RETURNING idx, leaf
"""
_LEAVES = (
    "COUNT(*) AS n, string_agg(mfg_audit.leaf(e), ''::bytea ORDER BY e.n) AS leaves"
)


def signing_key():
    """The private key, None when none is configured.

    :raises OSError: the file cannot be read
    """
    path = config.get(KEY_OPTION)
    return Path(path).read_text(encoding="ascii").strip() if path else None


def tx_leaf(cluster, xid, count, leaves, mac):
    """Leaf of a transaction in the tree.

    :param bytes leaves: hashes of its events in their order
    :param mac: its receipt, or None
    """
    root = hashlib.sha256(TX_PREFIX + leaves).hexdigest()
    receipt = bytes(mac).hex() if mac else ""
    return merkle.leaf_hash(f"{cluster}|{xid}|{count}|{root}|{receipt}".encode())


def seal(cr, limit=None):
    """Seal what is pending and sign the new root.

    :param cr: cursor in READ COMMITTED, where no other sealer can have been at work since
        its snapshot
    :param int limit: at most so many transactions
    :return: number of transactions sealed; None when another sealer is at work
    """
    cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    if not cr.fetchone()[0]:
        return None
    cr.execute(
        "SELECT size, frontier FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1"
    )
    size, frontier = cr.fetchone() or (0, b"")
    begun, frontier = size, merkle.load(bytes(frontier))
    while limit is None or size - begun < limit:
        room = BATCH if limit is None else min(BATCH, limit - (size - begun))
        cr.execute(_BATCH, [room])
        rows = cr.fetchall()
        if not rows:
            break
        cluster, xids = rows[0][0], [xid for _cluster, xid in rows]
        events, where = reading.grouped(cluster, xids, _LEAVES)
        cr.execute(  # pylint: disable=sql-injection
            _SEAL.format(events=events), {**where, "size": size}
        )
        for _idx, leaf in sorted(cr.fetchall()):
            merkle.append(frontier, size, bytes(leaf))
            size += 1
        cr.execute(
            "UPDATE mfg_audit.tx SET fresh = false"
            " WHERE fresh AND cluster = %s AND xid = ANY(%s)",
            [cluster, xids],
        )
    if size > begun:
        _checkpoint(cr, size, frontier)
    return size - begun


def _checkpoint(cr, size, frontier):
    cr.execute(
        """
        SELECT l.origin, l.origin = 'mfg-audit/' || p.value,
               (SELECT created_at > clock_timestamp() + %s * interval '1 second'
                  FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1)
          FROM mfg_audit.log l
     LEFT JOIN ir_config_parameter p ON p.key = 'database.uuid'
        """,
        [CLOCK_STEP],
    )
    origin, is_original, is_earlier = cr.fetchone()
    checkpoint = note.Checkpoint(origin, size, merkle.root(frontier))
    # A copy that knows it is one does not sign in the name of the original.
    key = signing_key() if is_original else None
    signed = note.sign(checkpoint, key) if key else None
    cr.execute(
        "INSERT INTO mfg_audit.checkpoint (size, root, frontier, note) "
        "VALUES (%s, %s, %s, %s)",
        [size, checkpoint.root, merkle.dump(frontier), signed],
    )
    if is_earlier:
        baseline.record(cr, baseline.TRAIL, "security", baseline.CLOCK, {}, {})


def run(dbname, limit=None):
    """Seal what is pending in a transaction of its own, and tell the witness.

    :return: as :func:`seal`
    :raises OSError: the key cannot be read, or the witness not be written; what was sealed
        stays, the witness gets the next checkpoint
    """
    with db_connect(dbname).cursor() as cr:
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        schema.note_server_start(cr)
        count = seal(cr, limit)
        cr.execute("SELECT note FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1")
        latest = cr.fetchone()
    path = config.get(WITNESS_OPTION)
    if path and latest and latest[0]:
        witness.add(path, latest[0])
    return count
