"""Reads seals in their order with what they are about, a bounded piece at a time."""

from dataclasses import dataclass

#: transactions, and events, that are in memory at a time
CHUNK = 5000
CHUNK_EVENTS = 50000
#: a range of transaction numbers is read as one if at least every so-many-th is wanted
SPARSE = 50

_SEALS = """
    SELECT s.idx, s.cluster, s.xid, s.n, s.leaves, s.leaf, r.mac, r.hash,
           (SELECT array_agg(position)
              FROM mfg_audit.archived a
              JOIN mfg_audit.archive month ON month.id = a.archive
               AND to_regclass('mfg_audit.' || month.partition) IS NULL,
                   unnest(a.positions) AS position
             WHERE a.cluster = s.cluster AND a.xid = s.xid)
      FROM mfg_audit.seal s
 LEFT JOIN mfg_audit.receipt r ON r.cluster = s.cluster AND r.xid = s.xid
     WHERE s.idx >= %s AND s.idx < %s
  ORDER BY s.idx
     LIMIT %s
"""
_EVENTS = """
    SELECT e.cluster, e.xid, {columns}
      FROM {source} e
     WHERE e.cluster = %(cluster)s AND e.xid >= %(first)s AND e.xid <= %(last)s
           AND (%(all)s OR e.xid = ANY (%(xids)s))
  GROUP BY e.cluster, e.xid
"""


@dataclass(frozen=True)
class Seal:
    """A transaction as it was sealed."""

    idx: int
    cluster: int
    xid: int
    n: int
    leaves: bytes
    leaf: bytes
    mac: bytes
    running: bytes
    #: positions of the events that only an archive has, from 1
    archived: frozenset

    @property
    def key(self):
        """What tells transactions apart."""
        return self.cluster, self.xid


def seals(cr, begin, end):
    """Yield lists of :class:`Seal` with ``begin`` <= idx < ``end``."""
    while begin < end:
        cr.execute(_SEALS, [begin, end, CHUNK])
        rows = [
            Seal(*row[:4], *(each and bytes(each) for each in row[4:8]), _set(row[8]))
            for row in cr.fetchall()
        ]
        if not rows:
            return
        begin = rows[-1].idx + 1
        piece, events = [], 0
        for row in rows:
            if piece and events + row.n > CHUNK_EVENTS:
                yield piece
                piece, events = [], 0
            piece.append(row)
            events += row.n
        yield piece


def _set(positions):
    return frozenset(positions or ())


def events(cr, keys, columns, source="mfg_audit.event"):
    """What the log holds of the transactions, {(cluster, xid): aggregated columns}.

    :param keys: (cluster, xid) of each
    :param columns: aggregates over ``e``, from this module's callers alone
    :param source: the log or one of its partitions
    """
    found = {}
    for cluster in {key[0] for key in keys}:
        xids = sorted(xid for of, xid in keys if of == cluster)
        cr.execute(*grouped(cluster, xids, columns, source))  # pylint: disable=sql-injection
        for row in cr.fetchall():
            found[row[:2]] = row[2:]
    return found


def grouped(cluster, xids, columns, source="mfg_audit.event"):
    """The statement that reads the events of some transactions, and its parameters.

    :param xids: of this cluster, in ascending order
    :param columns: as for :func:`events`
    :param source: likewise
    """
    return _EVENTS.format(columns=columns, source=source), {
        "cluster": cluster,
        "first": xids[0],
        "last": xids[-1],
        "all": xids[-1] - xids[0] < SPARSE * len(xids),
        "xids": xids,
    }
