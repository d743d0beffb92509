from odoo.exceptions import UserError
from odoo.tests import tagged

from .inbound_common import InboundPlantCase, moment, quantity


class WarehouseCase(InboundPlantCase):
    """Items of a warehouse whose system reports to us."""

    codes = (
        "goods.receipt",
        "stock.transfer",
        "stock.count",
        "stock.adjustment",
        "stock.snapshot",
    )
    service_groups = "stock.group_stock_manager,stock.group_production_lot"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.housing = cls.product("Housing", "lot", default_code="HS-1")
        cls.screw = cls.product("Screw", default_code="SC-1")
        cls.shelf = cls.env["stock.location"].create(
            {
                "name": "Line 3",
                "barcode": "TP-LINE-3",
                "location_id": cls.stock.id,
                "company_id": cls.plant.id,
            }
        )
        cls.stock.barcode = "TP-STOCK"
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor"})
        cls.buyer = cls.user("plant_test_buyer", "purchase.group_purchase_user")

    def purchase(self, *lines, confirm=True):
        """Return a purchase order of (product, quantity)."""
        order = (
            self.env["purchase.order"]
            .with_user(self.buyer)
            .create(
                {
                    "partner_id": self.vendor.id,
                    "order_line": [
                        (0, 0, {"product_id": product.id, "product_qty": amount})
                        for product, amount in lines
                    ],
                }
            )
        )
        if confirm:
            order.button_confirm()
        return order.sudo()

    def line(self, item, value, lot=None, unit="Units", **more):
        line = {"item": item, "quantity": quantity(value, unit), **more}
        return {**line, "lot": lot} if lot else line

    def receipt(self, order, *lines, **values):
        return {"order": order.name, "lines": list(lines), **values}

    def transfer(self, *lines):
        return {"from": "TP-STOCK", "to": "TP-LINE-3", "lines": list(lines)}


