"""Seals what was recorded: one leaf per transaction in a hash tree, signed at its root.

Runs beside the business, never in it. A transaction is sealed when it is visible and
fresh; no order of commits is assumed, so nothing has to be waited for.
"""

import hashlib

from odoo.sql_db import db_connect
from odoo.tools import config

from . import baseline, merkle, note, reading, schema, signing, witness

#: one sealer at a time per database
LOCK = 0x4D464741
BATCH = 20000
#: seconds that the clock may go back between two checkpoints, as clocks do that are set right
CLOCK_STEP = 1
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
# Joined: as a list the numbers would be looked through for each row.
_SEALED = """
    UPDATE mfg_audit.tx t
       SET fresh = false
      FROM unnest(%s) AS batch (xid)
     WHERE t.fresh AND t.cluster = %s AND t.xid = batch.xid
"""
_LEAVES = (
    "COUNT(*) AS n, string_agg(mfg_audit.leaf(e), ''::bytea ORDER BY e.n) AS leaves"
)


def tx_leaf(cluster, xid, count, leaves, mac):
    """Leaf of a transaction in the tree.

    :param bytes leaves: hashes of its events in their order
    :param mac: its receipt, or None
    """
    root = hashlib.sha256(TX_PREFIX + leaves).hexdigest()
    receipt = bytes(mac).hex() if mac else ""
    return merkle.leaf_hash(f"{cluster}|{xid}|{count}|{root}|{receipt}".encode())


def is_original(cr):
    """Whether this database is the one its log began in, as far as it knows."""
    cr.execute(
        """
        SELECT EXISTS (
            SELECT FROM mfg_audit.log l, ir_config_parameter p
             WHERE p.key = 'database.uuid' AND l.origin = 'mfg-audit/' || p.value)
        """
    )
    return cr.fetchone()[0]


def seal(cr, limit=None, sign=None):
    """Seal what is pending and sign the new root.

    :param cr: cursor in READ COMMITTED, where no other sealer can have been at work since
        its snapshot
    :param int limit: at most so many transactions
    :param sign: function that makes a signed note of the checkpoint; by default the key
        signs whose turn it is
    :return: number of transactions sealed; None when another sealer is at work
    :raises note.NoteError: that key is not here
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
        cr.execute(_SEALED, [xids, cluster])
    if size > begun:
        _checkpoint(
            cr,
            note.Checkpoint(_origin(cr), size, merkle.root(frontier)),
            frontier,
            sign,
        )
    return size - begun


def _origin(cr):
    cr.execute("SELECT origin FROM mfg_audit.log")
    return cr.fetchone()[0]


def _checkpoint(cr, checkpoint, frontier, sign):
    cr.execute(
        """
        SELECT created_at > clock_timestamp() + %s * interval '1 second'
          FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1
        """,
        [CLOCK_STEP],
    )
    (is_earlier,) = cr.fetchone() or (False,)
    signed = sign(checkpoint) if sign else _signed(cr, checkpoint)
    cr.execute(
        "INSERT INTO mfg_audit.checkpoint (size, root, frontier, note) "
        "VALUES (%s, %s, %s, %s)",
        [checkpoint.size, checkpoint.root, merkle.dump(frontier), signed],
    )
    if is_earlier:
        baseline.record(cr, baseline.TRAIL, "security", baseline.CLOCK, {}, {})


def _signed(cr, checkpoint):
    # A copy that knows it is one does not sign in the name of the original.
    key = signing.key(cr) if is_original(cr) else None
    return note.sign(checkpoint, key) if key else None


def run(dbname, limit=None):
    """Seal what is pending in a transaction of its own, and tell the witness.

    :return: as :func:`seal`
    :raises witness.WitnessError: as for :func:`tell_witness`
    :raises OSError: the key cannot be read, or the witness not be written; what was sealed
        stays, the witness gets the next checkpoint
    """
    with db_connect(dbname).cursor() as cr:
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        schema.note_server_start(cr)
        count = seal(cr, limit)
        cr.execute("SELECT note FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1")
        latest = cr.fetchone()
    if latest and latest[0]:
        tell_witness(dbname, latest[0])
    return count


def tell_witness(dbname, text):
    """Give a signed checkpoint of a database to the witness, if there is one.

    :raises witness.WitnessError: the witness knows another log
    :raises OSError: the witness cannot be read or written
    """
    path = config.get(WITNESS_OPTION)
    if path:
        with db_connect(dbname).cursor() as cr:
            witness.add(cr, path, text)
