from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestDisposition(HoldCase):
    """Decisions are carried out by documents of Odoo that take exactly what was decided."""

    def finish(self, picking, user="stk"):
        picking.move_ids.picked = True
        self.as_user(picking, user).button_validate()

    def rework(self, disposition):
        order = disposition.production_ids
        order.qty_producing = order.product_qty
        order.move_raw_ids.picked = True
        self.as_user(order, "stk").with_context(
            skip_consumption=True
        ).button_mark_done()
        return order

    def test_qh_19_split_decision_adds_up(self):
        lot = self.world.lot(self.part, "C")
        self.world.put(self.part, 100, lot)
        hold = self.world.hold(lot)
        line = hold.line_ids
        release = self.world.propose(hold, "use_as_is", {line: 60})
        rework = self.world.propose(hold, "rework", {line: 30})
        scrap = self.world.propose(hold, "scrap", {line: 10})
        with self.assertRaisesRegex(UserError, "0.0 are open"), self.cr.savepoint():
            self.world.propose(hold, "scrap", {line: 1})
        for disposition in (release, rework, scrap):
            self.world.sign(disposition)
        scrap.action_execute()
        self.assertEqual(scrap.state, "done")
        scrapped = scrap.line_ids.move_ids
        self.assertTrue(scrapped.scrapped)
        self.assertEqual(scrapped.quality_disposition_line_id, scrap.line_ids)
        self.assertEqual(sum(scrapped.stock_valuation_layer_ids.mapped("value")), -50)
        self.assertEqual(self.world.on_hand(self.part, lot), 90)
        rework.action_execute()
        self.assertEqual(hold.state, "executing")
        part = self.part.with_context(location=self.world.stock.id, lot_id=lot.id)
        self.assertEqual(part.free_qty, 60)
        order = self.rework(rework)
        self.assertEqual(order.state, "done")
        self.assertEqual(order.move_raw_ids.quantity, 30)
        self.assertEqual(
            order.move_raw_ids.quality_disposition_line_id, rework.line_ids
        )
        self.assertEqual(rework.state, "done")
        self.assertEqual(self.world.on_hand(self.part, lot), 90)
        # The output of the rework waits for a decision of its own.
        self.assertEqual(sum(hold.line_ids.mapped("qty_open")), 30)
        picking = self.world.transfer(self.part, 110)
        picking.action_assign()
        self.assertEqual(self.world.reserved(self.part, lot), 60)
        self.world.decide(hold, "release")
        self.assertEqual(hold.state, "closed")
        picking.action_assign()
        self.assertEqual(self.world.reserved(self.part, lot), 90)

    def test_qh_20_return_to_vendor(self):
        lot = self.world.lot(self.part, "C")
        receipt = self.world.ship(
            self.part,
            8,
            lot,
            source=self.world.suppliers,
            destination=self.world.shelf,
            kind="in",
        )
        hold = self.world.hold(lot)
        disposition = self.world.decide(hold, "return_vendor", {hold.line_ids: 8})
        self.assertEqual(disposition.vendor_id, self.world.partner)
        picking = disposition.picking_ids
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(picking.move_ids.origin_returned_move_id, receipt.move_ids)
        self.finish(picking)
        self.assertEqual(picking.state, "done")
        self.assertEqual(self.world.on_hand(self.part, lot), 0)
        self.assertEqual(disposition.state, "done")
        self.assertEqual(hold.state, "closed")

    def test_qh_20_return_takes_no_more_than_was_decided(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.decide(
            hold, "return_vendor", {hold.line_ids: 4}, vendor_id=self.world.partner.id
        )
        picking = disposition.picking_ids
        for values in (
            {"quantity": 5},
            {"location_dest_id": self.world.customers.id},
            {"lot_id": self.lot_b.id},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                with self.cr.savepoint():
                    if "lot_id" in values:
                        self.world.hold(self.lot_b)
                    self.as_user(picking.move_line_ids, "stk").write(values)
                    self.finish(picking)
        self.finish(picking)
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 6)
        self.assertTrue(self.lot_a.is_on_hold)
        self.assertEqual(hold.line_ids.qty_open, 6)

    def test_qh_19_scrap_is_booked_as_a_loss(self):
        company = self.world.company
        stock, interim, loss = self.env["account.account"].create(
            [
                {
                    "name": name,
                    "code": code,
                    "account_type": kind,
                    "company_id": company.id,
                }
                for name, code, kind in (
                    ("Stock", "QH1100", "asset_current"),
                    ("Stock Interim", "QH1101", "asset_current"),
                    ("Scrap Loss", "QH6000", "expense"),
                )
            ]
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Stock Journal",
                "code": "QHS",
                "type": "general",
                "company_id": company.id,
            }
        )
        category = (
            self.env["product.category"]
            .with_company(company)
            .create(
                {
                    "name": "Valued",
                    "property_valuation": "real_time",
                    "property_stock_valuation_account_id": stock.id,
                    "property_stock_account_input_categ_id": interim.id,
                    "property_stock_account_output_categ_id": interim.id,
                    "property_stock_journal": journal.id,
                }
            )
        )
        part = self.world.product("Valued Part", categ_id=category.id)
        lot = self.world.lot(part, "V")
        self.world.put(part, 10, lot)
        hold = self.world.hold(lot)
        disposition = self.world.propose(hold, "scrap", {hold.line_ids: 4})
        scrap_location = self.env["stock.scrap"].with_company(company)
        scrap_location = scrap_location.new(
            {"company_id": company.id}
        ).scrap_location_id
        scrap_location._origin.valuation_in_account_id = loss
        self.world.sign(disposition)
        disposition.action_execute()
        entries = disposition.line_ids.move_ids.account_move_ids.line_ids
        self.assertEqual(
            {line.account_id: line.balance for line in entries}, {loss: 20, stock: -20}
        )
        self.assertEqual(entries.move_id.mapped("state"), ["posted"])

    def test_qh_19_regrade_keeps_the_value(self):
        seconds = self.world.product("Seconds")
        hold = self.world.hold(self.lot_a)
        disposition = self.world.decide(hold, "regrade", regrade_product_id=seconds.id)
        self.assertEqual(disposition.state, "done")
        self.assertEqual(hold.state, "closed")
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 0)
        lot = self.env["stock.lot"].search([("product_id", "=", seconds.id)])
        self.assertEqual((lot.name, self.world.on_hand(seconds, lot)), ("A", 10))
        layers = disposition.line_ids.move_ids.stock_valuation_layer_ids
        self.assertEqual(sum(layers.mapped("value")), -50)

    def test_qh_19_sample_of_a_held_lot(self):
        hold = self.world.hold(self.lot_a)
        self.world.decide(hold, "sample", {hold.line_ids: 1})
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 9)
        self.assertTrue(self.lot_a.is_on_hold)
        self.assertEqual(hold.line_ids.qty_open, 9)

    def test_qh_06_decision_is_not_borrowed_for_another_move(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.decide(
            hold, "return_vendor", {hold.line_ids: 4}, vendor_id=self.world.partner.id
        )
        picking = self.world.transfer(self.part, 4)
        values = {"quality_disposition_line_id": disposition.line_ids.id}
        with self.assertRaises(AccessError):
            self.as_user(picking.move_ids, "mgr").write(values)
        # Even with sudo the decision fits neither the destination nor, once used, again.
        with self.assertRaisesRegex(UserError, hold.name), self.cr.savepoint():
            picking.move_ids.sudo().write(values)
            self.world.line(picking, self.lot_a, 4)
            self.finish(picking, "mgr")
        self.finish(disposition.picking_ids)
        with self.assertRaisesRegex(UserError, hold.name), self.cr.savepoint():
            again = self.world.transfer(
                self.part, 4, destination=self.world.suppliers, kind="out"
            )
            again.move_ids.sudo().write(values)
            self.world.line(again, self.lot_a, 4)
            self.finish(again, "mgr")
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 6)
