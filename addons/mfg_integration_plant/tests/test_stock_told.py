from contextlib import suppress
from unittest.mock import patch

from odoo.tests import tagged

from ..messages import stock_available
from .inbound_common import quantity
from .stock_common import AVAILABLE, CHANGED, StockToldCase


@tagged("post_install", "-at_install")
class TestStockChanged(StockToldCase):
    """Planning hears of every change of what a warehouse holds."""

    def test_pi_01_done_moves_are_told_once_per_item_and_warehouse(self):
        self.put_in_stock(self.motor, 20)
        waiting = self.move(self.motor, 5, self.stock, self.customers)
        waiting._action_assign()
        moves = self.move(self.motor, 3, self.stock, self.customers) | self.move(
            self.motor, 4, self.suppliers, self.shelf
        )
        (payload,) = self.payloads_of(CHANGED, lambda: self.carry_out(moves))
        self.assertEqual(payload["product"]["code"], "MT-1")
        self.assertEqual(payload["warehouse"]["code"], "TP")
        self.assertEqual(payload["on_hand"], quantity(21))
        self.assertEqual(payload["reserved"], quantity(5))
        self.assertEqual(payload["free"], quantity(16))

    def test_transfer_between_warehouses_is_told_for_both(self):
        other = self.env["stock.warehouse"].create(
            {"name": "Hall 2", "code": "TP2", "company_id": self.plant.id}
        )
        self.put_in_stock(self.motor, 20)
        move = self.move(self.motor, 8, self.stock, other.lot_stock_id)
        payloads = self.payloads_of(CHANGED, lambda: self.carry_out(move))
        self.assertEqual(
            {each["warehouse"]["code"]: each["on_hand"]["value"] for each in payloads},
            {"TP": 12, "TP2": 8},
        )

    def test_what_moves_nothing_that_is_stored_is_not_told(self):
        self.put_in_stock(self.motor, 20)
        move = self.move(self.motor, 8, self.stock, self.customers)
        self.assertFalse(self.payloads_of(CHANGED, move._action_assign))
        self.assertFalse(self.payloads_of(CHANGED, move._action_cancel))
        glue = self.product("Glue", detailed_type="consu")
        glue_move = self.move(glue, 1, self.stock, self.customers)
        self.assertFalse(self.payloads_of(CHANGED, lambda: self.carry_out(glue_move)))
        elsewhere = self.move(self.motor, 8, self.suppliers, self.customers)
        self.assertFalse(self.payloads_of(CHANGED, lambda: self.carry_out(elsewhere)))

    def test_moves_rolled_back_and_other_companies_are_not_told(self):
        move = self.move(self.motor, 4, self.suppliers, self.stock)

        def regret():
            with suppress(RuntimeError), self.env.cr.savepoint():
                self.carry_out(move)
                self.env.flush_all()
                raise RuntimeError

        self.assertFalse(self.payloads_of(CHANGED, regret))
        self.nobody_listens()
        self.assertFalse(self.payloads_of(CHANGED, lambda: self.carry_out(move)))

    def test_hundred_moves_are_told_with_as_many_queries_as_one(self):
        products = [self.product(f"P{number}") for number in range(101)]
        moves = self.env["stock.move"].concat(
            *(self.move(each, 1, self.suppliers, self.stock) for each in products)
        )
        self.payloads_of(CHANGED, lambda: self.carry_out(moves))
        trigger = self.env.ref("mfg_integration_plant.trigger_stock_changed")
        sent = []

        def spent(ids):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            sent.extend(
                self.events_of(
                    lambda: (
                        trigger.with_env(self.env(context={})).sudo()._send(ids, set())
                    )
                )
            )
            return self.env.cr.sql_log_count - before

        spent(moves[:1].ids)  # fills the caches of the registry
        self.assertEqual(spent(moves[:1].ids), spent(moves[1:].ids))
        self.assertEqual(len(sent), 102)


@tagged("post_install", "-at_install")
class TestStockAvailable(StockToldCase):
    """Every night planning gets what there is and what is to come."""

    def test_pi_01_snapshot_has_all_that_is_there_or_planned(self):
        gear, wheel = self.product("Gear", default_code="G"), self.product("Wheel")
        self.product("Never Here")
        self.put_in_stock(self.motor, 20)
        self.move(self.motor, 5, self.stock, self.customers)._action_assign()
        self.move(self.motor, 30, self.stock, self.customers)
        self.move(self.motor, 12, self.suppliers, self.stock)
        self.move(gear, 7, self.suppliers, self.stock)
        wheel.active = False
        self.put_in_stock(wheel, 2, location=self.shelf)
        (payload,) = self.tell_available()
        self.assertEqual(payload["warehouse"]["code"], "TP")
        self.assertEqual((payload["page"], payload["pages"]), (1, 1))
        figures = {
            line["product"]["name"]: [
                line[name]["value"]
                for name in (
                    "on_hand",
                    "reserved",
                    "free",
                    "incoming",
                    "outgoing",
                    "available_to_promise",
                )
            ]
            for line in payload["lines"]
        }
        self.assertEqual(
            figures,
            {
                "Motor": [20, 5, 15, 12, 35, -3],
                "Gear": [0, 0, 0, 7, 0, 7],
                "Wheel": [2, 0, 2, 0, 0, 2],
            },
        )

    def test_snapshot_comes_in_pages_of_bounded_size(self):
        for number in range(5):
            self.put_in_stock(self.product(f"P{number}"), number + 1)
        with patch.object(stock_available, "PAGE", 2):
            payloads = self.tell_available()
        self.assertEqual([each["page"] for each in payloads], [1, 2, 3])
        self.assertEqual({each["pages"] for each in payloads}, {3})
        self.assertEqual({each["items"] for each in payloads}, {5})
        self.assertEqual([len(each["lines"]) for each in payloads], [2, 2, 1])
        self.assertEqual(len({each["taken_at"] for each in payloads}), 1)
        self.assertEqual(
            sorted(
                line["on_hand"]["value"] for each in payloads for line in each["lines"]
            ),
            [1, 2, 3, 4, 5],
        )

    def test_empty_warehouse_says_so_and_nobody_pays_where_nobody_listens(self):
        (payload,) = self.tell_available()
        self.assertEqual((payload["pages"], payload["lines"]), (1, []))
        self.nobody_listens()
        self.assertFalse(self.tell_available())

    def test_schedule_is_off_until_somebody_wants_it(self):
        cron = self.env.ref("mfg_integration_plant.ir_cron_stock_available")
        self.assertFalse(cron.active)
        self.put_in_stock(self.motor, 3)
        (payload,) = self.payloads_of(AVAILABLE, cron.method_direct_trigger)
        self.assertEqual(payload["lines"][0]["on_hand"], quantity(3))

    def test_hundred_items_are_told_with_as_many_queries_as_one(self):
        products = self.env["product.product"].concat(
            *(self.product(f"P{number}") for number in range(101))
        )
        for product in products:
            self.put_in_stock(product, 1)

        def spent(items):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            stock_available.balances(self.warehouse, items, planned=True)
            return self.env.cr.sql_log_count - before

        spent(products[:1])
        self.assertEqual(spent(products[:1]), spent(products[1:]))
