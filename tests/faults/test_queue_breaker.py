"""Circuit breaker: an endpoint that is down, and one that is gone for good."""

import time

import pytest

from tests.support.plant import PATIENCE, assert_in_order, copies, drain
from tests.support.waiting import wait_for

#: pauses short enough for a test
BRISK = {"breaker_pause": 0.5, "breaker_longest": 2}
#: the statement that a cut connection hits once in a thousand times
REFUSE_PROBES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    RAISE EXCEPTION 'no probe now';
END
$fn$;
CREATE TRIGGER refuse BEFORE UPDATE ON mfg_integration_endpoint_state
    FOR EACH ROW WHEN (OLD.breaker = 'open' AND NEW.breaker = 'half_open')
    EXECUTE FUNCTION refuse();
"""


def breaker(place):
    return place.query(
        "SELECT breaker, breaker_reason FROM mfg_integration_endpoint_state "
        "WHERE endpoint_id = %s",
        place.endpoints[0],
    )


def wait_until_open(place):
    wait_for(lambda: breaker(place)[0][0] != "closed", PATIENCE, "the breaker opens")


def assert_all_delivered_in_order(place, count):
    received = place.sink.received()
    accepted = [each for each in received if each["status"] == 200]
    assert {each["data"]["n"] for each in accepted} == set(range(count))
    assert_in_order(received)
    assert set(copies(accepted).values()) == {1}


def assert_no_attempt_used_up(place):
    """Nothing but the calls that opened the breaker counts as an attempt."""
    used = place.value(
        "SELECT sum(attempts - 1) FROM mfg_integration_delivery_log "
        "WHERE outcome = 'delivered'"
    )
    assert used <= 10
    assert not place.value(
        "SELECT count(*) FROM mfg_integration_dead WHERE endpoint_id = %s",
        place.endpoints[0],
    )


def test_iq_12_endpoint_that_is_down_is_left_alone(plant, lab):
    count = 1000 if lab.quick else 10000
    place = plant(lanes=50, endpoint=BRISK)
    place.sink.behave(status=503)
    down_since = time.monotonic()
    place.start_worker("first")
    place.start_worker("second")
    place.emit(count)
    wait_until_open(place)
    assert place.sink.count() <= 10
    # more messages while it is down cause no calls
    place.emit(100)
    wait_for(lambda: place.sink.count() >= 13, PATIENCE, "it is probed again and again")
    # ten may have been calls; of the rest, none comes before the pause of the one before
    probes = place.sink.count() - 10
    assert probes <= (time.monotonic() - down_since) / BRISK["breaker_pause"]
    assert breaker(place)[0][1] == "HTTP-503"
    assert place.unfinished() == count + 100

    place.sink.behave()
    place.wait_until_settled()
    assert breaker(place) == [("closed", None)]
    assert_all_delivered_in_order(place, count + 100)
    assert_no_attempt_used_up(place)


def test_iq_12_error_of_the_database_at_a_probe_stops_nobody(plant):
    place = plant(endpoint=BRISK)
    place.sink.behave(status=503)
    worker = place.start_worker()
    place.emit(20)
    wait_until_open(place)
    place.query(REFUSE_PROBES)
    wait_for(lambda: worker.has_logged("no probe now"), PATIENCE, "a probe is refused")

    place.query("DROP FUNCTION refuse() CASCADE")
    place.sink.behave()

    place.wait_until_settled()
    assert_all_delivered_in_order(place, 20)
    drain(worker)


def test_iq_12_breaker_survives_its_workers(plant):
    place = plant(lanes=20, endpoint={"breaker_pause": 5, "breaker_longest": 5})
    place.sink.behave(status=None)  # hangs up
    first = place.start_worker("first")
    place.emit(100)
    wait_until_open(place)
    first.process.terminate()
    assert first.process.wait(30) == 0
    calls = place.sink.count()
    open_until = place.value(
        "SELECT EXTRACT(epoch FROM open_until AT TIME ZONE 'UTC')::float8 "
        "FROM mfg_integration_endpoint_state WHERE endpoint_id = %s",
        place.endpoints[0],
    )
    place.sink.behave()
    place.start_worker("second")
    place.wait_until_settled()
    next_call = place.sink.received()[calls]
    assert next_call["at"] >= open_until, "a new worker must respect the breaker"
    assert_all_delivered_in_order(place, 100)


def test_iq_12_receiver_that_is_gone_pauses_the_endpoint(plant):
    place = plant(lanes=20)
    place.sink.behave(status=410)
    place.start_worker()
    place.emit(100)
    wait_for(
        lambda: place.value(
            "SELECT paused_reason FROM mfg_integration_endpoint_state "
            "WHERE endpoint_id = %s",
            place.endpoints[0],
        ),
        PATIENCE,
        "the endpoint is paused",
    )
    wait_for(
        lambda: place.value(
            "SELECT count(*) FROM mail_message WHERE model = 'mfg.integration.endpoint' "
            "AND body LIKE '%%HTTP 410%%' AND res_id = %s",
            place.endpoints[0],
        ),
        PATIENCE,
        "its history tells",
    )
    place.sink.behave()
    place.emitter.run(
        f"env['mfg.integration.endpoint'].browse({place.endpoints[0]}).action_resume()"
    )
    place.wait_until_settled()
    assert_all_delivered_in_order(place, 100)
    assert_no_attempt_used_up(place)


@pytest.mark.long
def test_iq_12_ten_minutes_down_with_ten_thousand_waiting(plant):
    place = plant(lanes=300)  # with the pauses of a new endpoint: 30 s to 15 min
    place.sink.behave(status=503)
    place.start_worker()
    place.emit(10000)
    wait_until_open(place)
    assert place.sink.count() <= 10
    opened_at = time.monotonic()
    wait_for(lambda: time.monotonic() - opened_at > 600, 700, "ten minutes are over")
    assert place.sink.count() <= 10 + 40
    assert place.unfinished() == 10000
    place.sink.behave()
    place.emitter.run(
        f"env['mfg.integration.endpoint'].browse({place.endpoints[0]}).action_probe()"
    )
    place.wait_until_settled(300)
    assert_all_delivered_in_order(place, 10000)
    assert_no_attempt_used_up(place)
