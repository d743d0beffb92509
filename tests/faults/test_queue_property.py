"""IQ-31: whatever fails in whatever order, nothing is lost and order holds."""

import collections
import contextlib
import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.inbound_site import InboundSite
from tests.support.plant import PATIENCE, assert_in_order, copies, drain, kill
from tests.support.waiting import wait_for

LANES = 7
RUNS = 3 if os.environ.get("MFG_QUICK") == "1" else 200

OUTBOUND = (
    st.tuples(st.just("emit"), st.integers(1, 60)),
    st.tuples(st.just("answer"), st.sampled_from([200, 503, 429, None])),
    st.tuples(st.just("delay"), st.sampled_from([0, 0.05, 0.3])),
    st.tuples(st.just("refuse"), st.integers(0, 9)),
    st.tuples(st.just("cut"), st.just(0)),
    st.tuples(st.just("kill"), st.just(0)),
    st.tuples(st.just("terminate"), st.just(0)),
)
INBOUND = (
    st.tuples(st.just("send"), st.integers(1, 20)),
    st.tuples(st.just("send_again"), st.integers(1, 20)),
    st.tuples(st.just("send_copies"), st.integers(2, 8)),
    st.tuples(st.just("send_blank"), st.just(0)),
    st.tuples(st.just("cut"), st.just(0)),
    st.tuples(st.just("kill"), st.just(0)),
    st.tuples(st.just("terminate"), st.just(0)),
    st.tuples(st.just("kill_server"), st.just(0)),
)


def play_any(steps, run):
    """Play schedules of steps on ``run``, each to its end."""

    @settings(
        max_examples=RUNS,
        deadline=None,
        derandomize=RUNS < 10,  # the same few in CI, others in each long run
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.one_of(*steps), min_size=3, max_size=8))
    def plays(schedule):
        run.begin()
        for action, argument in schedule:
            getattr(run, action)(argument)
        run.end()

    plays()


class OutboundRun:
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
            drain(self.workers.pop())

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


class InboundRun:
    """One database that takes messages in, whatever happens to those who process them."""

    #: a message over which three processes died is set aside, which is IQ-11
    MOST_KILLS = 2

    def __init__(self, site):
        self.site = site
        self.worker = None
        self.schedule = 0
        site.start_server()

    def begin(self):
        self.schedule += 1
        self.texts = []  # by number, which is the order of sending; None: blank
        self.kills = 0
        self._have_worker()

    def send(self, count):
        for _number in range(count):
            self.texts.append(f"{self.schedule}-{len(self.texts)}")
            assert self._post(len(self.texts) - 1) == 202

    def send_again(self, which):
        if self.texts:
            assert self._post(which % len(self.texts)) == 202

    def send_copies(self, count):
        self.texts.append(f"{self.schedule}-{len(self.texts)}")
        calls = [lambda: self._post(len(self.texts) - 1)] * count
        answers = collections.Counter(self.site.parallel(calls))
        assert answers[202] >= 1
        assert answers.keys() <= {202, 409}  # 409: another copy is being taken in

    def send_blank(self, _argument):
        self.texts.append(None)
        assert self._post(len(self.texts) - 1) == 202

    def cut(self, _argument):
        self.site.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() "
            "AND application_name LIKE 'mfg_integration%%'"
        )

    def kill(self, _argument):
        if self.worker and self.kills < self.MOST_KILLS:
            self.kills += 1
            kill(self.worker)
            self.worker = None

    def terminate(self, _argument):
        if self.worker:
            worker, self.worker = self.worker, None
            drain(worker)

    def kill_server(self, _argument):
        kill(self.site.server)
        self.site.start_server()

    def end(self):
        """Let everything recover, and check what must hold."""
        self._have_worker()
        wait_for(
            lambda: not self.site.unfinished(), PATIENCE, "every message is settled"
        )
        effects = self._effects()
        expected = {text for text in self.texts if text}
        assert effects.keys() == expected, "nothing is lost"
        assert set(effects.values()) <= {1}, "one effect per key"
        lanes = collections.defaultdict(list)
        for text in effects:
            number = int(text.partition("-")[2])
            lanes[number % LANES].append(number)
        for lane, numbers in lanes.items():
            assert numbers == sorted(numbers), lane
        dead = self.site.query(
            "SELECT subject, reason FROM mfg_integration_inbox_exception "
            "WHERE subject LIKE %s",
            f"{self.schedule}-%",
        )
        assert sorted(dead) == sorted(
            (f"{self.schedule}-{number}", "refused")
            for number, text in enumerate(self.texts)
            if text is None
        ), "every dead has a reason"

    def _post(self, number):
        status, _body, _headers = self.site.post(
            {"text": self.texts[number] or " "},
            key=f"{self.schedule}-{number}",
            headers={"Ordering-Key": f"lane-{number % LANES}"},
        )
        return status

    def _effects(self):
        """{text: how many notes say so}, in the order they were made."""
        return collections.Counter(
            re.sub("<[^>]*>", "", body)
            for (body,) in self.site.query(
                "SELECT body FROM mail_message WHERE model = 'mfg.integration.system' "
                "AND res_id = %s AND body LIKE %s ORDER BY id",
                self.site.system,
                f"<p>{self.schedule}-%",
            )
        )

    def _have_worker(self):
        if not self.worker:
            self.worker = self.site.start_worker()


def test_iq_31_any_faults_in_any_order(plant):
    endpoint = {"breaker_pause": 0.2, "breaker_longest": 1, "timeout_read": 5}
    play_any(OUTBOUND, OutboundRun(plant(lanes=LANES, endpoint=endpoint)))


def test_iq_31_one_effect_per_key_of_inbound_messages(lab):
    with contextlib.closing(InboundSite(lab)) as site:
        play_any(INBOUND, InboundRun(site))
