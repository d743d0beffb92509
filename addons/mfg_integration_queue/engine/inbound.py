"""Processing of inbound messages: lane by lane, each message in one transaction.

A thread takes a lane by a session advisory lock on a connection of its own, so a lane is
served by one thread at a time, whatever process it is in, and a dead process gives its
lanes back with its connection. That connection also notes, before the work, that it
begins: a message whose process dies three times is set aside. After the first time it is
tried alone, so that what merely was at work beside it is not condemned with it. The work
itself, its result and the removal of the message from the hot table are one transaction
of the ORM.
"""

import logging
import os
import random
import select
import socket
import threading
import time
import zlib
from contextlib import closing, suppress

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.sql_db import connection_info_for
from odoo.tools import config

from . import inbound_store as store
from .inbound_wakeup import CHANNEL
from .seclusion import Seclusion

_logger = logging.getLogger(__name__)

#: first key of the advisory locks on lanes
LANE_LOCK = 0x4D46474C
#: lanes looked at in one go, and messages of a lane before others have their turn
LANES = 50
LANE_TURN = 20
#: seconds after which a turn ends if other messages have come in meanwhile
TURN = 0.2
#: how often a process may die over a message
MAX_STARTS = 3
#: tries after a conflict with another transaction, and seconds to wait after the last
TRIES = 5
CONFLICT_PAUSE = 1.0
#: seconds between looks for new messages when no notification comes
POLL = 1.0
#: seconds before the database is tried again
RECONNECT = 1.0
#: threads of a worker process, option ``mfg_integration_inbound_threads`` of odoo.conf
THREADS = 2


