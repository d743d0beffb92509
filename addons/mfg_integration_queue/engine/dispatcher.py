"""The delivery loop: own partitions, read them, send, write down what happened.

One thread runs the loop and is the only one that touches the database and the lanes;
sender threads do nothing but HTTP. Worker process and cron run the same loop.
"""

import logging
import os
import select
import socket
import time
from collections import Counter, defaultdict, deque
from contextlib import ExitStack, closing, suppress

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo.sql_db import connection_info_for

from . import masking, trace
from .endpoint_state import EndpointStates
from .gates import Gates
from .lanes import FOREVER, Lanes
from .latency import CLASSES, URGENT
from .membership import MAX_CRASHES, Membership
from .outcome import Outcome, Verdict
from .ownership import Ownership
from .rate_limits import RateLimits
from .reader import Reader
from .sender_pool import SenderPool
from .store import Attempted, Store
from .wakeup import GATES, SETTINGS, partitions_of

_logger = logging.getLogger(__name__)

#: seconds between looks for new rows when no notification comes
POLL = 1.0
#: seconds between looks at the locks of other dispatchers
REBALANCE = 0.25
HEARTBEAT = 2.0
#: seconds between looks at the configuration when nobody tells of a change
RELOAD = 30.0


#: what is recorded of a message that was on the wire in too many crashes
_POISON = Outcome(Verdict.DEAD, error_code="INT-002", reason="poison")


