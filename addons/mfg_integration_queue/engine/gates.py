"""Which endpoints may be sent to now, as one worker knows it.

The truth is in the database (:mod:`.endpoint_state`). A worker counts only while something
fails: as long as all is well, nothing is read or written here for a message.
"""

import time
from dataclasses import dataclass, field

from .endpoint_state import Breaker, Tally
from .lanes import FOREVER

#: seconds between two notes of calls that went well
NOTE = 0.5
#: seconds a probe may take beyond the timeouts of its endpoint
PROBE_GRACE = 10


@dataclass(slots=True)
class _Gate:
    closed: bool = True
    #: monotonic time from which a probe may be tried
    probe_at: float = 0.0
    #: id of the delivery this worker probes with
    probe: int | None = None
    #: the probe went back to its lane unsent
    abandoned: bool = False
    alert: bool = False
    tally: Tally = field(default_factory=Tally)
    #: monotonic time of the next note of calls that went well
    note_at: float = 0.0


class Gates:
    """The breakers of the endpoints of one worker."""

    def __init__(self, states):
        """:param states: :class:`.endpoint_state.EndpointStates`"""
        self._states = states
        self._endpoints = {}
        self._gates = {}

    # knowing

    def configure(self, endpoints):
        """Take over the endpoints in service.

        :param endpoints: id → :class:`.settings.EndpointSettings`
        """
        self._endpoints = endpoints
        self._states.ensure(endpoints)
        for endpoint_id in self._gates.keys() - endpoints.keys():
            del self._gates[endpoint_id]
        for endpoint_id in endpoints:
            self._gates.setdefault(endpoint_id, _Gate())
        self.refresh()

    def refresh(self):
        """Read what other workers and people decided."""
        for breaker in self._states.read(self._endpoints):
            self._follow(breaker)

    def is_closed(self, endpoint_id):
        """Tell whether messages flow as usual."""
        gate = self._gates.get(endpoint_id)
        return gate is None or gate.closed

    def is_passable(self, endpoint_id, now):
        """Tell whether messages should be read: they flow, or a probe is due."""
        gate = self._gates.get(endpoint_id)
        return gate is None or gate.closed or gate.probe_at <= now

    def next_change(self, now):
        """Return the monotonic time of the next probe to come, or None."""
        return min(
            (
                gate.probe_at
                for gate in self._gates.values()
                if not gate.closed and gate.probe_at > now
            ),
            default=None,
        )

    # probing

    def try_probe(self, endpoint_id, delivery):
        """Become the one worker that probes the endpoint, with this delivery."""
        endpoint = self._endpoints[endpoint_id]
        gate = self._gates[endpoint_id]
        patience = endpoint.timeout_connect + endpoint.timeout_read + PROBE_GRACE
        won = self._states.try_probe(endpoint.id, patience)
        if won:
            gate.probe = delivery.id
            gate.probe_at = time.monotonic() + patience
        else:
            self.refresh()
        return won

    def abandon(self, endpoint_id, delivery):
        """The delivery goes back to its lane unsent; if it was the probe, :meth:`settle`
        lets somebody else try."""
        gate = self._gates.get(endpoint_id)
        if gate and gate.probe == delivery.id:
            gate.probe, gate.abandoned = None, True

    # counting

    def count(self, attempted):
        """Note the outcome of a call; :meth:`settle` draws the conclusions."""
        delivery, outcome = attempted.delivery, attempted.outcome
        gate = self._gates.get(attempted.via)
        if gate is None:
            return
        if gate.probe == delivery.id:
            self._probed(gate, attempted.via, outcome)
        elif not attempted.is_call:
            pass
        elif outcome.is_outage:
            tally = gate.tally
            tally.calls += 1
            tally.failures += 1
            tally.trailing += 1
            tally.reason = outcome.error_code
            tally.retry_after = max(tally.retry_after, outcome.retry_after or 0)
        elif outcome.is_answer and (gate.alert or gate.tally.failures):
            gate.tally.calls += 1
            gate.tally.trailing = 0
            gate.tally.succeeded = True

    def settle(self):
        """Write the counts down where they matter and learn which breakers opened."""
        now = time.monotonic()
        for endpoint_id, gate in self._gates.items():
            if gate.abandoned:
                gate.abandoned = False
                self._follow(self._states.release_probe(endpoint_id))
            tally = gate.tally
            if tally.failures or (tally.calls and now >= gate.note_at):
                gate.tally = Tally()
                gate.note_at = now + NOTE
                self._follow(self._states.tally(self._endpoints[endpoint_id], tally))

    def _probed(self, gate, endpoint_id, outcome):
        gate.probe = None
        if outcome.reason:
            gate.abandoned = True  # it never went on the wire
        elif outcome.is_answer:
            self._follow(self._states.close(endpoint_id))
        else:
            self._follow(
                self._states.reopen(
                    self._endpoints[endpoint_id],
                    outcome.error_code,
                    outcome.retry_after,
                )
            )

    def _follow(self, breaker: Breaker | None):
        if breaker is None:
            return
        gate = self._gates[breaker.endpoint_id]
        gate.alert = breaker.alert
        if self._endpoints[breaker.endpoint_id].paused:
            gate.closed, gate.probe_at = False, FOREVER
            return
        gate.closed = breaker.state == "closed"
        if not gate.closed:
            gate.probe_at = time.monotonic() + breaker.probe_in