class InboundProcessor:
    """Processes the inbound messages of one database until it is stopped.

    :param Seclusion seclusion: shared by the processors of a process
    """

    def __init__(self, dbname, seclusion=None):
        self._dbname = dbname
        self._seclusion = seclusion or Seclusion()
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = False
        #: monotonic time
        self._looked_at = 0.0
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)

    def stop(self):
        """Finish the message at hand, then return from :meth:`run`."""
        self._stopping = True
        with suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_writer, b".")

    def close(self):
        """Release the pipe; the processor cannot run again."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def run(self, until=None):
        """Process until stopped.

        :param until: monotonic time after which nothing new is begun; with it the run also
            ends when nothing is due
        :raises psycopg2.OperationalError: the database went away; run again
        """
        self._until = until
        with closing(self._connect()) as connection:
            cursor = connection.cursor()
            # What is lost of these notes in a crash of the server costs one more look.
            cursor.execute("SET synchronous_commit = off")
            cursor.execute(f"LISTEN {CHANNEL}")
            while not self._winding_down():
                if self._serve_lanes(cursor):
                    continue
                if until is not None:
                    break
                self._wait(connection, store.seconds_to_next(cursor))

    def _connect(self):
        _name, info = connection_info_for(self._dbname)
        info["application_name"] = "mfg_integration_inbound"
        connection = psycopg2.connect(**info)
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        return connection

    def _winding_down(self):
        return self._stopping or (
            self._until is not None and time.monotonic() >= self._until
        )

    def _wait(self, connection, due):
        timeout = POLL if due is None else min(max(due, 0), POLL)
        connection.poll()
        if not connection.notifies:
            select.select([connection, self._wake_reader], [], [], timeout)
            connection.poll()
        connection.notifies.clear()

    def _serve_lanes(self, cursor):
        """Give the lanes that have something due a turn; tell whether anything was done.

        What has come in meanwhile is looked at once the first lane of every system has had
        its turn: one system's backlog does not keep the others waiting.
        """
        cursor.connection.poll()
        cursor.connection.notifies.clear()
        self._looked_at = time.monotonic()
        done = 0
        for lane, first in store.lane_heads(cursor, LANES):
            if self._winding_down() or (
                not first and self._has_news(cursor.connection)
            ):
                break
            key = zlib.crc32(lane.encode()) - 2**31
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LANE_LOCK, key])
            if not cursor.fetchone()[0]:
                continue
            try:
                done += self._serve_lane(cursor, lane)
            finally:
                with suppress(psycopg2.Error):  # gone with the connection
                    cursor.execute(
                        "SELECT pg_advisory_unlock(%s, %s)", [LANE_LOCK, key]
                    )
        return done

    def _serve_lane(self, cursor, lane):
        registry = Registry(self._dbname).check_signaling()
        for count in range(LANE_TURN):
            with self._seclusion.beside_others():
                suspect = self._serve_head(cursor, registry, lane)
            if suspect:
                with self._seclusion.alone():
                    self._serve_head(cursor, registry, lane, alone=True)
            elif suspect is None:
                return count
            if self._has_news(cursor.connection):
                return count + 1
        return LANE_TURN

    def _has_news(self, connection):
        """Tell whether messages came in since the lanes were looked at, a turn ago."""
        if time.monotonic() < self._looked_at + TURN:
            return False
        connection.poll()
        return bool(connection.notifies)

    def _serve_head(self, cursor, registry, lane, alone=False):
        """Process the first message of a lane.

        :return: whether it has to be done alone and was therefore left; None if nothing is
            due
        """
        head = not self._winding_down() and store.start(cursor, lane, self._name, alone)
        if not head:
            return None
        inbox_id, starts = head
        if starts:
            self._process(cursor, registry, inbox_id, starts)
        return not starts

    def _process(self, cursor, registry, inbox_id, starts):
        """Process one message; conflicts with others are no fault of it."""
        poison = starts > MAX_STARTS
        for tries in range(1, TRIES + 1):
            try:
                with registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    inbox = env["mfg.integration.inbox"]
                    if poison:
                        inbox._bury_poison(inbox_id)
                    else:
                        inbox._process(inbox_id, last_try=tries == TRIES)
                registry.signal_changes()
                return
            except psycopg2.IntegrityError as error:
                conflict = error
            except psycopg2.OperationalError as error:
                if error.pgcode not in PG_CONCURRENCY_ERRORS_TO_RETRY:
                    raise
                conflict = error
            registry.reset_changes()
            _logger.info(
                "Inbound message %s collided, try %s: %s",
                inbox_id,
                tries,
                str(conflict).partition("\n")[0],
            )
            select.select(
                [self._wake_reader], [], [], random.uniform(0, 0.01 * 2**tries)
            )
        store.postpone(cursor, inbox_id, CONFLICT_PAUSE)


class InboundService:
    """The threads of a worker process that process inbound messages."""

    def __init__(self, dbname):
        self._dbname = dbname
        count = int(config.get("mfg_integration_inbound_threads") or THREADS)
        seclusion = Seclusion()
        self._processors = [
            InboundProcessor(dbname, seclusion) for _number in range(count)
        ]
        self._threads = [
            threading.Thread(
                target=self._keep_running,
                args=[processor],
                name=f"mfg-integration-in-{dbname}-{number}",
            )
            for number, processor in enumerate(self._processors)
        ]
        self._stopping = threading.Event()

    def start(self):
        """Begin to process."""
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Finish what is at hand. Safe to call from a signal handler."""
        self._stopping.set()
        for processor in self._processors:
            processor.stop()

    def join(self):
        """Wait until every thread has ended."""
        for thread, processor in zip(self._threads, self._processors, strict=True):
            if thread.ident:
                thread.join()
            processor.close()

    def _keep_running(self, processor):
        threading.current_thread().dbname = self._dbname
        while not self._stopping.is_set():
            try:
                processor.run()
            except psycopg2.Error as error:
                _logger.info("Inbox of %s is away: %s", self._dbname, error)
                self._stopping.wait(RECONNECT)
            except Exception:
                # A defect must not end the thread: nobody would notice.
                _logger.exception("Inbound processing of %s stumbled", self._dbname)
                self._stopping.wait(RECONNECT)