class Dispatcher:
    """Delivers the events of one database until it is stopped."""

    def __init__(self, dbname, load_settings, on_gone, mode="worker", version=""):
        """
        :param load_settings: callable without arguments that returns
            :class:`.settings.Settings`, called at start and every few seconds
        :param on_gone: called with the id of an endpoint that was paused because its
            receiver said it is gone for good
        :param mode: ``worker`` or ``cron``
        """
        self._dbname = dbname
        self._load_settings = load_settings
        self._on_gone = on_gone
        self._mode = mode
        self._version = version
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = False
        self._results = deque()
        self._accepted = []  # by receivers, and not written down yet
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    # control

    def stop(self):
        """Finish what is on the wire, then return from :meth:`run`. Safe to call from a
        signal handler."""
        self._stopping = True
        self._wake()

    def run(self, until=None, ready=lambda: None):
        """Deliver until stopped.

        :param until: monotonic time after which nothing new is started; with it the run
            also ends when nothing is due
        :param ready: called once partitions are owned and wake-ups are heard
        :raises psycopg2.OperationalError: the database went away; run again
        """
        self._until = until
        self._open()
        try:
            ready()
            while not self._finished():
                self._turn()
        finally:
            self._close()

    def close(self):
        """Release the pipe; the dispatcher cannot run again."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    # set-up

    def _open(self):
        self._closing = False
        self._lanes = Lanes()
        self._draining = set()
        self._pools = {}
        self._load = Counter()  # endpoint id → deliveries handed to its senders
        self._suspect = None  # delivery that is sent with nothing beside it
        self._taken = set()  # handed to the senders and not settled in the database yet
        self._on_wire = set()  # handed to the senders and not come back
        self._last_ok, self._last_error = set(), {}
        self._timers = {}
        with ExitStack() as undo:
            lock_connection = undo.enter_context(closing(self._connect()))
            self._connection = undo.enter_context(closing(self._connect()))
            cursor = self._connection.cursor()
            # One row per owned partition at most: a nested loop over its index is right
            # whatever the statistics of a table that is empty most of the time say.
            cursor.execute(
                "SET enable_seqscan = off; SET enable_bitmapscan = off; "
                "SET enable_hashjoin = off; SET enable_mergejoin = off; "
                "SET plan_cache_mode = force_generic_plan; SET jit = off"
            )
            self._store = Store(cursor, self._name)
            # Before anything is sent: a database that is back and still takes no writes
            # must not let the same messages go out at every try.
            self._record_accepted()
            self._reader = Reader(self._store, self._lanes)
            self._states = EndpointStates(cursor)
            self._gates = Gates(self._states)
            self._rates = RateLimits(self._states)
            lock_cursor = lock_connection.cursor()
            lock_cursor.execute("SET synchronous_commit = off")
            self._membership = Membership(lock_cursor, self._name)
            self._membership.register(self._mode, self._version)
            self._ownership = Ownership(lock_connection)
            self._ownership.listen()
            self._reload()
            self._rebalance()
            undo.pop_all()

    def _connect(self):
        _name, info = connection_info_for(self._dbname)
        info["application_name"] = f"mfg_integration_{self._mode}"
        connection = psycopg2.connect(**info)
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        return connection

    def _close(self):
        # Whatever is on the wire is awaited: its lane must not be sent by anyone else,
        # this process included, before the answer is in. A database that is away does
        # not learn of it; the next owner then sends again, with the same id.
        self._closing = True
        for pool in self._pools.values():
            self._retire(pool)
        # What an error of the database left between lanes and senders is not awaited.
        while self._on_wire:
            if not self._results:
                select.select([self._wake_reader], [], [], POLL)
                self._drain_wakeups()
            with suppress(psycopg2.Error):
                self._collect()
        try:
            self._note_state()
            self._membership.unregister()
        except psycopg2.Error:
            _logger.debug("Worker row left behind", exc_info=True)
        self._ownership.close()
        self._connection.close()

    # one turn of the loop

    def _finished(self):
        if self._stopping:
            return True
        if self._lanes.sending or self._results:
            return False
        if self._until is None:
            return False
        return time.monotonic() >= self._until or self._is_idle()

    def _is_idle(self):
        """Tell whether nothing is to be done before the run has to end."""
        if any(later <= self._until for later in self._later_times()):
            return False
        return not self._reader.has_work(self._permitted) and not any(
            self._lanes.has_ready(endpoint_id, self._permitted(endpoint_id))
            for endpoint_id in self._settings.endpoints
        )

    def _permitted(self, endpoint_id):
        """Return the latency classes that may be read and sent now."""
        now = time.monotonic()
        alternate = self._alternate_of(endpoint_id)
        if not self._gates.is_passable(endpoint_id, now) and not (
            alternate and self._gates.is_passable(alternate.id, now)
        ):
            return ()
        return URGENT if endpoint_id in self._batch_waits else CLASSES

    def _turn(self):
        self._collect()
        self._listen()
        if self._due("reload", RELOAD):
            self._reload()
        if self._due("rebalance", REBALANCE):
            self._rebalance()
            self._listen()
        if self._due("poll", POLL):
            self._reader.wake()
            self._look_at_batch_hours()
            self._gates.refresh()
        self._reader.refresh_parked()
        if self._due("heartbeat", HEARTBEAT):
            self._note_state()
        self._reader.read(self._permitted)
        self._lanes.wake_due(time.monotonic())
        if not self._winding_down():
            self._dispatch()
        if not self._results and not self._finished():
            self._wait(self._timeout())

    def _winding_down(self):
        return (
            self._stopping
            or self._closing
            or (self._until is not None and time.monotonic() >= self._until)
        )

    def _due(self, name, interval):
        now = time.monotonic()
        if now < self._timers.get(name, 0):
            return False
        self._timers[name] = now + interval
        return True

    def _timeout(self):
        if self._reader.has_work(self._permitted):
            return 0
        now = time.monotonic()
        due = min(*self._timers.values(), self._reader.refresh_at)
        return max(min(due, *self._later_times(), FOREVER) - now, 0)

    def _later_times(self):
        """Return the monotonic times at which something may be sent again."""
        now = time.monotonic()
        times = (
            self._lanes.next_due(),
            self._gates.next_change(now),
            self._rates.next_change(now),
        )
        return [each for each in times if each is not None]

    def _wait(self, timeout):
        readable, _w, _x = select.select(
            [self._ownership, self._wake_reader], [], [], timeout
        )
        if self._wake_reader in readable:
            self._drain_wakeups()

    def _listen(self):
        # Not only when select says so: a statement on the same connection swallows
        # notifications that arrive with its answer.
        for payload in self._ownership.notifications():
            self._reader.wake(partitions_of(payload))
            if payload == SETTINGS:
                self._timers["reload"] = 0
            elif payload == GATES:
                self._timers["poll"] = 0

    def _drain_wakeups(self):
        with suppress(BlockingIOError):  # nobody called meanwhile
            os.read(self._wake_reader, 4096)

    def _wake(self):
        with suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_writer, b".")

    # configuration and ownership

    def _reload(self):
        self._settings = self._load_settings()
        self._store.configure_session(self._settings.session)
        for endpoint_id, pool in list(self._pools.items()):
            if pool.endpoint != self._settings.endpoints.get(endpoint_id):
                self._retire(self._pools.pop(endpoint_id))
        self._wanted = self._settings.partitions()
        self._gates.configure(self._settings.endpoints)
        self._look_at_batch_hours()

    def _look_at_batch_hours(self):
        moment = self._membership.database_time()
        self._batch_waits = {
            endpoint.id
            for endpoint in self._settings.endpoints.values()
            if not endpoint.batch_hours.are_open(moment)
        }

    def _rebalance(self):
        gone, surplus = self._ownership.surplus(self._wanted)
        for partition in [*gone, *surplus]:
            if partition not in self._draining:
                self._draining.add(partition)
                self._reader.drop(partition)
                self._lanes.drop(partition)
        for partition in list(self._draining):
            if not self._lanes.is_sending(partition):
                self._draining.discard(partition)
                self._ownership.release(partition)
        grace = max(
            (each.timeout_read for each in self._settings.endpoints.values()), default=0
        )
        if self._membership.settle_lost(grace + HEARTBEAT) and not self._winding_down():
            for partition in self._ownership.acquire(self._wanted):
                self._reader.add(partition)

    # sending

    def _dispatch(self):
        if self._suspect:
            return
        taken = [
            pair
            for endpoint in self._settings.endpoints.values()
            for pair in self._take(endpoint)
        ]
        taken = self._seclude(taken)
        if not taken:
            return
        self._taken.update(delivery.id for _pool, delivery in taken)
        try:
            self._membership.note_inflight(list(self._taken))
            unmapped = self._store.map_payloads(
                self._settings.mappings, [delivery for _pool, delivery in taken]
            )
        except psycopg2.Error:
            for _pool, delivery in taken:
                self._lanes.put_back(delivery)
            raise
        jobs = defaultdict(list)
        for pool, delivery in taken:
            if delivery.crashes >= MAX_CRASHES:
                self._settle_unsent(pool, delivery, _POISON)
            elif outcome := unmapped.get(delivery.id):
                self._settle_unsent(pool, delivery, outcome)
            else:
                jobs[pool].append(delivery)
        for pool, deliveries in jobs.items():
            self._on_wire.update(delivery.id for delivery in deliveries)
            pool.submit(deliveries)

    def _settle_unsent(self, pool, delivery, outcome):
        attempted = Attempted(delivery, outcome, time.monotonic(), via=pool.endpoint.id)
        self._results.append(attempted)

    def _take(self, endpoint):
        """Take from the lanes of an endpoint what can be sent now, and through which
        pool: its own, or that of its alternate while it is not reachable."""
        classes = self._permitted(endpoint.id)
        if not classes:
            return []
        pool = self._pool(endpoint)
        taken = self._take_through(pool, endpoint.id, classes)
        alternate = self._alternate_of(endpoint.id)
        if alternate:
            other = self._pool(alternate)
            taken += self._take_through(
                other, endpoint.id, classes, self._settings.alternating_interfaces
            )
        return taken

    def _alternate_of(self, endpoint_id):
        """Return the endpoint that stands in for one that is not reachable, if any."""
        if self._gates.is_closed(endpoint_id):
            return None
        endpoint = self._settings.endpoints.get(endpoint_id)
        if not endpoint or not self._settings.alternating_interfaces:
            return None
        return self._settings.endpoints.get(endpoint.alternate_id)

    def _pool(self, endpoint):
        pool = self._pools.get(endpoint.id)
        if pool is None:
            pool = self._pools[endpoint.id] = SenderPool(
                endpoint, self._results, self._wake
            )
        return pool

    def _take_through(self, pool, endpoint_id, classes, interfaces=None):
        """Take deliveries of an endpoint as far as a pool can send them now."""
        target = pool.endpoint
        if self._gates.is_closed(target.id):
            if pool.is_tripped and not self._results:
                # every failure it saw is counted, and the endpoint is not down
                pool.reset()
            free = pool.depth - self._load[target.id]
            if target.rate_limit:
                if not self._lanes.has_ready(endpoint_id, classes):
                    return []
                free = self._rates.allow(target, free)
            taken = self._lanes.take(endpoint_id, free, classes, interfaces)
            self._rates.spend(target, len(taken))
        elif self._gates.is_passable(target.id, time.monotonic()):
            taken = self._lanes.take(endpoint_id, 1, classes, interfaces)
            if taken and not self._gates.try_probe(target.id, taken[0]):
                self._lanes.put_back(taken.pop())
            if taken:
                pool.permit_probe()
        else:
            return []
        self._load[target.id] += len(taken)
        return [(pool, delivery) for delivery in taken]

    def _seclude(self, taken):
        """Keep what was on the wire in a crash apart from everything else.

        A process that dies leaves several suspects. Sent beside others again, an innocent
        one could be condemned with the culprit.
        """
        suspects = [pair for pair in taken if 0 < pair[1].crashes < MAX_CRASHES]
        if not suspects:
            return taken
        # nothing more goes out until the wire is empty, then one of them
        chosen = [] if self._taken else suspects[:1]
        for pair in taken:
            if pair not in chosen:
                self._put_back(pair[0].endpoint.id, pair[1])
        if chosen:
            self._suspect = chosen[0][1].id
        return chosen

    def _retire(self, pool):
        """Stop using a pool: what it has not begun to send goes back to its lane."""
        for delivery in pool.withdraw():
            self._put_back(pool.endpoint.id, delivery)
        pool.close()

    def _put_back(self, endpoint_id, delivery):
        """A delivery that was taken for a pool was not sent."""
        self._load[endpoint_id] -= 1
        self._taken.discard(delivery.id)
        self._on_wire.discard(delivery.id)
        self._lanes.put_back(delivery)
        self._gates.abandon(endpoint_id, delivery)
        if self._suspect == delivery.id:
            self._suspect = None

    # writing down

    def _collect(self):
        """Settle what came back from the senders."""
        batch = []
        while self._results:
            batch.append(self._results.popleft())
        if not batch:
            return
        self._on_wire.difference_update(each.delivery.id for each in batch)
        now = time.monotonic()
        delivered, retried, dead, blocking, settled = [], [], [], [], []
        for attempted in batch:
            if attempted.outcome.verdict is Verdict.HELD:
                self._put_back(attempted.via, attempted.delivery)
                continue
            self._load[attempted.via] -= 1
            if self._suspect == attempted.delivery.id:
                self._suspect = None
            settled.append(attempted.delivery.id)
            self._decide(attempted)
            self._gates.count(attempted)
            if attempted.reason and (
                attempted.delivery.interface_id in self._settings.blocking_interfaces
            ):
                blocking.append(attempted)
            elif attempted.reason:
                dead.append(attempted)
            elif attempted.outcome.verdict is Verdict.DELIVERED:
                delivered.append(attempted)
            else:
                retried.append(attempted)
        # The lanes go on before the database is told: senders work while it writes. What
        # a crash in between repeats carries the same id.
        for attempted in [*delivered, *dead]:
            self._lanes.finish(attempted.delivery, now)
        for attempted in retried:
            attempted.delivery.attempts += attempted.counted
            attempted.delivery.crashes = 0  # it can be sent without harm
            self._lanes.park(attempted.delivery, now + attempted.delay)
        for attempted in blocking:
            self._lanes.block(attempted.delivery)
        self._accepted += delivered
        self._gates.settle()
        if not self._winding_down():
            self._dispatch()
        self._record_accepted()
        self._store.retry(retried)
        self._store.bury(dead, blocking=False)
        self._store.bury(blocking, blocking=True)
        self._taken.difference_update(settled)

    def _record_accepted(self):
        """Write down what receivers accepted. If that fails, it is kept for the next run."""
        self._store.finish(self._accepted)
        self._accepted.clear()

    def _decide(self, attempted):
        """Fill in when to try again, or why not."""
        delivery, outcome = attempted.delivery, attempted.outcome
        if outcome.verdict is Verdict.DELIVERED:
            self._last_ok.add(attempted.via)
            return
        if hidden := self._settings.masks.get(delivery.version_id):
            masking.redact_outcome(outcome, delivery, hidden)
        if not outcome.reason:
            self._last_error[attempted.via] = outcome.error_code
        _logger.info(
            "Delivery %s of %s to endpoint %s failed: %s, trace %s",
            delivery.uuid,
            delivery.type,
            attempted.via,
            outcome.error_code,
            trace.trace_id(delivery.traceparent),
        )
        if outcome.verdict is Verdict.DEAD:
            attempted.reason = outcome.reason or "refused"
            return
        endpoint = self._settings.endpoints.get(delivery.endpoint_id)
        if outcome.verdict is Verdict.GONE:
            self._pause(attempted)
        if (
            outcome.verdict is Verdict.GONE
            or endpoint is None
            or not self._gates.is_closed(endpoint.id)
        ):
            # The endpoint holds the message back, not its own failure.
            attempted.counted, attempted.delay = False, 0
            if time.monotonic() > delivery.expires_at:
                attempted.reason = "expired"
            return
        attempted.delay = endpoint.schedule.delay(
            delivery.attempts + 1, outcome.retry_after
        )
        if attempted.delay is None:
            attempted.reason = "exhausted"
        elif time.monotonic() + attempted.delay > delivery.expires_at:
            attempted.reason = "expired"

    def _pause(self, attempted):
        age = time.monotonic() - attempted.started_at
        if self._states.pause(attempted.via, attempted.outcome.error_code, age):
            self._on_gone(attempted.via)
        self._timers["reload"] = 0

    def _note_state(self):
        self._membership.heartbeat(len(self._ownership.owned))
        self._states.note_contacts(self._last_ok, self._last_error)
        self._last_ok, self._last_error = set(), {}
