"""Closes months: a signed export that was read again and verified takes their place.

Whatever interrupts it, the month is either here or in a verified archive.
"""

import datetime
import gzip
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

from dateutil.relativedelta import relativedelta

from odoo.tools import config

from ..offline import mfg_audit_verify
from . import export, filing, note, schema, signing

#: option of odoo.conf: folder for archives, best on another machine
FOLDER_OPTION = "mfg_audit_archive"
#: how long a drop waits for readers; whoever comes later waits behind it
PATIENCE = "500ms"
BATCH = 5000

_RESTORE = """
    INSERT INTO mfg_audit.{partition}
           (id, class, ts, cluster, xid, n, tbl, op, res_id, eff_uid, company_id, links,
            reason, old, new)
    SELECT (e->>'id')::bigint, e->>'class',
           'epoch'::timestamptz + (e->>'ts')::bigint * interval '1 microsecond',
           (e->>'cluster')::smallint, (e->>'xid')::bigint, (e->>'n')::integer,
           e->>'table', (e->>'op')::"char", (e->>'record')::bigint, (e->>'user')::integer,
           (e->>'company')::integer,
           ARRAY(SELECT jsonb_array_elements_text(e->'links')), e->>'reason',
           nullif(e->'old', 'null'), nullif(e->'new', 'null')
      FROM unnest(%s::jsonb[]) AS e
"""


class ArchiveError(Exception):
    """The month stays where it is; the text says why."""


@dataclass(frozen=True)
class Month:
    """One class of events in one month."""

    retention: str
    first: datetime.date

    @property
    def partition(self):
        """Name of its table in the schema."""
        return f"event_{self.retention}_{self.first:%Y_%m}"

    @property
    def end(self):
        """The first day of the following month."""
        return self.first + relativedelta(months=1)

    @property
    def bounds(self):
        """Begin and end as PostgreSQL reads them, whatever its time zone."""
        return f"{self.first} 00:00+00", f"{self.end} 00:00+00"


def folder():
    """Where archives go, None where none is configured."""
    path = config.get(FOLDER_OPTION)
    return Path(path) if path else None


def months(cr, retention, before):
    """The months of a class that stand here and ended before a day, oldest first.

    :param datetime.date before: the day
    """
    cr.execute(
        """
        SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
         WHERE i.inhparent = to_regclass(%s) ORDER BY c.relname
        """,
        [f"mfg_audit.event_{retention}"],
    )
    for (name,) in cr.fetchall():
        digits = name[len(f"event_{retention}_") :]
        if digits == "rest":
            continue
        month = Month(retention, datetime.datetime.strptime(digits, "%Y_%m").date())
        if month.end <= before:
            yield month


def close(cr, month, target):
    """Archive a month and drop it here.

    :param cr: cursor of its own, whose transaction the caller commits
    :param target: folder of the archives
    :return: path of the archive; None when nothing was recorded in that month
    :raises ArchiveError: it is not sealed or signed, or what was written is not what is here
    :raises OSError: the folder cannot be written; a later attempt begins anew
    """
    _wait_for_none(cr, month)
    table = f"mfg_audit.{month.partition}"
    cr.execute(  # pylint: disable=sql-injection
        f"""
        SELECT COUNT(*), MIN(e.ts), MAX(e.ts), MIN(s.idx), MAX(s.idx) + 1,
               COUNT(*) FILTER (WHERE s.idx IS NULL)
          FROM {table} e
     LEFT JOIN mfg_audit.seal s ON s.cluster = e.cluster AND s.xid = e.xid
        """
    )
    count, first, last, begin, end, unsealed = cr.fetchone()
    if unsealed:
        raise ArchiveError(f"{unsealed} events of {month.partition} are not sealed yet")
    path = None
    if count:
        known = _known(cr, month)
        path = (
            Path(known)
            if known
            else target / f"{_origin(cr)}-{month.partition}.jsonl.gz"
        )
        if not known:
            _write(cr, month, table, path, (begin, end), (count, first, last))
        _read_again(cr, path, count)
    _drop(cr, month, table, count)
    return path


def verify(cr, path, public):
    """Verify an archive of this log.

    :param path: the file
    :param public: public keys of the log
    :return: as :func:`mfg_audit_verify.verify`
    :raises mfg_audit_verify.Damaged: likewise
    """
    # It may be older than the newest key.
    return mfg_audit_verify.verify(path, public, handovers=signing.hand_over_notes(cr))


