"""The threads of one endpoint: a slow receiver keeps its own busy and nobody else's."""

import logging
import threading
import time
from queue import Empty, SimpleQueue

from .file_sender import FileSender
from .http_sender import HttpSender
from .outcome import OWN_DEFECT, Outcome, Verdict
from .store import Attempted

_logger = logging.getLogger(__name__)

#: seconds of work queued ahead of the threads, so that they never wait for the loop
AHEAD = 0.02
MAX_AHEAD = 128
#: weight of the newest duration in the running mean
_SMOOTHING = 0.1

#: transport of the endpoint → class with ``send(delivery)`` and ``close()``
SENDERS = {"https": HttpSender, "file": FileSender}


class SenderPool:
    """Sends deliveries in up to ``endpoint.concurrency`` threads, started when needed."""

    def __init__(self, endpoint, results, wake):
        """
        :param endpoint: :class:`.settings.EndpointSettings`
        :param results: a deque that receives an :class:`.store.Attempted` per delivery
        :param wake: called when ``results`` is not empty any more
        """
        self.endpoint = endpoint
        self._results = results
        self._wake = wake
        self._jobs = SimpleQueue()
        self._threads = []
        self._mean_duration = AHEAD
        self._guard = threading.Lock()
        self._sending = 0
        self._failures = 0  # in a row

    @property
    def depth(self):
        """How many deliveries to hand over: those on the wire and a little more."""
        size = self.endpoint.batch_size
        if self._failures:
            return self._benefit_of_doubt * size
        ahead = self.endpoint.concurrency * AHEAD / self._mean_duration
        return (self.endpoint.concurrency + min(int(ahead), MAX_AHEAD)) * size

    @property
    def is_tripped(self):
        """Whether so many calls failed in a row that no thread begins another one."""
        return self._failures >= self.endpoint.breaker_failures

    def reset(self, failures=0):
        """Go on as if so many calls had failed in a row."""
        with self._guard:
            self._failures = failures

    def permit_probe(self):
        """Let one message through although the breaker is open."""
        self.reset(self.endpoint.breaker_failures - 1)

    def submit(self, deliveries):
        """Queue deliveries, as many in one request as the endpoint takes."""
        size = self.endpoint.batch_size
        for first in range(0, len(deliveries), size):
            self._jobs.put(deliveries[first : first + size])
            self._start_thread()

    def _start_thread(self):
        if len(self._threads) < self.endpoint.concurrency:
            thread = threading.Thread(
                target=self._run,
                name=f"mfg-integration-{self.endpoint.id}-{len(self._threads)}",
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()

    def withdraw(self):
        """Take back and return what no thread has begun to send."""
        withdrawn = []
        while True:
            try:
                withdrawn += self._jobs.get_nowait()
            except Empty:
                return withdrawn

    def close(self):
        """End the threads once they have sent what they hold; does not wait for them."""
        for _thread in self._threads:
            self._jobs.put(None)

    def _run(self):
        sender = SENDERS[self.endpoint.transport](self.endpoint)
        while deliveries := self._jobs.get():
            started_at = time.monotonic()
            if not self._begin():
                self._report(
                    deliveries, [Outcome(Verdict.HELD) for _each in deliveries], 0.0
                )
                continue
            try:
                if len(deliveries) == 1:
                    outcomes = [sender.send(deliveries[0])]
                else:
                    outcomes = sender.send_batch(deliveries)
            except Exception as error:
                # A defect must cost messages their attempt, not a thread and all behind it.
                _logger.exception("Delivery %s could not be sent", deliveries[0].uuid)
                outcomes = [
                    Outcome(Verdict.RETRY, error_code=OWN_DEFECT, excerpt=repr(error))
                    for _each in deliveries
                ]
            duration = time.monotonic() - started_at
            for outcome in outcomes:
                outcome.duration = duration
            self._mean_duration += _SMOOTHING * (duration - self._mean_duration)
            self._report(deliveries, outcomes, started_at)
            self._end(outcomes[0])
        sender.close()

    def _report(self, deliveries, outcomes, started_at):
        was_empty = not self._results
        is_call = True
        for delivery, outcome in zip(deliveries, outcomes, strict=True):
            self._results.append(
                Attempted(
                    delivery,
                    outcome,
                    started_at,
                    is_call=is_call,
                    via=self.endpoint.id,
                )
            )
            is_call = False
        if was_empty:
            self._wake()

    # A receiver that is down gets as many calls as it takes to know it, and not one per
    # thread and second: while calls fail, no more are on the wire than could still fail
    # before the breaker opens.

    @property
    def _benefit_of_doubt(self):
        return max(self.endpoint.breaker_failures - self._failures, 0)

    def _begin(self):
        with self._guard:
            if self._failures and self._sending >= self._benefit_of_doubt:
                return False
            self._sending += 1
            return True

    def _end(self, outcome):
        with self._guard:
            self._sending -= 1
            if outcome.is_outage:
                self._failures += 1
            elif outcome.is_answer:
                self._failures = 0
