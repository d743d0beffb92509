"""Latency classes: which messages go first when not all can go at once."""

REAL_TIME, NEAR_REAL_TIME, BATCH = CLASSES = (1, 2, 3)
URGENT = (REAL_TIME, NEAR_REAL_TIME)
#: parts of a sender pool each class may count on; what one does not need others use
SHARES = {REAL_TIME: 50, NEAR_REAL_TIME: 30, BATCH: 20}


def next_class(ready, busy, classes=CLASSES):
    """Return the class that is furthest below its share among those with work, or None.

    :param ready: class → lanes with something to send
    :param busy: class → messages of it being sent
    """
    best, lowest = None, None
    for cls in classes:
        if ready.get(cls):
            load = busy[cls] / SHARES[cls]
            if best is None or load < lowest:
                best, lowest = cls, load
    return best