@tagged("post_install", "-at_install")
class TestWarehouse(WarehouseCase):
    """Receipts, transfers, counts and adjustments that a warehouse system reports."""

    def test_pi_01_receipt_with_lots_in_two_deliveries(self):
        order = self.purchase((self.housing, 100), (self.screw, 500))
        result = self.done(
            "goods.receipt",
            self.receipt(
                order,
                self.line("HS-1", 40, "HS-A"),
                self.line("HS-1", 20, "HS-B"),
                self.line("SC-1", 500),
                delivery_note="LS-118",
            ),
        )
        self.assertEqual(result["state"], "done")
        self.assertTrue(result["open"])
        self.assertEqual(self.on_hand(self.housing, "HS-A"), 40)
        self.assertEqual(self.on_hand(self.housing, "HS-B"), 20)
        self.assertEqual(self.on_hand(self.screw), 500)
        self.assertEqual(order.order_line.mapped("qty_received"), [60, 500])
        result = self.done(
            "goods.receipt", self.receipt(order, self.line("HS-1", 40, "HS-A"))
        )
        self.assertFalse(result["open"])
        self.assertEqual(self.on_hand(self.housing, "HS-A"), 80)
        self.assertEqual(order.picking_ids.mapped("state"), ["done", "done"])

    def test_final_receipt_expects_no_more(self):
        order = self.purchase((self.screw, 500))
        self.done(
            "goods.receipt", self.receipt(order, self.line("SC-1", 480), final=True)
        )
        self.assertLessEqual(set(order.picking_ids.mapped("state")), {"cancel", "done"})
        self.assertEqual(self.on_hand(self.screw), 480)

    def test_receipt_in_the_senders_unit(self):
        self.xref(self.dozen, "DZN")
        order = self.purchase((self.screw, 24))
        self.done(
            "goods.receipt", self.receipt(order, self.line("SC-1", 2, unit="DZN"))
        )
        self.assertEqual(self.on_hand(self.screw), 24)

    def test_pi_03_receipt_of_an_order_that_is_not_confirmed_waits(self):
        order = self.purchase((self.screw, 5), confirm=False)
        early = self.report("goods.receipt", self.receipt(order, self.line("SC-1", 5)))
        self.assertEqual(early.state, "parked")
        order.with_user(self.buyer).button_confirm()
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(self.on_hand(self.screw), 5)

    def test_pi_04_receipts_that_are_refused(self):
        order = self.purchase((self.housing, 10))
        for line, pattern in (
            (self.line("HS-1", 11, "X"), "expects 10.0 Units .* the message says 11.0"),
            (self.line("HS-1", 5), "has to name its lot"),
            (self.line("4711", 5, "X"), "item “4711” is not known"),
            (self.line("SC-1", 5), "expects 0.* of .*Screw"),
            (self.line("HS-1", -5, "X"), "has to be above zero"),
            (self.line("HS-1", 5, "X", unit="kg"), "kg is not a unit of"),
        ):
            with self.subTest(pattern):
                self.refused("goods.receipt", self.receipt(order, line), pattern)
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertFalse(
            self.env["stock.lot"].search([("product_id", "=", self.housing.id)])
        )
        self.refused(
            "goods.receipt",
            {"order": "P-nobody", "lines": [self.line("SC-1", 1)]},
            "order or receipt “P-nobody” is not known",
        )

    def test_pi_04_receipt_of_a_closed_order(self):
        order = self.purchase((self.screw, 5))
        payload = self.receipt(order, self.line("SC-1", 5))
        self.done("goods.receipt", payload)
        self.refused("goods.receipt", payload, "is expected any more")
        self.assertEqual(self.on_hand(self.screw), 5)

    def test_pi_02_receipt_sent_twice(self):
        order = self.purchase((self.screw, 10))
        payload = self.receipt(order, self.line("SC-1", 4))
        first = self.report("goods.receipt", payload, key="r-1")
        again = self.report("goods.receipt", payload, key="r-1")
        self.assertEqual(first, again)
        self.assertEqual(self.on_hand(self.screw), 4)

    # transfers

    def test_pi_01_transfer_with_lots(self):
        for name in ("HS-A", "HS-B"):
            self.put_in_stock(self.housing, 10, self.lot(self.housing, name))
        result = self.done(
            "stock.transfer",
            self.transfer(self.line("HS-1", 7, "HS-A"), self.line("HS-1", 3, "HS-B")),
        )
        self.assertTrue(result["transfer"])
        self.assertEqual(self.on_hand(self.housing, "HS-A", self.shelf), 7)
        self.assertEqual(self.on_hand(self.housing, "HS-B", self.shelf), 3)
        self.assertEqual(self.on_hand(self.housing), 20)

    def test_transfer_takes_what_was_moved_also_from_reserved_goods(self):
        for name in ("HS-A", "HS-B"):
            self.put_in_stock(self.housing, 10, self.lot(self.housing, name))
        warehouse = self.stock.warehouse_id
        delivery = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.out_type_id.id,
                "location_id": self.stock.id,
                "location_dest_id": self.vendor.property_stock_customer.id,
                "move_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Housing",
                            "product_id": self.housing.id,
                            "product_uom_qty": 12,
                            "company_id": self.plant.id,
                            "location_id": self.stock.id,
                            "location_dest_id": self.vendor.property_stock_customer.id,
                        },
                    )
                ],
            }
        )
        delivery.action_confirm()
        delivery.action_assign()
        self.assertEqual(delivery.move_ids.quantity, 12)
        self.done("stock.transfer", self.transfer(self.line("HS-1", 9, "HS-A")))
        self.assertEqual(self.on_hand(self.housing, "HS-A", self.shelf), 9)
        self.assertEqual(self.on_hand(self.housing, "HS-B", self.shelf), 0)
        # Odoo may split what lies in one place over rows that it merges later.
        for place, lot, there, reserved in self.env["stock.quant"]._read_group(
            [
                ("product_id", "=", self.housing.id),
                ("location_id", "child_of", self.stock.id),
            ],
            ["location_id", "lot_id"],
            ["quantity:sum", "reserved_quantity:sum"],
        ):
            with self.subTest(place=place.name, lot=lot.name):
                self.assertLessEqual(reserved, there)
                lines = delivery.move_line_ids.filtered(
                    lambda line, here=(place, lot): (
                        (line.location_id, line.lot_id) == here
                    )
                )
                self.assertEqual(sum(lines.mapped("quantity")), reserved)

    def test_pi_03_transfer_waits_for_the_receipt(self):
        order = self.purchase((self.screw, 10))
        early = self.report("stock.transfer", self.transfer(self.line("SC-1", 10)))
        self.assertEqual(early.state, "parked")
        self.assertIn("which holds 0.0", early.error)
        self.done("goods.receipt", self.receipt(order, self.line("SC-1", 10)))
        self.env.invalidate_all()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(self.on_hand(self.screw, location=self.shelf), 10)

    def test_places_that_are_not_known_or_hold_no_goods(self):
        payload = self.transfer(self.line("SC-1", 1))
        self.refused(
            "stock.transfer", {**payload, "to": "Z-9"}, "location “Z-9” is not known"
        )
        supplier = self.env.ref("stock.stock_location_suppliers")
        self.xref(supplier, "VENDOR")
        self.refused(
            "stock.transfer",
            {**payload, "to": "VENDOR"},
            "holds no goods of the company",
        )
        self.refused("stock.transfer", {**payload, "to": "TP-STOCK"}, "to itself")

    # counts and adjustments

    def test_pi_01_count_and_adjustment(self):
        self.put_in_stock(self.housing, 10, self.lot(self.housing, "HS-A"))
        self.done(
            "stock.count",
            {
                "lines": [
                    self.line("HS-1", 8, "HS-A", location="TP-STOCK"),
                    self.line("HS-1", 3, "HS-NEW", location="TP-LINE-3"),
                    self.line("SC-1", 0, location="TP-STOCK"),
                ],
                "reference": "CNT-31",
            },
        )
        self.assertEqual(self.on_hand(self.housing, "HS-A"), 8)
        self.assertEqual(self.on_hand(self.housing, "HS-NEW", self.shelf), 3)
        self.done(
            "stock.adjustment",
            {
                "lines": [
                    self.line("HS-1", -2, "HS-A", location="TP-STOCK"),
                    self.line("SC-1", 5, location="TP-STOCK"),
                ],
                "reason": "Forklift",
            },
        )
        self.assertEqual(self.on_hand(self.housing, "HS-A"), 6)
        self.assertEqual(self.on_hand(self.screw), 5)
        moves = self.env["stock.move"].search(
            [("product_id", "=", self.housing.id), ("is_inventory", "=", True)]
        )
        self.assertTrue(
            any(name.startswith("Forklift") for name in moves.mapped("name"))
        )

    def test_count_is_right_about_its_own_moment(self):
        self.put_in_stock(self.screw, 100)
        self.done("stock.transfer", self.transfer(self.line("SC-1", 30)))
        # the counter had seen 98 before the 30 were taken away
        self.done(
            "stock.count",
            {
                "lines": [self.line("SC-1", 98, location="TP-STOCK")],
                "counted_at": moment(hours=1),
            },
        )
        self.assertEqual(self.on_hand(self.screw), 98)
        self.assertEqual(self.on_hand(self.screw, location=self.shelf), 30)

    def test_pi_04_adjustments_that_are_refused(self):
        self.put_in_stock(self.screw, 5)
        for code, value, pattern in (
            ("stock.adjustment", -6, "less than the message takes away"),
            ("stock.adjustment", 0, "nothing would change"),
            ("stock.count", -1, "cannot have been counted"),
        ):
            with self.subTest(pattern):
                payload = {"lines": [self.line("SC-1", value, location="TP-STOCK")]}
                self.refused(code, payload, pattern)
        self.assertEqual(self.on_hand(self.screw), 5)

    def test_service_user_without_the_right_adjusts_nothing(self):
        self.service.groups_id -= self.env.ref("stock.group_stock_manager")
        self.put_in_stock(self.screw, 5)
        payload = {"lines": [self.line("SC-1", 4, location="TP-STOCK")]}
        self.refused("stock.count", payload, "(?i)stock manager|not allowed")
        self.assertEqual(self.on_hand(self.screw), 5)


