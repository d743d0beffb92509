"""Urgent messages beside bulk, slow receivers beside fast ones, batch windows."""

from statistics import quantiles

from tests.support.figures import assert_within
from tests.support.plant import PATIENCE, assert_in_order, kill
from tests.support.waiting import wait_for


def p95(values):
    return quantiles(values, n=20)[-1]


def latencies(place, watched, count, lanes, **options):
    """Emit one message after the other; seconds from each commit to its arrival.

    :param watched: text that tells these messages at the receiver
    """
    place.sink.watch(watched)
    taken = []
    for seen in range(count):
        place.emitter.open("one")
        place.emitter.emit(1, lanes, tx="one", **options)
        committed = place.emitter.commit("one")["at"]
        wait_for(
            lambda seen=seen: len(place.sink.watched()) > seen,
            PATIENCE,
            "the message arrives",
        )
        taken.append(place.sink.watched()[-1] - committed)
    return taken


def test_iq_16_real_time_does_not_wait_behind_batch(quiet, plant, lab):
    waiting, trickle = (10000, 20) if lab.quick else (50000, 50)
    place = plant(lanes=101, latency_class="batch")
    place.sink.behave(delay=0.05)  # slow enough that the bulk lasts
    endpoint = place.endpoints[0]
    place.emitter.add_interface("note.urgent", endpoint, latency_class="real_time")
    *_bulk, lane = place.records
    place.lanes = 100
    place.emit(waiting)
    place.start_worker()
    wait_for(lambda: place.sink.count() > 50, PATIENCE, "the bulk flows")

    taken = latencies(place, "note.urgent", trickle, 1, record=lane, code="note.urgent")
    assert place.unfinished() > waiting // 10, (
        "the bulk was through before the test was"
    )
    assert place.sink.count() > trickle + 50, "the bulk stood still meanwhile"
    assert_within(p95(taken), 1, quiet, "p95 of real time beside bulk")


def test_iq_16_order_of_a_record_holds_across_classes(plant):
    place = plant(lanes=3, latency_class="batch")
    endpoint = place.endpoints[0]
    place.emitter.add_interface("note.urgent", endpoint, latency_class="real_time")
    for _turn in range(100):
        place.emit(60)
        place.emit(3, code="note.urgent")
    place.start_worker()
    place.wait_until_settled()
    received = place.sink.received()
    assert len(received) == 6300
    assert_in_order(received)


def test_iq_13_slow_endpoint_does_not_slow_others(quiet, plant, lab):
    count = 30 if lab.quick else 200
    place = plant(lanes=20, endpoints=("/fast", "/slow"))
    worker = place.start_worker()

    alone = latencies(place, "/fast", count, 20)
    place.sink.behave("/slow", delay=30)
    place.emit(400)
    wait_for(
        lambda: (
            not place.value(
                "SELECT count(*) FROM mfg_integration_delivery WHERE endpoint_id = %s",
                place.endpoints[0],
            )
        ),
        PATIENCE,
        "the fast one has its share",
    )
    assert place.unfinished() > 300, "the slow one does not lag behind"
    beside = latencies(place, "/fast", count, 20)
    assert place.unfinished() > 300, "the slow one was through before the test was"
    kill(worker)  # which would wait for the slow one
    # a fifth more, and what a machine adds to a few milliseconds
    limit = p95(alone) * 1.2 + 0.05
    assert_within(p95(beside), limit, quiet, "p95 beside a slow endpoint")


def test_batch_waits_for_its_window(plant):
    place = plant(lanes=5, latency_class="batch")
    endpoint = place.endpoints[0]
    place.emitter.add_interface("note.urgent", endpoint, latency_class="real_time")
    # a window that is closed now, in the company's time
    place.emitter.run(
        f"""
import datetime
endpoint = env['mfg.integration.endpoint'].browse({endpoint})
endpoint.company_id.partner_id.tz = 'Asia/Tokyo'
now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=9)
hour = (now.hour + 6) % 24
env['mfg.integration.batch.window'].create({{
    'endpoint_id': endpoint.id, 'weekday': 'all',
    'hour_from': hour, 'hour_to': hour + 1,
}})
"""
    )
    place.start_worker()
    place.emit(50)
    place.emitter.emit(5, 1, record=place.records[0], code="note.urgent")
    # the urgent ones take along what stands before them, the others stay
    wait_for(lambda: place.sink.count() == 15, PATIENCE, "the urgent record is through")
    assert place.unfinished() == 40
    assert_in_order(place.sink.received())
    place.emitter.run(
        "env['mfg.integration.batch.window'].search([]).write("
        "{'hour_from': 0, 'hour_to': 24})"
    )
    place.wait_until_settled()
    assert_in_order(place.sink.received())
