"""How many messages a second an endpoint takes, over all workers together.

The allowance lives in the state row of the endpoint; a worker takes from it what it can
send right now. It goes on counting while a breaker is open, so a receiver that comes back
is not flooded.
"""

import time
from dataclasses import dataclass

#: seconds after which an allowance that was not used is given up
KEEP = 1.0


@dataclass(slots=True)
class _Allowance:
    left: int = 0
    #: monotonic time at which what is left is worth nothing any more
    ends_at: float = 0.0
    #: monotonic time before which asking for more is useless
    ask_at: float = 0.0


class RateLimits:
    """What this worker may still send to each limited endpoint."""

    def __init__(self, states):
        """:param states: :class:`.endpoint_state.EndpointStates`"""
        self._states = states
        self._allowances = {}

    def allow(self, endpoint, wanted):
        """Return how many of the wanted messages may be sent to an endpoint now."""
        if not endpoint.rate_limit or wanted <= 0:
            return wanted
        now = time.monotonic()
        held = self._allowances.setdefault(endpoint.id, _Allowance())
        if held.ends_at <= now:
            held.left = 0
        if held.left < wanted and held.ask_at <= now:
            granted, seconds = self._states.take_tokens(
                endpoint.id, endpoint.rate_limit, wanted - held.left
            )
            if granted:
                held.left += granted
                held.ends_at = now + KEEP
            held.ask_at = now + max(seconds, 0.0)
        return min(held.left, wanted)

    def spend(self, endpoint, count):
        """Note that messages are sent."""
        if endpoint.rate_limit:
            self._allowances[endpoint.id].left -= count

    def next_change(self, now):
        """Return the monotonic time at which an exhausted allowance grows again, or None."""
        return min(
            (
                held.ask_at
                for held in self._allowances.values()
                if held.left <= 0 and held.ask_at > now
            ),
            default=None,
        )
