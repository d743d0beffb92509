"""What an answer means for a delivery, and when to try again."""

import random
from dataclasses import dataclass
from enum import Enum

#: error code of a message that we could not send because of ourselves
OWN_DEFECT = "INT-001"


class Verdict(Enum):
    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    #: the receiver is gone for good: keep the message, pause the endpoint
    GONE = "gone"
    #: nothing was sent: the breaker opened while the message waited for a thread
    HELD = "held"


@dataclass(slots=True)
class Outcome:
    """The result of one attempt."""

    verdict: Verdict
    status: int | None = None
    error_code: str | None = None
    excerpt: str | None = None
    retry_after: float | None = None
    duration: float = 0.0
    secret_id: int | None = None
    #: the receiver answered for this message in the answer to a batch
    in_batch: bool = False
    #: why a delivery is dead that never went on the wire
    reason: str | None = None
    #: what is missing, the same text for every message that lacks it
    cause: str | None = None

    @property
    def is_outage(self):
        """Whether the receiver as a whole seems to be down, not this message wrong."""
        return (
            self.verdict is Verdict.RETRY
            and self.error_code != OWN_DEFECT
            and not self.in_batch
        )

    @property
    def is_answer(self):
        """Whether the receiver dealt with the message, also by refusing it."""
        refused = self.verdict is Verdict.DEAD and self.status is not None
        return refused or self.in_batch or self.verdict is Verdict.DELIVERED


#: answers that say "not now" (RFC 9110, Standard Webhooks 1.0)
_TRY_AGAIN = frozenset({408, 425, 429})


def classify(status):
    """Return the verdict and the error code of an HTTP status."""
    if 200 <= status < 300:
        return Verdict.DELIVERED, None
    if status == 410:
        return Verdict.GONE, "HTTP-410"
    if status in _TRY_AGAIN or status >= 500:
        return Verdict.RETRY, f"HTTP-{status}"
    # A redirect is refused, not followed: it would carry a signed business document to
    # an address that nobody approved.
    return Verdict.DEAD, f"HTTP-{status}"


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Seconds before each further attempt, with jitter."""

    delays: tuple[float, ...]
    max_attempts: int
    jitter: float = 0.2

    def delay(self, attempts, retry_after=None):
        """Return the seconds to wait after ``attempts`` failed ones, ``None`` for never.

        The receiver's Retry-After counts, but only between our own delay and the
        longest of the schedule: it can neither hammer nor park a message.
        """
        if attempts >= self.max_attempts:
            return None
        base = self.delays[min(attempts, len(self.delays)) - 1]
        if retry_after is not None:
            return min(max(retry_after, base), max(self.delays))
        return base * random.uniform(1 - self.jitter, 1 + self.jitter)
