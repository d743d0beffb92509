from datetime import timedelta

from odoo import Command, api, fields, models

from odoo.addons.mfg_quality_hold.engine.ledger import ledger

HOUR = timedelta(hours=1)


class MfgSuiteDemoQuality(models.AbstractModel):
    """What quality did at plant A: its inspector holds, its manager decides.

    Holds that were just placed, wait for a signature, gave a part free or are closed, reached
    by the steps that their users take.
    """

    _name = "mfg.suite.demo.quality"
    _inherit = "mfg.suite.demo"
    _description = "Quality of the Demo Group"

    @api.model
    def _run_quality(self):
        """Deliver, receive, hold, inspect and decide."""
        plant = self.with_company(self._ref("company_plant_a"))
        plant._deliver_gear_motors()
        plant._receive_gearboxes()
        plant._answer_complaint()
        plant._hold_control_boards()
        plant._hold_bearings()
        plant._hold_housings()

    # -- documents that quality works on -----------------------------------------------

    def _deliver_gear_motors(self):
        """Two customers get gear motors of one lot; one sends a motor back."""
        lot = self._lot("product_a_gear_motor", "GM-2409-0001")
        self._transfer("out_type_id", lot, 5, self._ref("partner_lakeside"))
        self._transfer("out_type_id", lot, 3, self._ref("partner_great_plains"))
        self._transfer("in_type_id", lot, 1, self._ref("partner_lakeside"))

    def _transfer(self, kind, lot, quantity, partner):
        """Move a quantity of a lot between the stock and a customer."""
        operation = self._ref("warehouse_plant_a")[kind]
        places = [
            self._ref("location_plant_a_stock"),
            self.env.ref("stock.stock_location_customers"),
        ]
        if kind == "in_type_id":
            places.reverse()
        source, destination = places
        picking = self._new_transfer(
            operation, source, destination, [(lot.product_id, quantity)], partner
        )
        self._finish_transfer(picking, {lot: quantity})

    def _receive_gearboxes(self):
        """A rule holds what the vendor delivers; one lot passes, the other one fails."""
        product = self._ref("product_a_gearbox")
        order = self.env["purchase.order"].create(
            {
                "partner_id": self._ref("partner_keystone").id,
                "partner_ref": "KG-20417",
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_qty": 60,
                            "price_unit": 66.5,
                        }
                    )
                ],
            }
        )
        order.button_confirm()
        good = self._new_lot(product, "KG-0601")
        bad = self._new_lot(product, "KG-0602")
        self._finish_transfer(order.picking_ids, {good: 40, bad: 20})
        order.action_create_invoice()
        order.invoice_ids.invoice_date = fields.Date.today()
        order.invoice_ids.action_post()
        inspections = self.env["mfg.quality.inspection"].search(
            [("lot_id", "in", (good + bad).ids)]
        )
        self._name_record("hold_a_received", inspections.hold_id)
        for inspection in inspections.with_env(self._as("user_quality_a")):
            backlash = 6.4 if inspection.lot_id == good else 9.7
            for position, result in enumerate(inspection.result_ids):
                if result.kind == "measured":
                    result.value = backlash + 0.3 * (position % 3)
                else:
                    result.attribute = "yes"
            inspection.action_decide()
        passed = inspections.filtered(lambda one: one.verdict == "pass")
        self._sign(
            passed.hold_id.disposition_ids.filtered(lambda one: one.kind == "release")
        )

    # -- holds by hand -----------------------------------------------------------------

    def _answer_complaint(self):
        """A customer complains: held, traced to both customers, nothing decided yet."""
        lot = self._lot("product_a_gear_motor", "GM-2409-0001")
        customer = self._ref("partner_lakeside")
        hold = self._hold(
            "hold_a_complaint",
            lot,
            "COMPLAINT",
            "Two motors run hot after an hour of load.",
            origin="complaint",
            origin_ref="8D 2026-031",
            partner_id=customer.id,
            severity="critical",
        )
        hold.action_trace()

    def _hold_control_boards(self):
        """Forgotten for twelve days: late, and everybody can see it."""
        board = self._ref("quant_a_board_2231")
        hold = self._hold(
            "hold_a_boards", board, "SUSPECT", "Solder joints look cold.", quantity=6
        )
        self._happened(hold, 12 * 24)

    def _hold_bearings(self):
        """Some of it is scrapped, the rest waits for the vendor's answer."""
        bearings = self._ref("quant_a_bearing")
        hold = self._hold(
            "hold_a_bearings", bearings, "SPEC", "Rust on the outer ring.", quantity=40
        )
        self._happened(hold, 5 * 24)
        self._sign(self._propose(hold, "scrap", 15))

    def _hold_housings(self):
        """A false alarm, looked at and released; and one that waits for its signature."""
        lot = self._ref("lot_a_housing_1204")
        hold = self._hold("hold_a_housings", lot, "SUSPECT", "Paint is too thin?")
        self._happened(hold, 20 * 24)
        self._sign(self._propose(hold, "release"))
        stator = self._ref("quant_a_stator_0412")
        hold = self._hold(
            "hold_a_stators", stator, "SPEC", "Burr on the inner edge.", quantity=12
        )
        self._happened(hold, 30)
        self._propose(hold, "use_as_is")

    def _hold(self, name, record, reason, note, **values):
        """Place something on hold as the inspector of the plant."""
        record = record.with_env(self._as("user_quality_a"))
        hold = record.env["mfg.quality.hold"].place(record, reason, note=note, **values)
        self._name_record(name, hold)
        return hold

    def _propose(self, hold, kind, quantity=None):
        """The inspector proposes what becomes of it, or of a part of it."""
        line = hold.line_ids
        disposition = hold.env["mfg.quality.disposition"].create(
            {
                "hold_id": hold.id,
                "kind": kind,
                "justification": hold.note,
                "line_ids": [
                    Command.create(
                        {
                            "hold_line_id": line.id,
                            "quantity": quantity or line.qty_open,
                        }
                    )
                ],
            }
        )
        disposition.action_propose()
        return disposition

    def _sign(self, disposition):
        """The manager signs, with a password as always, and carries it out."""
        manager = self._as("user_quality_manager")
        manager["mfg.quality.sign"].create(
            {
                "disposition_id": disposition.id,
                "meaning": "Reviewed and decided",
                "password": "quality-manager",  # of the demo login, told to everybody
            }
        ).action_done()
        disposition = disposition.with_env(manager)
        if disposition.state == "approved":
            disposition.action_execute()

    def _happened(self, hold, hours):
        """Shift a hold into the past: a demo group without history shows no ageing."""
        # As the one who loads the demo data: people cannot change when something happened.
        hold = hold.with_env(self.env)
        with ledger(self.env.cr).transition():
            hold.write(
                {
                    "placed_on": hold.placed_on - hours * HOUR,
                    "deadline": hold.deadline - hours * HOUR,
                }
            )

    # -- helpers -----------------------------------------------------------------------

    def _lot(self, product, name):
        return self.env["stock.lot"].search(
            [("product_id", "=", self._ref(product).id), ("name", "=", name)]
        )

    def _new_lot(self, product, name):
        return self.env["stock.lot"].create(
            {
                "name": name,
                "product_id": product.id,
                "company_id": self.env.company.id,
            }
        )
