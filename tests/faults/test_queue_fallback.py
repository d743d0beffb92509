"""IQ-35 with real workers: what happens while an endpoint is down."""

import pytest

from tests.faults.test_queue_breaker import BRISK, wait_until_open
from tests.support.plant import PATIENCE, assert_in_order
from tests.support.waiting import wait_for


def test_iq_35_waiting_messages_keep_their_order(plant):
    place = plant(lanes=10, endpoint=BRISK, fallback_mode="wait")
    place.sink.behave(status=503)
    place.start_worker()
    place.emit(200)
    wait_until_open(place)
    assert place.unfinished() == 200
    place.sink.behave()
    place.wait_until_settled()
    assert_in_order(place.sink.received())


def test_iq_35_alternate_takes_over_and_back(plant):
    place = plant(
        lanes=10, endpoints=("/events",), endpoint=BRISK, fallback_mode="alternate"
    )
    first = place.endpoints[0]
    place.emitter.run(
        f"""
first = env['mfg.integration.endpoint'].browse({first})
first.alternate_id = first.copy({{'name': 'alternate', 'url': first.url + '-too'}})
first.alternate_id._set_signing_secret('whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyBub3c=')
"""
    )
    place.start_worker()
    place.emit(100)
    place.wait_until_settled()
    assert {each["path"] for each in place.sink.received()} == {"/events"}

    place.sink.behave("/events", status=503)
    place.emit(200)
    place.wait_until_settled()
    taken_over = [
        each for each in place.sink.received() if each["path"] == "/events-too"
    ]
    assert len(taken_over) >= 190
    assert all(each["signed"] for each in taken_over)
    via = place.query(
        "SELECT count(DISTINCT endpoint_id) FROM mfg_integration_attempt "
        "WHERE status = 200 AND endpoint_id >= %s",
        first,
    )
    assert via == [(2,)], "attempts name the endpoint that was called"

    place.sink.behave("/events")
    place.emit(10)
    place.wait_until_settled()

    def comes_back():
        place.emit(1)
        place.wait_until_settled()
        return place.sink.received()[-1]["path"] == "/events"

    wait_for(comes_back, PATIENCE, "messages go to the endpoint itself again")

    def emit_elsewhere():
        """Emit until it arrives; return where."""
        place.emit(10)
        place.wait_until_settled()
        return {each["path"] for each in place.sink.received()[-10:]}

    place.emitter.run(
        f"env['mfg.integration.endpoint'].browse({first}).action_pause('Stocktaking')"
    )
    wait_for(lambda: emit_elsewhere() == {"/events-too"}, PATIENCE, "paused: the same")
    place.emitter.run(
        f"env['mfg.integration.endpoint'].browse({first}).action_resume()"
    )
    wait_for(lambda: emit_elsewhere() == {"/events"}, PATIENCE, "and back")
    assert_in_order(place.sink.received())


def test_iq_35_document_is_refused_and_passes_again(plant):
    place = plant(lanes=5, endpoint=BRISK, fallback_mode="block")
    place.sink.behave(status=503)
    place.start_worker()
    place.emit(20)
    wait_until_open(place)
    with pytest.raises(AssertionError, match="cannot be completed now: .*Note changed"):
        place.emit(1)
    assert place.unfinished() == 20
    place.sink.behave()
    place.wait_until_settled()
    place.emit(5)
    place.wait_until_settled()
    assert_in_order(place.sink.received())
