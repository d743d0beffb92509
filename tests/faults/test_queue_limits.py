"""Rate limit of an endpoint, shared by all workers; several messages in one request."""

import time

import pytest

from tests.faults.test_queue_breaker import BRISK, wait_until_open
from tests.support.figures import assert_within
from tests.support.plant import assert_in_order


def test_iq_12_rate_limit_holds_over_all_workers_and_after_an_outage(quiet, plant):
    rate, count = 40, 200
    place = plant(lanes=50, endpoint={**BRISK, "rate_limit": rate})
    place.sink.behave(status=503)
    place.start_worker("first")
    place.start_worker("second")
    place.emit(count)
    wait_until_open(place)
    outage = place.sink.count()
    back_at = time.time()
    place.sink.behave()
    place.wait_until_settled()
    received = place.sink.received()
    accepted = [each for each in received if each["status"] == 200]
    assert len(accepted) == count
    assert_in_order(received)
    # What arrived by a moment was permitted by then, however late it came: a quarter of a
    # second may go at once, and the probe that found out.
    for number, each in enumerate(accepted, start=1):
        assert number <= rate * (each["at"] - back_at + 0.25) + 2, each["at"] - back_at
    span = accepted[-1]["at"] - accepted[0]["at"]
    assert_within(span, count / rate * 2 + 5, quiet, "the limit is used")
    assert outage <= 12


@pytest.mark.parametrize("answer", ["all", "each"])
def test_batch_requests_deliver_all_but_what_is_at_fault(plant, answer):
    place = plant(
        lanes=60,
        endpoint={"batch_size": 20, "batch_answer": answer, "concurrency": 2},
    )
    place.sink.behave(fail_when={'{"n": 77}': 422}, answers_each=answer == "each")
    place.emit(300)
    place.start_worker()
    place.wait_until_settled()
    received = place.sink.received()
    assert all(each["signed"] for each in received)
    accepted = [each["data"]["n"] for each in received if each["status"] == 200]
    assert sorted(accepted) == sorted(set(range(300)) - {77})
    assert_in_order(received)
    assert place.sink.count() < 150, "most of them travelled together"
    letters = place.query(
        "SELECT error_code FROM mfg_integration_dead WHERE endpoint_id = %s",
        place.endpoints[0],
    )
    assert letters == [("HTTP-422",)]
