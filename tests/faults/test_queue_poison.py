"""IQ-11: a message that ends the process that sends it."""

from tests.support.plant import PATIENCE, assert_in_order, copies, kill
from tests.support.waiting import wait_for

POISON, NEIGHBOUR = '{"n": 7}', '{"n": 8}'


def test_iq_11_message_that_kills_the_worker_is_set_aside(plant):
    place = plant(lanes=20)
    place.emit(60)
    # both are on the wire when the process dies for the first time
    place.sink.behave(delay_when={POISON: 60, NEIGHBOUR: 2})
    place.sink.watch(POISON)
    for turn in range(1, 4):
        worker = place.start_worker(f"victim{turn}")
        wait_for(
            lambda turn=turn: len(place.sink.watched()) == turn,
            PATIENCE,
            "the poison is on the wire",
        )
        kill(worker)
    place.start_worker("survivor")
    place.wait_until_settled()

    letters = place.query(
        "SELECT d.reason, d.error_code, e.payload->>'n' FROM mfg_integration_dead d "
        "JOIN mfg_integration_event e ON e.id = d.event_ref WHERE d.endpoint_id = %s",
        place.endpoints[0],
    )
    assert letters == [("poison", "INT-002", "7")], "and no innocent neighbour"
    received = place.sink.received()
    numbers = {each["data"]["n"] for each in received}
    assert numbers == set(range(60)), "everything else was delivered"
    poison = [each["id"] for each in received if each["data"]["n"] == 7]
    assert len(poison) == 3
    assert max(copies(received).values()) <= 3
    assert_in_order([each for each in received if each["data"]["n"] != 7])
