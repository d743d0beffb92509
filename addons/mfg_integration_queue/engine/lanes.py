"""Deliveries in memory: strictly one after the other in a lane, lanes in parallel."""

import heapq
import itertools
from bisect import insort
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from operator import attrgetter
from zlib import crc32

from .latency import CLASSES, next_class

FOREVER = float("inf")
#: deliveries of one lane held in memory; the rest is read when the lane gets there
LANE_CAP = 200
#: lanes passed over in one search for messages of certain interfaces
UNWANTED_CAP = 200
LEAST_URGENT = CLASSES[-1]


def partition_of(lane, partitions):
    """Return the partition of a lane; the same in every process, for ever."""
    return crc32(lane.encode()) % partitions


@dataclass(slots=True)
class Delivery:
    """One row of the hot table with what its envelope needs."""

    id: int
    event_id: int
    endpoint_id: int
    part: int
    lane: str
    interface_id: int
    company_id: int
    attempts: int
    crashes: int
    #: monotonic seconds; FOREVER while a dead letter blocks the lane
    due_at: float
    #: monotonic seconds after which no further attempt is made
    expires_at: float
    uuid: str
    type: str
    subject: str | None
    occurred_at: str
    traceparent: str | None
    payload: str
    #: contract version the event was emitted under
    version_id: int = 0
    #: latency class, see :mod:`.latency`
    cls: int = 2
    #: payload in the receiver's words, where its contract is mapped
    mapped: str | None = None


@dataclass(slots=True, eq=False)
class _Lane:
    partition: tuple[int, int]
    name: str
    waiting: list[Delivery] = field(default_factory=list)
    sending: Delivery | None = None
    parked_until: float | None = None
    #: rows of this lane were left in the database after this id
    truncated_after: int | None = None
    #: the most urgent class that waits here: what stands before it hurries, too
    cls: int = LEAST_URGENT
    #: class among whose ready lanes this one stands
    ready_as: int | None = None
    #: class the delivery on the wire counts for
    sending_as: int = LEAST_URGENT

    @property
    def head(self):
        return self.waiting[0] if self.waiting else None


_by_id = attrgetter("id")


