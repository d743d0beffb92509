"""Who delivers: a row per dispatcher, and an advisory lock that tells it is alive.

A dispatcher notes what it hands to its senders before it is sent. When its lock is gone,
whoever takes over knows what may have been on the wire.
"""

import os
import socket
import time
from datetime import datetime, timezone

import psutil

from .wakeup import WORKER_LOCK

#: deliveries that were on the wire in so many crashes are not tried again
MAX_CRASHES = 3
CRASHED = "INT-002"

_LOST = """
    SELECT w.id, w.host, w.pid,
           EXTRACT(epoch FROM timezone('UTC', clock_timestamp()) - w.heartbeat_at)::float8
      FROM mfg_integration_worker w
     WHERE NOT EXISTS (
           SELECT 1
             FROM pg_locks l
             JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory'
              AND l.classid = %s
              AND l.objid = w.id
              AND d.datname = current_database())
"""
_BURY = """
    WITH gone AS (
        DELETE FROM mfg_integration_worker WHERE id = ANY(%(ids)s)
     RETURNING id, name
    ), wire AS (
        DELETE FROM mfg_integration_worker_wire WHERE worker_id = ANY(%(ids)s)
     RETURNING worker_id, inflight
    ), on_the_wire AS (
        SELECT gone.name, unnest(wire.inflight) AS delivery_id
          FROM gone JOIN wire ON wire.worker_id = gone.id
    ), crashed AS (
        UPDATE mfg_integration_delivery d
           SET attempts = d.attempts + 1,
               crashes = d.crashes + 1,
               first_attempt_at = COALESCE(d.first_attempt_at,
                                           timezone('UTC', clock_timestamp())),
               last_error_code = %(code)s
          FROM on_the_wire w
         WHERE d.id = w.delivery_id
     RETURNING d.id, d.event_id, d.interface_id, d.endpoint_id, d.company_id,
               d.attempts, w.name
    )
    INSERT INTO mfg_integration_attempt
           (delivery_id, event_id, interface_id, endpoint_id, company_id, attempt_no,
            started_at, duration_ms, error_code, worker)
    SELECT id, event_id, interface_id, endpoint_id, company_id, attempts,
           timezone('UTC', clock_timestamp()), 0, %(code)s, name
      FROM crashed
"""


class Membership:
    """This dispatcher's place among those of the database.

    Its cursor needs no durable commits: what it writes is worthless after a crash of the
    database, which nobody on the wire survives as owner.
    """

    def __init__(self, cursor, name):
        self._cursor = cursor
        self._name = name
        self._id = None
        self._address = None  # of our row in mfg_integration_worker_wire
        self._skew = 0.0  # seconds our clock is ahead of the database's

    def register(self, mode, version):
        """Add this dispatcher's row, locked from the first moment."""
        self._compare_clocks()
        self._cursor.execute("SELECT nextval('mfg_integration_worker_id_seq')")
        self._id = self._cursor.fetchone()[0]
        self._cursor.execute("SELECT pg_advisory_lock(%s, %s)", [WORKER_LOCK, self._id])
        self._cursor.execute(
            """
            INSERT INTO mfg_integration_worker
                   (id, name, mode, host, pid, version, clock_skew)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                self._id,
                self._name,
                mode,
                socket.gethostname(),
                os.getpid(),
                version,
                self._skew,
            ],
        )
        self._cursor.execute(
            "INSERT INTO mfg_integration_worker_wire (worker_id) VALUES (%s) "
            "RETURNING ctid::text",
            [self._id],
        )
        self._address = self._cursor.fetchone()[0]

    def unregister(self):
        """Leave in good order: nothing is on the wire any more."""
        self._cursor.execute(
            "DELETE FROM mfg_integration_worker_wire WHERE worker_id = %s", [self._id]
        )
        self._cursor.execute(
            "DELETE FROM mfg_integration_worker WHERE id = %s", [self._id]
        )

    def heartbeat(self, partitions):
        """Note that the dispatcher is well, and how wrong its clock is."""
        self._compare_clocks()
        self._cursor.execute(
            """
            UPDATE mfg_integration_worker
               SET heartbeat_at = timezone('UTC', clock_timestamp()), partitions = %s,
                   clock_skew = %s
             WHERE id = %s
            """,
            [partitions, self._skew, self._id],
        )

    def database_time(self):
        """Return the database's time as an aware datetime, without asking it."""
        return datetime.fromtimestamp(time.time() - self._skew, timezone.utc)

    def _compare_clocks(self):
        before = time.time()
        self._cursor.execute("SELECT EXTRACT(epoch FROM clock_timestamp())::float8")
        self._skew = (before + time.time()) / 2 - self._cursor.fetchone()[0]

    def note_inflight(self, ids):
        """Note what is handed to the senders, before it is."""
        # By row address, see sql/runtime.sql; without one, or after the table was
        # rewritten, by searching.
        for condition, place in (("ctid = %s::tid AND ", [self._address]), ("", [])):
            if place == [None]:
                continue
            self._cursor.execute(
                "UPDATE mfg_integration_worker_wire SET inflight = %s::bigint[] "
                f"WHERE {condition}worker_id = %s RETURNING ctid::text",
                [ids, *place, self._id],
            )
            row = self._cursor.fetchone()
            if row:
                self._address = row[0]
                return

    def settle_lost(self, grace):
        """Record what dead dispatchers may have had on the wire.

        One that ran on this machine is dead when its process is. Of another machine only
        the lost lock is seen from here: it may still be sending behind a broken network,
        so it is given ``grace`` seconds after its last sign of life.

        :return: whether partitions without an owner may be taken
        """
        self._cursor.execute(_LOST, [WORKER_LOCK])
        settled, waiting = [], False
        for id_, host, pid, silent_for in self._cursor.fetchall():
            if _is_dead(host, pid) or silent_for > grace:
                settled.append(id_)
            else:
                waiting = True
        if settled:
            self._cursor.execute(_BURY, {"ids": settled, "code": CRASHED})
        return not waiting


def _is_dead(host, pid):
    if host != socket.gethostname():
        return False
    if pid == os.getpid():
        return True  # this very process, before it lost the database
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
