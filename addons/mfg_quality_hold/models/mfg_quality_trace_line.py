from odoo import api, fields, models


class MfgQualityTraceLine(models.Model):
    _name = "mfg.quality.trace.line"
    _description = "Quality Trace Line"
    _order = "trace_id, level, id"
    # Ten thousand rows at once, by the one who ran the trace, which is on record there.
    _log_access = False

    trace_id = fields.Many2one(
        "mfg.quality.trace", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="trace_id.company_id", store=True, precompute=True
    )
    level = fields.Integer(readonly=True, help="Steps of manufacturing in between.")
    product_id = fields.Many2one("product.product", readonly=True, required=True)
    lot_id = fields.Many2one("stock.lot", "Lot/Serial", readonly=True)
    via_lot_id = fields.Many2one("stock.lot", "Through", readonly=True)
    is_possible = fields.Boolean(
        "Possible",
        readonly=True,
        help="Reached through a product without lots: it may be concerned.",
    )
    on_hand = fields.Float(readonly=True, digits="Product Unit of Measure")
    is_on_hold = fields.Boolean(related="lot_id.is_on_hold", string="On Hold Now")
    on_hand_before = fields.Float(
        "Before",
        compute="_compute_change",
        digits="Product Unit of Measure",
        help="On hand when the earlier run was made.",
    )
    change = fields.Selection(
        [("new", "New"), ("more", "More"), ("less", "Less")],
        compute="_compute_change",
        help="Compared with the earlier run.",
    )

    @api.depends("trace_id.previous_id", "on_hand")
    def _compute_change(self):
        for trace in self.trace_id:
            before = {line._node(): line.on_hand for line in trace.previous_id.line_ids}
            for line in self.filtered(lambda line, trace=trace: line.trace_id == trace):
                known = line._node() in before
                line.on_hand_before = before.get(line._node(), 0)
                delta = line.on_hand - line.on_hand_before
                if not trace.previous_id:
                    line.change = False
                elif not known:
                    line.change = "new"
                else:
                    line.change = (
                        "more" if delta > 0 else "less" if delta < 0 else False
                    )

    @api.model
    def _store(self, trace, rows):
        """Write down what a run has found; a recall may find ten thousand lots.

        :param rows: [(level, product id, lot id or None, id of the lot it was found
            through or None, whether it is only possible, quantity on hand)]
        """
        if not rows:
            return
        trace.flush_recordset()
        self.env.cr.execute(
            """
            INSERT INTO mfg_quality_trace_line (level, product_id, lot_id, via_lot_id,
                is_possible, on_hand, trace_id, company_id)
            SELECT found.*, %s, %s
              FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[], %s::bool[],
                          %s::numeric[]) AS found
            """,
            [
                *(trace.id, trace.company_id.id),
                *(list(column) for column in zip(*rows, strict=True)),
            ],
        )
        trace.invalidate_recordset(["line_ids"])

    def _node(self):
        """What the line is about, comparable between runs."""
        self.ensure_one()
        return self.lot_id.id, self.product_id.id