class Lanes:
    """The lanes of the partitions a dispatcher owns. Not thread-safe: one thread calls."""

    def __init__(self):
        self._lanes = {}  # (endpoint id, lane name) → _Lane
        self._by_partition = defaultdict(set)
        # endpoint id → class → lanes with something to send
        self._ready = defaultdict(lambda: defaultdict(deque))
        self._timers = []  # heap of (time, tie breaker, lane)
        self._ties = itertools.count()
        self._ids = set()
        self._busy = defaultdict(Counter)  # endpoint id → class → being sent
        self.loaded = Counter()  # (endpoint id, class) → deliveries in memory
        self.sending = 0

    def __len__(self):
        return len(self._ids)

    def __contains__(self, delivery_id):
        return delivery_id in self._ids

    # filling

    def add(self, deliveries, now):
        """Take over deliveries read from the database, in ascending id order.

        Ids already known are passed over, so reading a range twice is harmless.
        """
        for delivery in deliveries:
            if delivery.id in self._ids:
                continue
            lane = self._lane(delivery)
            after = lane.truncated_after
            if after is not None and delivery.id > after:
                continue
            if len(lane.waiting) >= LANE_CAP:
                lane.truncated_after = lane.waiting[-1].id
                continue
            self._ids.add(delivery.id)
            self.loaded[delivery.endpoint_id, delivery.cls] += 1
            if lane.waiting and delivery.id < lane.waiting[-1].id:
                insort(lane.waiting, delivery, key=_by_id)
            else:
                lane.waiting.append(delivery)
            urgent = delivery.cls < lane.cls
            if urgent:
                lane.cls = delivery.cls
            if lane.head is delivery and not lane.sending:
                self._schedule(lane, now)
            elif urgent and lane.ready_as is not None:
                self._make_ready(lane)

    def add_rest(self, partition, name, deliveries, complete, now):
        """Take over the rows a lane had left in the database.

        :param complete: whether these are all of them
        """
        lane = self._lanes.get((partition[0], name))
        if lane is None:
            return
        lane.truncated_after = None
        self.add(deliveries, now)
        if not complete and lane.waiting:
            lane.truncated_after = lane.waiting[-1].id
        self._remove_if_empty(lane)

    def to_catch_up(self):
        """Return (partition, lane name, last id) of lanes that ran dry in memory while
        rows of theirs wait in the database."""
        return [
            (lane.partition, lane.name, lane.truncated_after)
            for lane in self._lanes.values()
            if lane.truncated_after is not None
            and not lane.waiting
            and not lane.sending
        ]

    # sending

    def take(self, endpoint_id, limit, classes=CLASSES, interfaces=None):
        """Return up to ``limit`` deliveries of an endpoint to send now, each class
        according to its share.

        :param classes: those that may be sent now
        :param interfaces: ids of the only ones whose messages are wanted
        """
        ready, busy = self._ready[endpoint_id], self._busy[endpoint_id]
        taken, unwanted = [], []
        while len(taken) < limit and len(unwanted) < UNWANTED_CAP:
            cls = next_class(ready, busy, classes)
            if cls is None:
                break
            lane = ready[cls].popleft()
            if lane.ready_as != cls:
                continue  # it stands among those of a more urgent class
            lane.ready_as = None
            if not lane.waiting or lane.sending or lane.parked_until is not None:
                continue
            if interfaces is not None and lane.head.interface_id not in interfaces:
                unwanted.append(lane)
                continue
            lane.sending = lane.waiting.pop(0)
            lane.sending_as = cls
            busy[cls] += 1
            self.sending += 1
            taken.append(lane.sending)
        for lane in unwanted:
            self._make_ready(lane)
        return taken

    def put_back(self, delivery):
        """The delivery was taken, but nobody began to send it."""
        lane = self._sent(delivery)
        lane.waiting.insert(0, delivery)
        self._make_ready(lane, first=True)

    def finish(self, delivery, now):
        """The delivery left the hot table: the lane goes on."""
        lane = self._sent(delivery)
        self._forget(delivery)
        self._go_on(lane, now)

    def park(self, delivery, until):
        """The delivery stays at the head of its lane and is due at ``until``."""
        lane = self._sent(delivery)
        delivery.due_at = until
        lane.waiting.insert(0, delivery)
        self._park(lane)

    def block(self, delivery):
        """The delivery is dead and holds its lane until a person decides."""
        self.park(delivery, FOREVER)

    def has_ready(self, endpoint_id, classes=CLASSES):
        """Tell whether anything could be sent to an endpoint now."""
        return any(
            lane.waiting and not lane.sending and lane.parked_until is None
            for cls in classes
            for lane in self._ready[endpoint_id][cls]
            if lane.ready_as == cls
        )

    # parked lanes

    def wake_due(self, now):
        """Put lanes whose time has come back among the ready ones."""
        while self._timers and self._timers[0][0] <= now:
            until, _tie, lane = heapq.heappop(self._timers)
            if lane.parked_until == until:
                lane.parked_until = None
                self._make_ready(lane)

    def next_due(self):
        """Return the time of the next parked lane, or None."""
        while self._timers:
            until, _tie, lane = self._timers[0]
            if lane.parked_until == until:
                return until
            heapq.heappop(self._timers)
        return None

    def parked(self):
        """Return the head ids of parked lanes."""
        return [
            lane.head.id
            for lane in self._lanes.values()
            if lane.parked_until is not None and lane.head
        ]

    def refresh_parked(self, found, now):
        """Follow what people decided about parked deliveries.

        :param found: id → (due at, attempts) of the parked deliveries that still exist;
            one that is absent was cancelled
        """
        for lane in list(self._lanes.values()):
            if lane.parked_until is None or not lane.head:
                continue
            head = lane.head
            if head.id in found:
                head.due_at, head.attempts = found[head.id]
                self._park(lane)
            else:
                lane.waiting.pop(0)
                lane.parked_until = None
                self._forget(head)
                self._go_on(lane, now)

    # partitions

    def drop(self, partition):
        """Forget what waits in a partition; what is being sent stays until it is done."""
        for lane in list(self._by_partition.get(partition, ())):
            for delivery in lane.waiting:
                self._forget(delivery)
            lane.waiting.clear()
            lane.parked_until = lane.truncated_after = None
            self._remove_if_empty(lane)

    def is_sending(self, partition):
        """Tell whether a delivery of the partition is on the wire."""
        return any(lane.sending for lane in self._by_partition.get(partition, ()))

    # internals

    def _lane(self, delivery):
        key = (delivery.endpoint_id, delivery.lane)
        lane = self._lanes.get(key)
        if lane is None:
            lane = _Lane((delivery.endpoint_id, delivery.part), delivery.lane)
            self._lanes[key] = lane
            self._by_partition[lane.partition].add(lane)
        return lane

    def _schedule(self, lane, now):
        if lane.head.due_at > now:
            self._park(lane)
        else:
            lane.parked_until = None
            self._make_ready(lane)

    def _make_ready(self, lane, first=False):
        ready = self._ready[lane.partition[0]][lane.cls]
        lane.ready_as = lane.cls
        if first:
            ready.appendleft(lane)
        else:
            ready.append(lane)

    def _park(self, lane):
        lane.parked_until = lane.head.due_at
        if lane.parked_until < FOREVER:
            heapq.heappush(self._timers, (lane.parked_until, next(self._ties), lane))

    def _sent(self, delivery):
        lane = self._lanes[delivery.endpoint_id, delivery.lane]
        lane.sending = None
        self._busy[delivery.endpoint_id][lane.sending_as] -= 1
        self.sending -= 1
        return lane

    def _go_on(self, lane, now):
        if lane.waiting:
            if lane.cls != lane.head.cls:
                lane.cls = min(each.cls for each in lane.waiting)
            self._schedule(lane, now)
        else:
            self._remove_if_empty(lane)

    def _forget(self, delivery):
        self._ids.discard(delivery.id)
        self.loaded[delivery.endpoint_id, delivery.cls] -= 1

    def _remove_if_empty(self, lane):
        if lane.waiting or lane.sending or lane.truncated_after is not None:
            return
        del self._lanes[lane.partition[0], lane.name]
        self._by_partition[lane.partition].discard(lane)