@tagged("post_install", "-at_install")
class TestSnapshot(WarehouseCase):
    """Stock that a warehouse system reports every night."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stocked = {}
        for number in range(1, 31):
            product = cls.product(
                f"Part {number}",
                "lot" if number % 3 == 0 else "none",
                default_code=f"PT-{number}",
            )
            lot = cls.lot(product, f"L-{number}") if number % 3 == 0 else None
            cls.put_in_stock(product, number, lot, cls.shelf)
            cls.stocked[product.default_code] = (number, lot and lot.name)

    def snapshot(self, changes=(), at=None, places=("TP-LINE-3",)):
        """Return a snapshot of the shelf; ``changes``: item → (quantity, lot) or None."""
        stock = {**self.stocked, **dict(changes)}
        return {
            "taken_at": at or moment(),
            "locations": list(places),
            "lines": [
                self.line(item, value, lot, location="TP-LINE-3")
                for item, entry in stock.items()
                if entry
                for value, lot in [entry]
            ],
        }

    def differences(self, state="open"):
        return (
            self.env["mfg.integration.stock.difference"]
            .with_user(self.keeper)
            .search([("system_id", "=", self.system.id), ("state", "=", state)])
        )

    seven = {
        "PT-1": (5, None),  # more
        "PT-2": (1, None),  # less
        "PT-3": (3, "L-OTHER"),  # another lot: one missing, one too many
        "PT-4": None,  # nothing any more
        "PT-99": (2, None),  # an item nobody knows here
        "PT-6": (7, "L-6"),
    }

    def test_pi_07_exactly_the_seven_differences(self):
        result = self.done("stock.snapshot", self.snapshot(self.seven))
        self.assertEqual(result["differences"], 7)
        found = self.differences()
        self.assertEqual(
            sorted((each.item, each.lot_name or "", each.difference) for each in found),
            [
                ("PT-1", "", 4.0),
                ("PT-2", "", -1.0),
                ("PT-3", "L-3", -3.0),
                ("PT-3", "L-OTHER", 3.0),
                ("PT-4", "", -4.0),
                ("PT-6", "L-6", 1.0),
                ("PT-99", "", 2.0),
            ],
        )
        self.assertEqual(found.owner_id, self.keeper)
        self.assertEqual(found.activity_ids.user_id, self.keeper)
        self.assertEqual(len(found.activity_ids), 1)

    def test_pi_07_what_moved_since_is_no_difference(self):
        at = moment(minutes=30)
        self.put_in_stock(self.screw, 10)
        self.done(
            "stock.transfer",
            {"from": "TP-STOCK", "to": "TP-LINE-3", "lines": [self.line("SC-1", 10)]},
        )
        self.done("stock.snapshot", self.snapshot(at=at))
        self.assertFalse(self.differences())

    def test_pi_07_next_night(self):
        self.done("stock.snapshot", self.snapshot(self.seven))
        before = self.differences()
        self.done("stock.snapshot", self.snapshot({"PT-1": (6, None)}))
        still = self.differences()
        self.assertEqual(still.item, "PT-1")
        self.assertEqual(still.difference, 5)
        self.assertIn(still, before)
        self.assertEqual(len(self.differences("gone")), 6)

    def test_keeper_books_theirs_or_explains(self):
        self.done(
            "stock.snapshot", self.snapshot({"PT-1": (5, None), "PT-2": (1, None)})
        )
        one, two = self.differences().sorted("item")
        with self.assertRaisesRegex(UserError, "Note first"), self.env.cr.savepoint():
            one.action_explain()
        one.note = "Counted twice"
        one.action_explain()
        self.assertEqual(one.state, "explained")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            two.action_book()
        self.keeper.groups_id += self.env.ref("stock.group_stock_manager")
        two.action_book()
        self.assertEqual(two.state, "booked")
        product = two.product_id.sudo()
        self.assertEqual(self.on_hand(product, location=self.shelf), 1)
        with self.assertRaisesRegex(UserError, "decided on already"):
            two.action_book()

    def test_unknown_item_cannot_be_booked(self):
        self.done("stock.snapshot", self.snapshot({"PT-99": (2, None)}))
        with self.assertRaisesRegex(UserError, "is not known here"):
            self.differences().action_book()

    def test_found_facts_cannot_be_edited(self):
        self.done("stock.snapshot", self.snapshot({"PT-1": (5, None)}))
        with self.assertRaises(UserError):
            self.differences().write({"their_quantity": 1})

    def test_line_of_a_place_that_is_not_described(self):
        payload = self.snapshot()
        payload["lines"][0]["location"] = "TP-STOCK"
        self.refused("stock.snapshot", payload, "lines of TP-STOCK, which it does not")

    def test_plant_without_odoo_is_shown_beside_ours(self):
        self.system.stock_role = "mirror"
        at = moment(hours=2)
        payload = {
            "taken_at": at,
            "locations": ["Hall 9", "Yard"],
            "lines": [
                self.line("PT-1", 70, location="Hall 9"),
                self.line("LEGACY-5", 3, "X", location="Yard"),
            ],
        }
        result = self.done("stock.snapshot", payload)
        self.assertEqual(result, {"lines": 2, "locations": 2})
        clerk = self.user("plant_test_clerk", "stock.group_stock_user")
        overview = self.env["mfg.integration.stock.overview"].with_user(clerk)
        rows = overview.search([("item", "in", ("PT-1", "LEGACY-5"))])
        self.assertEqual(
            sorted((row.item, row.source, row.quantity) for row in rows),
            [("LEGACY-5", "mirror", 3), ("PT-1", "mirror", 70), ("PT-1", "odoo", 1)],
        )
        product = self.env["product.product"].search([("default_code", "=", "PT-1")])
        self.assertEqual(rows.product_id, product)
        self.assertFalse(self.differences())

    def test_mirror_takes_the_latest_and_forgets_what_is_gone(self):
        self.system.stock_role = "mirror"
        mirror = self.env["mfg.integration.stock.mirror"].with_user(self.keeper)

        def tell(value, hours):
            lines = [self.line("A", value, location="Hall 9")] if value else []
            self.done(
                "stock.snapshot",
                {
                    "taken_at": moment(hours=hours),
                    "locations": ["Hall 9"],
                    "lines": lines,
                },
            )
            return mirror.search([("system_id", "=", self.system.id)]).mapped(
                "quantity"
            )

        self.assertEqual(tell(5, 10), [5])
        self.assertEqual(tell(7, 8), [7])
        self.assertEqual(tell(6, 9), [7], "an older one came late")
        self.assertEqual(tell(0, 1), [])

    def test_other_companies_see_nothing_of_it(self):
        self.done("stock.snapshot", self.snapshot({"PT-1": (5, None)}))
        other = self.env["res.company"].create({"name": "Other Plant"})
        stranger = self.keeper.copy(
            {
                "login": "plant_test_stranger",
                "company_id": other.id,
                "company_ids": [(6, 0, other.ids)],
            }
        )
        stranger.groups_id += self.env.ref("stock.group_stock_user")
        for model in ("difference", "overview"):
            found = self.env[f"mfg.integration.stock.{model}"].with_user(stranger)
            self.assertFalse(found.search([("item", "like", "PT-")]))

    def test_queries_do_not_grow_with_the_lines(self):
        def spent(count):
            payload = self.snapshot()
            payload["lines"] = payload["lines"][:count]
            message = self.send("stock.snapshot", payload)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.process()
            self.assertEqual(message.state, "processed")
            return self.env.cr.sql_log_count - before

        self.system.stock_role = "mirror"
        spent(30)
        self.assertLessEqual(abs(spent(30) - spent(2)), 3)
