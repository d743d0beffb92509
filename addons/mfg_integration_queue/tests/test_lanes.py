from odoo.tests.common import BaseCase, tagged

from ..engine.lanes import FOREVER, LANE_CAP, Delivery, Lanes, partition_of


def delivery(id_, lane="a", endpoint=1, part=0, due_at=0.0, cls=2):
    return Delivery(
        id=id_,
        event_id=id_,
        endpoint_id=endpoint,
        part=part,
        lane=lane,
        interface_id=1,
        company_id=1,
        attempts=0,
        crashes=0,
        due_at=due_at,
        expires_at=FOREVER,
        uuid=f"uuid-{id_}",
        type="mfg.note.changed.v1",
        subject=None,
        occurred_at="2026-01-01T00:00:00Z",
        traceparent=None,
        payload="{}",
        cls=cls,
    )


@tagged("post_install", "-at_install")
class TestLanes(BaseCase):
    """One message of a lane at a time, in the order of their ids."""

    def setUp(self):
        super().setUp()
        self.lanes = Lanes()

    def _take(self, limit=100, endpoint=1):
        return [each.id for each in self.lanes.take(endpoint, limit)]

    def _take_one(self):
        (taken,) = self.lanes.take(1, 1)
        return taken

    def test_lane_sends_one_after_the_other(self):
        self.lanes.add([delivery(1), delivery(2), delivery(3)], now=0)
        first = self._take_one()
        self.assertEqual(first.id, 1)
        self.assertEqual(self._take(), [])
        self.lanes.finish(first, now=0)
        self.assertEqual(self._take(), [2])

    def test_lanes_go_in_parallel(self):
        self.lanes.add([delivery(1, "a"), delivery(2, "b"), delivery(3, "a")], now=0)
        self.assertEqual(self._take(), [1, 2])

    def test_endpoints_do_not_share(self):
        self.lanes.add([delivery(1, endpoint=1), delivery(2, endpoint=2)], now=0)
        self.assertEqual(self._take(endpoint=2), [2])
        self.assertEqual(self._take(endpoint=1), [1])

    def test_known_deliveries_are_not_taken_over_twice(self):
        self.lanes.add([delivery(1)], now=0)
        self.lanes.add([delivery(1)], now=0)
        self.lanes.finish(self._take_one(), now=0)
        self.assertEqual(self._take(), [])
        self.assertEqual(len(self.lanes), 0)

    def test_late_commit_goes_before_what_waits(self):
        self.lanes.add([delivery(5), delivery(9)], now=0)
        self.lanes.add([delivery(7)], now=0)
        order = []
        for _turn in range(3):
            taken = self._take_one()
            order.append(taken.id)
            self.lanes.finish(taken, now=0)
        self.assertEqual(order, [5, 7, 9])

    def test_failed_head_holds_its_lane_until_due(self):
        self.lanes.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b")], now=0)
        head, other = self.lanes.take(1, 10)
        self.lanes.park(head, until=10)
        self.lanes.finish(other, now=0)
        self.lanes.wake_due(now=9)
        self.assertEqual(self._take(), [])
        self.assertEqual(self.lanes.next_due(), 10)
        self.lanes.wake_due(now=10)
        self.assertEqual(self._take(), [1])

    def test_late_commit_before_a_parked_head_goes_first(self):
        self.lanes.add([delivery(5)], now=0)
        self.lanes.park(self._take_one(), until=10)
        self.lanes.add([delivery(3)], now=1)
        late = self._take_one()
        self.assertEqual(late.id, 3)
        self.lanes.finish(late, now=2)
        self.assertEqual(self._take(), [], "the failed one still waits for its time")

    def test_row_that_is_due_later_waits(self):
        self.lanes.add([delivery(1, due_at=5.0)], now=0)
        self.assertEqual(self._take(), [])
        self.lanes.wake_due(now=5)
        self.assertEqual(self._take(), [1])

    def test_blocked_lane_waits_for_a_decision(self):
        self.lanes.add([delivery(1), delivery(2)], now=0)
        self.lanes.block(self._take_one())
        self.lanes.wake_due(now=10**9)
        self.assertEqual(self._take(), [])
        self.assertEqual(self.lanes.parked(), [1])
        self.lanes.refresh_parked({1: (FOREVER, 1)}, now=1)
        self.assertEqual(self._take(), [])
        self.lanes.refresh_parked({1: (2, 0)}, now=2)
        self.lanes.wake_due(now=2)
        self.assertEqual(self._take(), [1])

    def test_cancelled_head_lets_the_lane_go_on(self):
        self.lanes.add([delivery(1), delivery(2)], now=0)
        self.lanes.block(self._take_one())
        self.lanes.refresh_parked({}, now=1)
        self.assertEqual(self._take(), [2])

    def test_withdrawn_delivery_is_sent_first_again(self):
        self.lanes.add([delivery(1), delivery(2)], now=0)
        self.lanes.put_back(self._take_one())
        self.assertEqual(self.lanes.sending, 0)
        self.assertEqual(self._take(), [1])

    def test_long_lane_is_read_in_pieces_and_stays_in_order(self):
        rows = [delivery(id_) for id_ in range(1, 2 * LANE_CAP + 51)]
        self.lanes.add(rows, now=0)
        self.assertEqual(len(self.lanes), LANE_CAP)
        order = []
        while True:
            for partition, name, after in self.lanes.to_catch_up():
                rest = [row for row in rows if row.id > after][:LANE_CAP]
                complete = len(rest) < LANE_CAP
                self.lanes.add_rest(partition, name, rest, complete, now=0)
            taken = self.lanes.take(1, 1)
            if not taken:
                break
            order.append(taken[0].id)
            self.lanes.finish(taken[0], now=0)
        self.assertEqual(order, [row.id for row in rows])
        self.assertEqual(len(self.lanes), 0)

    def test_new_row_does_not_overtake_what_was_left_in_the_database(self):
        rows = [delivery(id_) for id_ in range(1, LANE_CAP + 3)]
        self.lanes.add(rows, now=0)
        self.lanes.add([delivery(1000)], now=0)
        self.assertNotIn(1000, self.lanes)

    def test_dropped_partition_keeps_only_what_is_on_the_wire(self):
        self.lanes.add([delivery(1), delivery(2), delivery(3, "b", part=1)], now=0)
        (sending,) = self.lanes.take(1, 1)
        self.lanes.drop((1, 0))
        self.assertTrue(self.lanes.is_sending((1, 0)))
        self.assertEqual(self._take(), [3], "the other partition goes on")
        self.lanes.finish(sending, now=0)
        self.assertFalse(self.lanes.is_sending((1, 0)))

    def test_iq_16_urgent_lanes_go_first_within_their_shares(self):
        self.lanes.add([delivery(n, f"b{n}", cls=3) for n in range(100)], now=0)
        self.assertEqual(len(self._take(10)), 10, "nobody else needs the pool")
        self.lanes.add([delivery(n, f"r{n}", cls=1) for n in range(200, 300)], now=0)
        self.lanes.add([delivery(n, f"n{n}", cls=2) for n in range(300, 400)], now=0)
        taken = self._take(90)
        self.assertEqual(sum(200 <= id_ < 300 for id_ in taken), 50)
        self.assertEqual(sum(300 <= id_ < 400 for id_ in taken), 30)
        self.assertEqual(sum(id_ < 100 for id_ in taken), 10)

    def test_classes_that_have_to_wait(self):
        self.lanes.add([delivery(1, "b", cls=3), delivery(2, "r", cls=1)], now=0)
        taken = self.lanes.take(1, 10, classes=(1, 2))
        self.assertEqual([each.id for each in taken], [2])
        self.assertFalse(self.lanes.has_ready(1, (1, 2)))
        self.assertTrue(self.lanes.has_ready(1))

    def test_what_stands_before_an_urgent_message_hurries_too(self):
        self.lanes.add([delivery(1, cls=3), delivery(2, cls=3)], now=0)
        self.lanes.add([delivery(3, cls=1), delivery(4, cls=3)], now=0)
        order = []
        while taken := self.lanes.take(1, 10, classes=(1,)):
            order += [each.id for each in taken]
            self.lanes.finish(taken[0], now=0)
        self.assertEqual(order, [1, 2, 3])
        self.assertEqual(self._take(), [4])

    def test_counts_return_to_zero(self):
        self.lanes.add([delivery(id_, lane=str(id_ % 3)) for id_ in range(30)], now=0)
        while taken := self.lanes.take(1, 10):
            for each in taken:
                self.lanes.finish(each, now=0)
        self.assertEqual(len(self.lanes), 0)
        self.assertEqual(self.lanes.sending, 0)
        self.assertEqual(self.lanes.loaded.total(), 0)
        self.assertFalse(self.lanes.has_ready(1))

    def test_partition_of_a_lane_never_changes(self):
        self.assertEqual(partition_of("mrp.production,42", 8), 3)
        self.assertTrue(all(0 <= partition_of(str(n), 5) < 5 for n in range(100)))
