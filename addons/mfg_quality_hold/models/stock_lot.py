from odoo import api, fields, models

LOCKED_LOTS = "mfg_quality_hold_locked_lots"


class StockLot(models.Model):
    _name = "stock.lot"
    _inherit = ["stock.lot", "mfg.quality.hold.scope"]
    _hold_kind = "lot"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "lot_id", "Hold Lines", readonly=True
    )
    hold_count = fields.Integer(compute="_compute_hold_count")

    @api.depends("hold_line_ids.state", "hold_line_ids.kind")
    def _compute_is_on_hold(self):
        active = self._lots_of_active_lines()
        for lot in self:
            lot.is_on_hold = lot.id in active

    def _lots_of_active_lines(self):
        groups = self.env["mfg.quality.hold.line"]._read_group(
            [
                ("lot_id", "in", self.ids),
                ("kind", "=", "lot"),
                ("state", "=", "active"),
            ],
            ["lot_id"],
        )
        return {lot.id for (lot,) in groups}

    def _compute_hold_count(self):
        groups = self.env["mfg.quality.hold.line"]._read_group(
            [("lot_id", "in", self.ids), ("state", "=", "active")],
            ["lot_id"],
            ["hold_id:count_distinct"],
        )
        counts = {lot.id: count for lot, count in groups}
        for lot in self:
            lot.hold_count = counts.get(lot.id, 0)

    def write(self, vals):
        if {"name", "product_id", "company_id"} & set(vals):
            for lot in self:
                if lot.is_on_hold:
                    lot._refuse_relabel()
        return super().write(vals)

    def _refuse_relabel(self):
        lines = self.sudo().hold_line_ids  # the message names the hold, to everybody
        self.env["mfg.quality.hold.line"]._refuse(
            lines.filtered(lambda line: line.state == "active"), self.product_id, self
        )

    def _quality_hold_lock(self):
        """Lock the lots: a hold that begins meanwhile makes us start again.

        No shared lock: Odoo updates the row of a lot that leaves later in the transaction.
        Two who share it would then wait for each other, and again when they are repeated.
        """
        # Cleared by every flush and rollback to a savepoint, which may release locks.
        locked = self.env.cr.precommit.data.setdefault(LOCKED_LOTS, set())
        wanted = set(self._ids) - locked
        if wanted:
            self.env.cr.execute(
                "SELECT 1 FROM stock_lot WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                [tuple(wanted)],
            )
            locked |= wanted
