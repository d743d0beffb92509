"""IQ-17: workers whose clocks are wrong, and a retry without a worker."""

import pytest

from tests.support.crons import wait_for_crons
from tests.support.plant import PATIENCE, assert_in_order
from tests.support.waiting import wait_for


@pytest.mark.parametrize("clock", [600, -600])
def test_iq_17_wrong_clock_moves_no_due_time(plant, clock):
    place = plant(lanes=5)
    place.sink.behave(fail_when={'{"n": 3}': 503})
    place.start_worker(clock=clock)
    place.emit(20)
    waiting = wait_for(
        lambda: place.query(
            "SELECT EXTRACT(epoch FROM next_at - timezone('UTC', clock_timestamp()))::float8 "
            "FROM mfg_integration_delivery WHERE attempts > 0"
        ),
        PATIENCE,
        "the retry is planned",
    )
    assert abs(waiting[0][0]) < 300, "the next attempt is due by the database's clock"
    place.sink.behave(fail_when={})
    place.wait_until_settled(20)
    assert_in_order(place.sink.received())
    finished = place.value(
        "SELECT count(*) FROM mfg_integration_delivery_log WHERE endpoint_id = %s "
        "AND abs(EXTRACT(epoch FROM finished_at - timezone('UTC', now()))) < 300",
        place.endpoints[0],
    )
    assert finished == 20, "history bears the database's time"
    skew = place.value("SELECT clock_skew FROM mfg_integration_worker")
    assert abs(skew - clock) < 30
    warned = place.emitter.run(
        "result = env['mfg.integration.worker'].search([]).mapped('clock_warning')"
    )
    assert warned["result"] == [True], "people are warned"


def test_retry_due_soon_does_not_wait_for_the_next_look_at_crons(plant):
    place = plant(lanes=5)
    place.sink.behave(status=503, fail_when={})
    conf = place.lab.conf(place.database, max_cron_threads=1)
    server = place.lab.start_odoo("server", conf)
    wait_for_crons(place.lab, server)
    place.emit(1)
    wait_for(lambda: place.sink.count() >= 1, PATIENCE, "the cron tries")
    place.sink.behave()
    place.wait_until_settled()
    first, last = (
        each["at"] for each in place.sink.received()[:: place.sink.count() - 1]
    )
    assert last - first < 45, "the retry waited for the next look at crons"
