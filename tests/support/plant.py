"""What fault tests of outbound delivery work with: users, a receiver, workers."""

import signal
import subprocess
from collections import Counter, defaultdict

from . import wrong_clock
from .emitter import Emitter
from .sink import Sink
from .waiting import wait_for

PATIENCE = 90
READY = "mfg_integration_worker ready"


class Plant:
    """A database with emitting users, a receiver and workers."""

    def __init__(self, lab, lanes=1, **options):
        self.lab = lab
        self.database = lab.database()
        self.sink = Sink()
        self.emitter = Emitter(lab, self.database)
        prepared = self.emitter.prepare(self.sink.url, lanes, **options)
        self.records = prepared["records"]
        self.endpoints = prepared["endpoints"]
        self.lanes = lanes
        self.connection = lab.connect(self.database)

    def close(self):
        self.connection.close()
        self.emitter.close()
        self.sink.close()

    def start_worker(self, name="worker", clock=0):
        """Start a worker and wait until it listens.

        :param clock: seconds its clock is ahead of everybody else's
        """
        conf = self.lab.conf(self.database)
        arguments = ("mfg_integration_worker", "-d", self.database)
        ahead = (wrong_clock.__file__, str(clock)) if clock else ()
        worker = self.lab.start_odoo(name, conf, *arguments, under=ahead)
        worker.wait_until(lambda: worker.has_logged(READY), PATIENCE)
        return worker

    def emit(self, count, **options):
        return self.emitter.emit(count, self.lanes, **options)

    def query(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def value(self, statement, *parameters):
        return self.query(statement, *parameters)[0][0]

    def unfinished(self):
        return self.value(
            "SELECT count(*) FROM mfg_integration_delivery WHERE dead_id IS NULL"
        )

    def wait_until_settled(self, patience=PATIENCE):
        wait_for(lambda: not self.unfinished(), patience, "every message is settled")

    def pids(self):
        return self.value(
            "SELECT array_agg(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() "
            "AND application_name = 'mfg_integration_worker'"
        )

    def cut_workers(self, condition="true"):
        """End the workers' connections to this database, those with `condition` only.

        The server also serves the tests that run beside this one.
        """
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() "
            f"AND application_name = 'mfg_integration_worker' AND {condition}"
        )


def kill(worker):
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()


def drain(worker):
    """Tell a worker to end, and wait until it has; else say what it was doing."""
    worker.process.send_signal(signal.SIGTERM)
    try:
        code = worker.process.wait(30)
    except subprocess.TimeoutExpired:
        worker.process.send_signal(signal.SIGQUIT)
        wait_for(
            lambda: worker.has_logged("# Thread: "), PATIENCE, "it tells its stacks"
        )
        code = "still there"
    assert code == 0, "\n".join([str(code), *worker.tail(150)])


def first_arrivals(received):
    """Return {lane: numbers in the order they first arrived}."""
    lanes, seen = defaultdict(list), set()
    for message in received:
        if message["status"] == 200 and message["id"] not in seen:
            seen.add(message["id"])
            lanes[message["lane"]].append(message["data"]["n"])
    return lanes


def assert_in_order(received):
    for lane, numbers in first_arrivals(received).items():
        assert numbers == sorted(numbers), lane


def copies(received):
    return Counter(each["id"] for each in received)
