"""IQ-31: whatever fails in whatever order, nothing is lost and order holds."""

import os
import signal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.plant import PATIENCE, assert_in_order, copies, kill
from tests.support.waiting import wait_for

LANES = 7
RUNS = 3 if os.environ.get("MFG_QUICK") == "1" else 200

steps = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), st.integers(1, 60)),
        st.tuples(st.just("answer"), st.sampled_from([200, 503, 429, None])),
        st.tuples(st.just("delay"), st.sampled_from([0, 0.05, 0.3])),
        st.tuples(st.just("refuse"), st.integers(0, 9)),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("kill"), st.just(0)),
        st.tuples(st.just("terminate"), st.just(0)),
    ),
    min_size=3,
    max_size=8,
)


class Run:
    """One database on which one schedule after the other is played."""

    def __init__(self, place):
        self.place = place
        self.workers = []
        self.first = 0  # number of the first event of this schedule
        self.count = 0
        self.refused = set()

    def begin(self):
        self.place.sink.reset()
        self.first += self.count
        self.count = 0
        self.refused = set()
        self._have_worker()

    def play(self, step):
        action, argument = step
        getattr(self, action)(argument)

    def emit(self, count):
        self.place.emit(count)
        self.count += count

    def answer(self, status):
        self.place.sink.behave(status=status, retry_after=1)

    def delay(self, seconds):
        self.place.sink.behave(delay=seconds)

    def refuse(self, which):
        number = self.first + self.count + which
        self.refused.add(number)
        self.place.sink.behave(
            fail_when={f'{{"n": {each}}}': 422 for each in self.refused}
        )

    def cut(self, _argument):
        self.place.cut_workers()

    def kill(self, _argument):
        if self.workers:
            kill(self.workers.pop())

    def terminate(self, _argument):
        if self.workers:
            worker = self.workers.pop()
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(30) == 0

    def end(self):
        """Let everything recover, and check what must hold."""
        place = self.place
        place.sink.behave()
        self._have_worker()
        place.wait_until_settled()
        received = place.sink.received()
        assert all(each["signed"] for each in received)
        expected = set(range(self.first, self.first + self.count))
        accepted = {each["data"]["n"] for each in received if each["status"] == 200}
        dead = dict(
            place.query(
                "SELECT (e.payload->>'n')::int, d.reason FROM mfg_integration_dead d "
                "JOIN mfg_integration_event e ON e.id = d.event_ref "
                "WHERE d.endpoint_id = %s AND (e.payload->>'n')::int >= %s",
                place.endpoints[0],
                self.first,
            )
        )
        assert accepted | dead.keys() == expected, "nothing is lost"
        assert dead.keys() <= self.refused, "only what was refused is dead"
        assert all(dead.values()), "every dead letter has a reason"
        assert_in_order(received)
        ids = {(each["data"]["n"], each["id"]) for each in received}
        assert len(ids) == len(copies(received)), "one id over all attempts"

    def _have_worker(self):
        if not self.workers:
            self.workers.append(self.place.start_worker())
        wait_for(self.place.pids, PATIENCE, "a worker is there")


def test_iq_31_any_faults_in_any_order(plant):
    run = Run(
        plant(
            lanes=LANES,
            endpoint={
                "breaker_pause": 0.2,
                "breaker_longest": 1,
                "timeout_read": 5,
            },
        )
    )

    @settings(
        max_examples=RUNS,
        deadline=None,
        derandomize=RUNS < 10,  # the same few in CI, others in each long run
        suppress_health_check=list(HealthCheck),
    )
    @given(steps)
    def plays(schedule):
        run.begin()
        for step in schedule:
            run.play(step)
        run.end()

    plays()
