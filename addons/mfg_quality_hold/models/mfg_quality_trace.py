from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError

MAX_DEPTH = 20
DIRECTIONS = [("forward", "What was made of it"), ("backward", "What it was made of")]

# Odoo stores on the link of a consumed line the finished line as "consume_line_id" and
# the consumed one as "produce_line_id"; unbuild orders do the same.
STEP = {
    "forward": """
        SELECT DISTINCT used.lot_id, used.product_id, made.lot_id, made.product_id
          FROM stock_move_line used
          JOIN stock_move_line_consume_rel rel ON rel.produce_line_id = used.id
          JOIN stock_move_line made ON made.id = rel.consume_line_id
         WHERE used.state = 'done' AND made.state = 'done' AND made.quantity > 0
           AND (used.lot_id = ANY(%(lots)s)
                OR used.lot_id IS NULL AND used.product_id = ANY(%(products)s))
    """,
    "backward": """
        SELECT DISTINCT made.lot_id, made.product_id, used.lot_id, used.product_id
          FROM stock_move_line made
          JOIN stock_move_line_consume_rel rel ON rel.consume_line_id = made.id
          JOIN stock_move_line used ON used.id = rel.produce_line_id
         WHERE used.state = 'done' AND made.state = 'done' AND used.quantity > 0
           AND (made.lot_id = ANY(%(lots)s)
                OR made.lot_id IS NULL AND made.product_id = ANY(%(products)s))
    """,
}
SHIPPED = """
    SELECT line.lot_id, picking.partner_id,
           sum(CASE WHEN target.usage = 'customer' THEN line.quantity_product_uom
                    ELSE -line.quantity_product_uom END)
      FROM stock_move_line line
      JOIN stock_location source ON source.id = line.location_id
      JOIN stock_location target ON target.id = line.location_dest_id
      LEFT JOIN stock_picking picking ON picking.id = line.picking_id
     WHERE line.state = 'done' AND line.lot_id = ANY(%(lots)s)
       AND line.company_id = %(company)s
       AND (source.usage = 'customer') <> (target.usage = 'customer')
     GROUP BY 1, 2
    HAVING abs(sum(CASE WHEN target.usage = 'customer' THEN line.quantity_product_uom
                        ELSE -line.quantity_product_uom END)) > 0.000001
"""


class MfgQualityTrace(models.Model):
    """A run through the genealogy of lots, kept as evidence of what was known when."""

    _name = "mfg.quality.trace"
    _description = "Quality Trace"
    _check_company_auto = True
    _order = "id desc"

    name = fields.Char(required=True, readonly=True, default="/", copy=False)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    hold_id = fields.Many2one("mfg.quality.hold", readonly=True, check_company=True)
    direction = fields.Selection(DIRECTIONS, required=True, default="forward")
    lot_ids = fields.Many2many("stock.lot", string="From", required=True)
    run_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    run_on = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("mfg.quality.trace.line", "trace_id", readonly=True)
    delivery_ids = fields.One2many(
        "mfg.quality.trace.delivery", "trace_id", readonly=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].next_by_code("mfg.quality.trace")
        return super().create(vals_list)

    def write(self, vals):
        if any(trace.run_on for trace in self):
            raise UserError(
                _(
                    "A trace that was run is evidence. Run it again: that makes a new one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_run(self):
        if any(trace.run_on for trace in self):
            raise UserError(_("A trace that was run is evidence and stays."))

    # -- actions -----------------------------------------------------------------------

    def action_run(self):
        """Follow the genealogy and store what was found; a second run makes a new trace.

        :return: the action that shows the trace that was run
        """
        self.ensure_one()
        trace = self.copy() if self.run_on else self
        # What is found concerns safety: it is complete for the company, whoever asks.
        trace.sudo()._run()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": trace.id,
            "view_mode": "form",
        }

    def action_hold_all(self):
        """Place every lot that was found and is in stock on hold, in one go.

        :return: the action that shows the new hold
        :raises UserError: everything found is on hold already, or gone
        """
        self.ensure_one()
        lots = self.line_ids.filtered("on_hand").lot_id | self.lot_ids
        free = lots.filtered(lambda lot: not lot.is_on_hold)
        if not free:
            raise UserError(_("Everything that is in stock is on hold already."))
        reason = self.hold_id.reason_id or self.env.ref(
            "mfg_quality_hold.reason_suspect"
        )
        hold = self.env["mfg.quality.hold"].place(
            free,
            reason.code,
            origin="genealogy",
            origin_ref=self.name,
            parent_id=self.hold_id.id,
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": hold._name,
            "res_id": hold.id,
            "view_mode": "form",
        }

    # -- business ----------------------------------------------------------------------

    def _run(self):
        self.ensure_one()
        self.env["stock.move.line"].flush_model()
        found = self._follow(self.lot_ids)
        lots = self.env["stock.lot"].browse([lot_id for lot_id, _p in found if lot_id])
        lots = lots.filtered(lambda lot: lot.company_id == self.company_id)
        on_hand = self.env["mfg.quality.hold"]._on_hand(
            [("lot_id", "in", lots.ids)], "lot_id"
        )
        known = set(lots.ids)
        self.write(
            {
                "line_ids": [
                    Command.create(
                        {
                            "lot_id": lot_id,
                            "product_id": product_id,
                            "level": level,
                            "via_lot_id": via,
                            "is_possible": possible,
                            "on_hand": on_hand.get(lots.browse(lot_id or 0), 0),
                        }
                    )
                    for (lot_id, product_id), (level, via, possible) in found.items()
                    if not lot_id or lot_id in known
                ],
                "delivery_ids": [
                    Command.create(
                        {
                            "lot_id": lot_id,
                            "partner_id": partner_id,
                            "quantity": quantity,
                        }
                    )
                    for lot_id, partner_id, quantity in self._shipped(lots)
                ],
                "run_by_id": self.env.uid,
                "run_on": fields.Datetime.now(),
            }
        )

    def _shipped(self, lots):
        """[(lot id, partner id, quantity)] at customers, net of what came back."""
        self.env.cr.execute(SHIPPED, {"lots": lots.ids, "company": self.company_id.id})
        return self.env.cr.fetchall()

    def _follow(self, lots):
        """{(lot id or None, product id): (level, lot it was found through, possible)}.

        Level by level, each node once, so cycles of rework and unbuild end. Behind a step
        without a lot anything made of that product may be concerned: it is *possible*,
        unless it is also reached by lots alone.
        """
        found = {(lot.id, lot.product_id.id): (0, None, False) for lot in lots}
        for certain in (True, False):
            frontier = (
                [node for node in found if node[0]]
                if certain
                else [node for node in found if not node[0]]
            )
            for _level in range(MAX_DEPTH):
                frontier = self._step(found, frontier, certain)
                if not frontier:
                    break
        return found

    def _step(self, found, frontier, certain):
        """Add what is one step behind the frontier; returns what is new and goes on."""
        self.env.cr.execute(
            STEP[self.direction],
            {
                "lots": [lot_id for lot_id, _product in frontier if lot_id],
                "products": [product for lot_id, product in frontier if not lot_id],
            },
        )
        new = []
        for from_lot, from_product, to_lot, to_product in self.env.cr.fetchall():
            node = to_lot, to_product
            if node in found or (from_lot, from_product) not in found:
                continue
            level = found[from_lot, from_product][0] + 1
            found[node] = (level, from_lot, not certain or not to_lot)
            if to_lot or not certain:
                new.append(node)
        return new
