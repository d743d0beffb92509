"""Latencies counted between fixed bounds: sums of histograms are histograms again."""

#: upper bounds in milliseconds; what is longer falls into one more bucket
BOUNDS = (
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_800_000,
    3_600_000,
    14_400_000,
    86_400_000,
)
BUCKETS = len(BOUNDS) + 1


def add(first, second):
    """Return the sum of two histograms; an empty one counts as nothing."""
    if not first or not second:
        return list(first or second or [])
    return [one + other for one, other in zip(first, second, strict=True)]


def percentile(counts, share):
    """Return the latency in milliseconds that ``share`` of the messages kept below.

    Inside a bucket the messages are taken as evenly spread. What is above the last bound
    counts as that bound.

    :param counts: number of messages per bucket
    :param float share: 0.95 for the 95th percentile
    :return: None without messages
    """
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    below, seen = 0, 0
    for bound, count in zip(BOUNDS, counts, strict=False):
        if count and seen + count >= wanted:
            return below + (bound - below) * (wanted - seen) / count
        below, seen = bound, seen + count
    return float(BOUNDS[-1])
