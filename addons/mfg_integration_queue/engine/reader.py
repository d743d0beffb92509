"""Reads what the owned partitions have for their receivers into the lanes.

A stream is what one partition has of one latency class. It is read by ascending id from a
mark on, so that nothing that is done is looked at again. Ids are drawn when rows are
written and seen when their transaction commits: each read notes which transactions were
open, and the next one also takes what those have left below the mark. Both come from one
snapshot, so a message never overtakes an older one of its lane.
"""

import time
from collections import defaultdict

from .lanes import LANE_CAP
from .latency import CLASSES
from .store import Window

#: deliveries read of one stream at a time
FETCH_LIMIT = 200
#: deliveries of one endpoint and class held in memory before reading pauses
LOADED_CAP = 5000
#: seconds between looks at what people decided about parked deliveries, and the share of
#: time that may take
REFRESH = 1.0
REFRESH_SHARE = 0.05


class Reader:
    """Fills the lanes of one dispatcher."""

    def __init__(self, store, lanes):
        self._store = store
        self._lanes = lanes
        self._windows = {}  # (endpoint id, part, class) → Window
        self._unread = set()
        self._refresh_at = 0.0

    def add(self, partition):
        """Read this partition from now on."""
        for cls in CLASSES:
            self._windows[(*partition, cls)] = Window()
            self._unread.add((*partition, cls))

    def drop(self, partition):
        """Stop reading this partition."""
        for cls in CLASSES:
            self._windows.pop((*partition, cls), None)
            self._unread.discard((*partition, cls))

    def wake(self, partitions=None):
        """There may be something new.

        :param partitions: where, None for anywhere
        """
        if partitions is None:
            self._unread.update(self._windows)
        else:
            streams = {(*each, cls) for each in partitions for cls in CLASSES}
            self._unread |= streams & self._windows.keys()

    def has_work(self, permitted):
        """Tell whether :meth:`read` would find something to read.

        :param permitted: endpoint id → classes that may be read now
        """
        return bool(self._readable(self._unread, permitted))

    def read(self, permitted):  # pylint: disable=method-required-super
        """Read the next deliveries of every stream that may have some."""
        partitions = {each[:2] for each in self._readable(self._unread, permitted)}
        if partitions:
            # always all classes: a lane may have an older message in another one
            streams = [(*each, cls) for each in partitions for cls in CLASSES]
            self._read(
                {
                    stream: self._windows[stream]
                    for stream in self._readable(streams, permitted)
                }
            )
        for partition, lane, after in self._lanes.to_catch_up():
            rest = self._store.fetch_lane(partition, lane, after, LANE_CAP)
            self._lanes.add_rest(
                partition, lane, rest, len(rest) < LANE_CAP, time.monotonic()
            )

    def refresh_parked(self):
        """Follow now and then what people decided about parked deliveries."""
        started = time.monotonic()
        if started < self._refresh_at:
            return
        parked = self._lanes.parked()
        if parked:
            self._lanes.refresh_parked(self._store.parked(parked), time.monotonic())
        now = time.monotonic()
        self._refresh_at = now + max(REFRESH, (now - started) / REFRESH_SHARE)

    @property
    def refresh_at(self):
        """Monotonic time of the next such look."""
        return self._refresh_at

    def _readable(self, streams, permitted):
        """Return those of the streams that may be read now and have room in memory."""
        # an endpoint has a few dozen of them: it is asked about once
        classes = {stream[0]: () for stream in streams}
        for endpoint_id in classes:
            classes[endpoint_id] = [
                cls
                for cls in permitted(endpoint_id)
                if self._lanes.loaded[endpoint_id, cls] < LOADED_CAP
            ]
        return [stream for stream in streams if stream[2] in classes[stream[0]]]

    def _read(self, windows):
        deliveries, counts = self._store.fetch(windows, FETCH_LIMIT)
        exhausted = {each for each in windows if counts[each] < FETCH_LIMIT}
        self._unread -= exhausted
        self._unread |= windows.keys() - exhausted
        older = self._left_behind(deliveries, exhausted)
        if older:
            deliveries = sorted(
                [*self._store.fetch_older(older, LANE_CAP), *deliveries],
                key=lambda each: each.id,
            )
        self._lanes.add(deliveries, time.monotonic())

    def _left_behind(self, deliveries, exhausted):
        """Return (endpoint id, lane) → id of the deliveries that may have older ones of
        their lane in another stream that is not read to its end."""
        behind = defaultdict(set)
        for endpoint_id, part in {(each.endpoint_id, each.part) for each in deliveries}:
            for cls in CLASSES:
                if (endpoint_id, part, cls) not in exhausted:
                    behind[endpoint_id, part].add(cls)
        lanes = {}
        if not behind:
            return lanes
        for each in deliveries:
            if behind[each.endpoint_id, each.part] - {each.cls}:
                lanes.setdefault((each.endpoint_id, each.lane), each.id)
        return lanes
