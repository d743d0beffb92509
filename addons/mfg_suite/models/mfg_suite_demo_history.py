import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import file_open

HISTORY = "mfg_suite/demo/production_history.json"
# How many days before its first use the material came, and after its end a batch went out.
RECEIVED_BEFORE = 2
SHIPPED_AFTER = 1


class MfgSuiteDemoHistory(models.AbstractModel):
    """What the plants received, made and shipped in the weeks before the demo begins.

    Nothing of it is left in stock but by-products.
    """

    _name = "mfg.suite.demo.history"
    _inherit = "mfg.suite.demo"
    _description = "Past Weeks of the Demo Group"

    @api.model
    def _run_history(self):
        """Run the batches of the file, each on its day."""
        with file_open(HISTORY) as stream:
            rows = json.load(stream)
        for row in rows:
            plant = self.with_company(self._ref(f"company_{row['plant']}"))
            plant._run_batches(row)

    def _run_batches(self, row):
        bom = self._ref(row["bill_of_materials"])
        self._receive_material(row, bom)
        plan = [
            {
                **row,
                "started_hours_ago": 24 * days,
                "lot": f"{row['lot']}-{number:02}",
                "source": "Stock",
            }
            for number, days in enumerate(row["days_ago"], start=1)
        ]
        for batch in plan:
            self._make_and_ship(batch)

    def _receive_material(self, row, bom):
        """All that the batches take, in one delivery of a lot each."""
        total = row["quantity"] * len(row["days_ago"]) / bom.product_qty
        when = self._ago(24 * (max(row["days_ago"]) + RECEIVED_BEFORE))
        suppliers = self.env.ref("stock.stock_location_suppliers")
        picking = self._new_transfer(
            self._ref(f"warehouse_{row['plant']}").in_type_id,
            suppliers,
            self._stock(row),
            [(line.product_id, line.product_qty * total) for line in bom.bom_line_ids],
        )
        picking.action_assign()
        for move in picking.move_ids:
            if move.has_tracking != "none":
                code = move.product_id.default_code
                move.move_line_ids.lot_name = f"{code}-{when:%y%m%d}"
        picking.scheduled_date = when
        picking.move_ids.picked = True
        picking.button_validate()
        self._date_transfer(picking, when)
        # First in, first out: the batches take this, and leave what was counted today.
        quants = picking.move_line_ids.lot_id.quant_ids
        quants.filtered(lambda quant: quant.quantity > 0).in_date = when

    def _make_and_ship(self, batch):
        order = self.env["mrp.production"].create(
            self._order_values(self.env.company, batch)
        )
        order.action_confirm()
        order.action_assign()
        self._record_production(order, batch["quantity"], batch["lot"])
        worked = [
            (work, {"date_start": work.date_start, "date_finished": work.date_finished})
            for work in order.workorder_ids
        ]
        self._finish(order)
        # Odoo dates what is finished today.
        for work, dates in worked:
            work.with_context(bypass_duration_calculation=True).write(dates)
        end = max(dates["date_finished"] for _work, dates in worked)
        order.date_finished = end
        self._date_moves(order.move_raw_ids | order.move_finished_ids, end)
        customers = self.env.ref("stock.stock_location_customers")
        picking = self._new_transfer(
            self._ref(f"warehouse_{batch['plant']}").out_type_id,
            self._stock(batch),
            customers,
            [(order.product_id, order.product_qty)],
            self._ref(batch["customer"]),
        )
        picking.scheduled_date = shipped = end + timedelta(days=SHIPPED_AFTER)
        self._finish_transfer(picking, {order.lot_producing_id: order.product_qty})
        self._date_transfer(picking, shipped)

    def _date_transfer(self, picking, when):
        picking.date_done = when
        self._date_moves(picking.move_ids, when)

    def _date_moves(self, moves, when):
        moves.write({"date": when})
        moves.move_line_ids.write({"date": when})

    def _stock(self, row):
        return self._ref(f"location_{row['plant']}_stock")

    def _ago(self, hours):
        return fields.Datetime.now() - timedelta(hours=hours)
