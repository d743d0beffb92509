"""Writes signed exports of the log, for archives and auditors.

The format is described where it is read: ``offline/mfg_audit_verify.py``.
"""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass

from ..offline import mfg_audit_verify
from . import merkle, reading, signing

#: 4 is half as large again as 9 and takes a fifth of the time
COMPRESSION = 4
_COLUMNS = "array_agg(e.n ORDER BY e.n), array_agg(mfg_audit.line(e) ORDER BY e.n)"


class ExportError(Exception):
    """There is nothing to export, or it is not what was sealed; the text says what."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: str
    sha256: str
    begin: int
    end: int
    events: int
    transactions: int


def bounds(cr, since=None, until=None):
    """(first, behind last) place in the log of what was recorded in a while.

    :param since: first moment, None for the beginning
    :param until: moment behind the last, None for all that is sealed
    """
    cr.execute(
        """
        SELECT MIN(s.idx), MAX(s.idx) + 1
          FROM mfg_audit.seal s
          JOIN mfg_audit.tx t ON t.cluster = s.cluster AND t.xid = s.xid
         WHERE (%(since)s::timestamptz IS NULL OR t.ts >= %(since)s)
           AND (%(until)s::timestamptz IS NULL OR t.ts < %(until)s)
        """,
        {"since": since, "until": until},
    )
    return cr.fetchone()


def write(cr, path, begin, end, source="mfg_audit.event"):
    """Write the events of a part of the log to ``path``, complete or not at all.

    The part is extended to the checkpoints around it.

    :param int begin: place of the first transaction
    :param int end: place behind the last one
    :param str source: the log, or the partition whose events alone are wanted
    :return: :class:`Exported`
    :raises ExportError: nothing is sealed there
    :raises OSError: the file cannot be written
    """
    cr.execute("SELECT origin FROM mfg_audit.log")
    (origin,) = cr.fetchone()
    begin, frontier = _checkpoint_before(cr, begin or 0)
    end, note = _checkpoint_behind(cr, end or 0)
    header = {
        "format": mfg_audit_verify.FORMAT,
        "origin": origin,
        "begin": begin,
        "end": end,
        "frontier": frontier.hex(),
        "checkpoint": note,
        "handovers": signing.hand_over_notes(cr),
    }
    events = transactions = 0
    part = f"{path}.part"
    with open(part, "wb") as raw:
        with gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as file:
            file.write(_line(header))
            for piece in reading.seals(cr, begin, end):
                found = reading.events(
                    cr, [seal.key for seal in piece], _COLUMNS, source
                )
                lines = []
                for seal in piece:
                    row = found.get(seal.key)
                    if row is None:
                        lines.append(_line({"leaf": seal.leaf.hex()}))
                        continue
                    events += len(row[0])
                    transactions += 1
                    lines.append(_line(_transaction(seal, row[0])))
                    lines += [f"{line}\n".encode() for line in row[1]]
                file.write(b"".join(lines))
            file.write(
                _line({"events": events, "transactions": transactions, "end": end})
            )
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(part, path)
    return Exported(str(path), digest(path), begin, end, events, transactions)


def digest(path):
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(mfg_audit_verify.BLOCK):
            found.update(block)
    return found.hexdigest()


def _transaction(seal, present):
    here = set(present)
    width = merkle.WIDTH
    record = {
        "seal": seal.idx,
        "cluster": seal.cluster,
        "xid": seal.xid,
        "n": seal.n,
        "receipt": seal.mac.hex() if seal.mac else "",
        "leaf_hash": seal.leaf.hex(),
    }
    absent = {
        str(position): seal.leaves[(position - 1) * width : position * width].hex()
        for position in range(1, seal.n + 1)
        if position not in here
    }
    if absent:
        record["absent"] = absent
    return record


def _line(record):
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _checkpoint_before(cr, place):
    cr.execute(
        "SELECT size, frontier FROM mfg_audit.checkpoint WHERE size <= %s "
        "ORDER BY size DESC LIMIT 1",
        [place],
    )
    size, frontier = cr.fetchone() or (0, b"")
    return size, bytes(frontier)


def _checkpoint_behind(cr, place):
    cr.execute(
        "SELECT size, note FROM mfg_audit.checkpoint WHERE size >= %s "
        "ORDER BY size LIMIT 1",
        [place],
    )
    size, note = cr.fetchone() or (0, None)
    if not size or note is None:
        raise ExportError(
            "No signed checkpoint covers this part of the log: set mfg_audit_signing_key"
            " and seal first."
        )
    return size, note
