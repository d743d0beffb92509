"""The queue: cost of emit, speed of delivery, latency; OCA's queue_job in the same run."""

from statistics import median, quantiles

from queue_inbound import inbound_rates
from queue_job_peer import QueueJob

from tests.support.emitter import Emitter
from tests.support.sink import Sink
from tests.support.waiting import wait_for

LANES = 300
PAYLOAD = 900  # with the rest of the payload about 1 kB
PATIENCE = 120


def run(quick, lab):
    """Measure emit(), drain, latency and inbox; queue_job's enqueue and drain beside them.

    Figures: ``emit_ms`` per event, emitted and committed in one transaction of 1,000;
    ``drain_per_s`` signed messages by one worker process to a receiver on this machine,
    attempt and log rows written; ``commit_to_send_*_ms`` from the end of the commit to
    the arrival at the receiver; ``inbound_per_s`` messages two Odoo workers accept with
    key, contract and idempotency; ``inbound_bare_per_s`` requests to a route of Odoo that
    writes one row unchecked. Ratios: how many times better than queue_job's enqueue and
    no-op drain (the better of two capacities), than the bare route.
    """
    place = _Place(lab)
    peer = QueueJob(lab)
    try:
        emit, enqueue = [], []
        for _turn in range(3 if quick else 7):  # interleaved: noise hits both
            emit.append(place.emit_ms(1000))
            enqueue.append(peer.enqueue_ms(300 if quick else 1000))
        latencies = place.latencies(40 if quick else 200)
        drains = [
            place.drain(4000 if quick else 20000) for _turn in range(1 if quick else 3)
        ]
        jobs = 150 if quick else 1000
        peer_drain = max(peer.drain_per_s(jobs, each) for each in ("root:2", "root:4"))
    finally:
        place.close()
        peer.close()
    inbound, bare = inbound_rates(quick, lab)
    return {
        "figures": {
            "emit_ms": median(emit),
            "drain_per_s": median(drains),
            "commit_to_send_p50_ms": median(latencies),
            "commit_to_send_p95_ms": quantiles(latencies, n=20)[-1],
            "inbound_per_s": inbound,
            "inbound_bare_per_s": bare,
            "queue_job_enqueue_ms": median(enqueue),
            "queue_job_drain_per_s": peer_drain,
        },
        "ratios": {
            "emit_vs_queue_job": median(enqueue) / median(emit),
            "drain_vs_queue_job": median(drains) / peer_drain,
            "inbound_vs_bare": inbound / bare,
        },
    }


class _Place:
    """A database, an emitting process, a receiver; a worker from the first latency on."""

    def __init__(self, lab):
        self.lab = lab
        self.database = lab.database("queue")
        self.sink = Sink(record=False)
        self.emitter = Emitter(lab, self.database)
        self.endpoint = self.emitter.prepare(self.sink.url, LANES)["endpoints"][0]
        self.connection = lab.connect(self.database)

    def close(self):
        self.connection.close()
        self.emitter.close()
        self.sink.close()

    def emit_ms(self, count):
        seconds = self.emitter.emit(count, LANES, size=PAYLOAD)["seconds"]
        self._query("DELETE FROM mfg_integration_delivery")
        return seconds / count * 1000

    def latencies(self, count):
        worker = self.lab.start_odoo(
            "worker",
            self.lab.conf(self.database),
            "mfg_integration_worker",
            "-d",
            self.database,
        )
        worker.wait_until(
            lambda: worker.has_logged("mfg_integration_worker ready"), PATIENCE
        )
        return [self._latency() for _turn in range(count)][count // 10 :]

    def _latency(self):
        self.sink.reset()
        self.emitter.open("one")
        self.emitter.emit(1, LANES, size=PAYLOAD, tx="one")
        committed = self.emitter.commit("one")["at"]
        wait_for(self.sink.count, PATIENCE, "the message arrives")
        return (self.sink.span()[0] - committed) * 1000

    def drain(self, count):
        """Let ``count`` messages wait for a paused endpoint, then time their delivery."""
        self._pause("timezone('UTC', now())")
        self.emitter.emit(count, LANES, size=PAYLOAD)
        self.sink.reset()
        self._pause("NULL")
        wait_for(lambda: self.sink.count() >= count, PATIENCE, "everything arrives")
        wait_for(
            lambda: (
                not self._query("SELECT count(*) FROM mfg_integration_delivery")[0][0]
            ),
            PATIENCE,
            "everything is written down",
        )
        first, last = self.sink.span()
        return count / (last - first)

    def _pause(self, paused_at):
        self._query(
            f"""
            INSERT INTO mfg_integration_endpoint_state (endpoint_id, paused_at)
            VALUES ({self.endpoint}, {paused_at})
            ON CONFLICT (endpoint_id) DO UPDATE SET paused_at = excluded.paused_at
            """
        )
        self._query("NOTIFY mfg_integration, 'settings'")

    def _query(self, statement):
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