def restore(cr, path, public):
    """Read an archived month in again; it is as append-only as before.

    :param path: an archive of this log
    :param public: public keys of the log
    :return: name of the partition
    :raises ArchiveError: it is damaged, of another log, or here already
    """
    try:
        header, findings = verify(cr, path, public)
    except mfg_audit_verify.Damaged as error:
        raise ArchiveError(str(error)) from error
    if findings:
        raise ArchiveError(f"{path} is not what was signed: {findings[0]}")
    cr.execute(
        "SELECT class, month FROM mfg_audit.archive WHERE sha256 = %s",
        [export.digest(path)],
    )
    row = cr.fetchone()
    if not row:
        raise ArchiveError(f"{path} is no archive of this log ({header['origin']})")
    month = Month(*row)
    if schema.has_partition(cr, month.partition):
        raise ArchiveError(f"{month.partition} is here already")
    schema.make_partition(cr, month.retention, month.first)
    with gzip.open(path) as file:
        lines = (line.decode() for line in file if line.startswith(b'{"id":'))
        while batch := list(itertools.islice(lines, BATCH)):
            cr.execute(  # pylint: disable=sql-injection
                _RESTORE.format(partition=month.partition), [batch]
            )
    return month.partition


def _wait_for_none(cr, month):
    """Nothing may come to the month any more, and nothing be on its way there."""
    if not filing.lock(cr):
        raise ArchiveError(f"events are being filed, {month.partition} has to wait")
    cr.execute(
        """
        SELECT COUNT(*), COUNT(*) FILTER (WHERE s.idx IS NULL)
          FROM mfg_audit.event e
     LEFT JOIN mfg_audit.seal s ON s.cluster = e.cluster AND s.xid = e.xid
         WHERE e.fresh AND e.class = %s
               AND e.ts >= %s::timestamptz AND e.ts < %s::timestamptz
        """,
        [month.retention, *month.bounds],
    )
    waiting, unsealed = cr.fetchone()
    if waiting:
        raise ArchiveError(
            f"{waiting} events of {month.partition} are not"
            f" {'sealed' if unsealed else 'filed'} yet"
        )


def _origin(cr):
    cr.execute("SELECT origin FROM mfg_audit.log")
    return cr.fetchone()[0].replace("/", "-")


def _known(cr, month):
    """Path of the archive of a month that was restored from it."""
    cr.execute(
        "SELECT file FROM mfg_audit.archive WHERE partition = %s", [month.partition]
    )
    return (cr.fetchone() or (None,))[0]


def _write(cr, month, table, path, place, counted):
    try:
        key = signing.key(cr)
    except note.NoteError as error:
        raise ArchiveError(str(error)) from error
    if not key:
        raise ArchiveError("no archive without a signature: set mfg_audit_signing_key")
    try:
        done = export.write(cr, path, *place, source=table)
    except export.ExportError as error:
        raise ArchiveError(str(error)) from error
    count, first, last = counted
    manifest = note.sign_text(
        json.dumps(
            {
                "file": path.name,
                "sha256": done.sha256,
                "class": month.retention,
                "month": f"{month.first:%Y-%m}",
                "events": count,
                "transactions": done.transactions,
                "begin": done.begin,
                "end": done.end,
                "public_key": note.public_of(key),
            },
            indent=1,
        )
        + "\n",
        key,
    )
    path.with_suffix(".manifest").write_text(manifest, encoding="utf-8")
    cr.execute(
        """
        INSERT INTO mfg_audit.archive
               (class, month, partition, file, sha256, events, first_ts, last_ts, manifest)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        RETURNING id
        """,
        [
            month.retention,
            month.first,
            month.partition,
            str(path),
            done.sha256,
            count,
            first,
            last,
            manifest,
        ],
    )
    (archive,) = cr.fetchone()
    cr.execute(  # pylint: disable=sql-injection
        f"""
        INSERT INTO mfg_audit.archived (cluster, xid, archive, positions)
        SELECT cluster, xid, %s, array_agg(n ORDER BY n) FROM {table} GROUP BY cluster, xid
        """,
        [archive],
    )


def _read_again(cr, path, count):
    """What is on the other side must be complete before anything is dropped here."""
    cr.execute("SELECT sha256 FROM mfg_audit.archive WHERE file = %s", [str(path)])
    (sha256,) = cr.fetchone()
    if export.digest(path) != sha256:
        raise ArchiveError(f"{path} is not what was written")
    try:
        found, findings = verify(cr, path, signing.public())
    except mfg_audit_verify.Damaged as error:
        raise ArchiveError(str(error)) from error
    if findings or found["events"] != count:
        raise ArchiveError(f"{path}: {'; '.join(findings[:3]) or 'events are missing'}")


def _drop(cr, month, table, count):
    cr.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    cr.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # pylint: disable=sql-injection
    cr.execute(f"SELECT COUNT(*) FROM {table}")  # pylint: disable=sql-injection
    if cr.fetchone()[0] != count:
        raise ArchiveError(f"{month.partition} changed while it was archived")
    cr.execute(  # pylint: disable=sql-injection
        f"ALTER TABLE mfg_audit.event_{month.retention} DETACH PARTITION {table};"
        f" DROP TABLE {table}"
    )
