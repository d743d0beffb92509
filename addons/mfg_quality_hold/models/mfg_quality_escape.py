from odoo import _, api, fields, models

# Done lines that took from a scope while it was on hold, also if that is over by now,
# without a decision: only raw SQL or code that goes round Odoo's methods can do that.
ESCAPES = """
    WITH taken AS (
        SELECT hold_line.id AS hold_line_id, line.id AS line_id
          FROM mfg_quality_hold_line hold_line
          JOIN stock_move_line line ON line.lot_id = hold_line.lot_id
         WHERE hold_line.kind = 'lot'
     UNION ALL
        SELECT hold_line.id, line.id
          FROM mfg_quality_hold_line hold_line
          JOIN stock_move_line line ON line.package_id = hold_line.package_id
         WHERE hold_line.kind = 'package'
     UNION ALL
        SELECT hold_line.id, line.id
          FROM mfg_quality_hold_line hold_line
          JOIN stock_location held ON held.id = hold_line.location_id
          JOIN stock_location below ON below.parent_path LIKE held.parent_path || '%'
          JOIN stock_move_line line ON line.location_id = below.id
         WHERE hold_line.kind = 'location'
    )
    SELECT hold_line.id, line.id
      FROM taken
      JOIN mfg_quality_hold_line hold_line ON hold_line.id = taken.hold_line_id
      JOIN stock_move_line line
        ON line.id = taken.line_id
       AND line.state = 'done'
       AND line.quantity > 0
       AND line.date > hold_line.active_from
       AND (hold_line.active_to IS NULL OR line.date < hold_line.active_to)
      JOIN stock_move move ON move.id = line.move_id
      JOIN stock_location source ON source.id = line.location_id
      JOIN stock_location target ON target.id = line.location_dest_id
     WHERE move.quality_disposition_line_id IS NULL
       AND NOT coalesce(target.is_quarantine, false)
       AND (source.usage IN ('internal', 'transit')
            OR target.usage NOT IN ('internal', 'transit'))
       AND NOT EXISTS (SELECT FROM mfg_quality_escape known
                        WHERE known.hold_line_id = hold_line.id
                          AND known.move_line_id = line.id)
"""
# Models whose flag follows from hold lines; the flag of quants follows from theirs.
FLAGGED = (
    "stock.lot",
    "stock.quant.package",
    "stock.location",
    "mrp.production",
    "mrp.workorder",
)
# Less is there than is held, though nothing was decided about the rest.
MISSING = """
    SELECT hold_line.id, hold_line.qty_open - coalesce(sum(quant.quantity), 0)
      FROM mfg_quality_hold_line hold_line
      LEFT JOIN stock_quant quant
        ON (hold_line.lot_id IS NULL OR quant.lot_id = hold_line.lot_id)
       AND quant.product_id = hold_line.product_id
       AND (hold_line.lot_id IS NOT NULL OR quant.lot_id IS NULL)
       AND (hold_line.location_id IS NULL OR quant.location_id = hold_line.location_id)
       AND quant.company_id = hold_line.company_id
       AND quant.location_id IN (SELECT id FROM stock_location
                                  WHERE usage IN ('internal', 'transit'))
     WHERE hold_line.state = 'active' AND hold_line.kind IN ('lot', 'quantity')
       AND NOT EXISTS (SELECT FROM mfg_quality_escape known
                        WHERE known.hold_line_id = hold_line.id
                          AND known.move_line_id IS NULL)
     GROUP BY hold_line.id
    HAVING hold_line.qty_open - coalesce(sum(quant.quantity), 0) > 0.000001
"""


class MfgQualityEscape(models.Model):
    """Held stock that is not where it must be. Found at night, told to who is responsible."""

    _name = "mfg.quality.escape"
    _description = "Quality Hold Escape"
    _order = "id desc"
    _rec_name = "hold_line_id"

    hold_line_id = fields.Many2one(
        "mfg.quality.hold.line",
        "What Was on Hold",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    hold_id = fields.Many2one(related="hold_line_id.hold_id", store=True)
    company_id = fields.Many2one(
        related="hold_line_id.company_id", store=True, precompute=True
    )
    move_line_id = fields.Many2one(
        "stock.move.line", "Taken by", readonly=True, ondelete="set null"
    )
    # Who looks into it reads what it was about, also without rights on stock.
    scope = fields.Char("What Was Held", related="hold_line_id.scope")
    reference = fields.Char("Document", related="move_line_id.reference")
    quantity = fields.Float(
        "Missing",
        readonly=True,
        digits="Product Unit of Measure",
        help="Less is in stock than is on hold.",
    )
    found_on = fields.Datetime(readonly=True, default=fields.Datetime.now)

    def action_view_hold(self):
        """Open the hold that the stock got away from."""
        return self.env["mfg.quality.hold"]._action_of_lines(self.hold_line_id)

    @api.model
    def _cron_check(self):
        """Find what got past the guards, repair stale flags, escalate late holds."""
        self.env.flush_all()
        self.env.cr.execute(ESCAPES)
        found = [
            {"hold_line_id": hold_line, "move_line_id": line}
            for hold_line, line in self.env.cr.fetchall()
        ]
        self.env.cr.execute(MISSING)
        found += [
            {"hold_line_id": hold_line, "quantity": quantity}
            for hold_line, quantity in self.env.cr.fetchall()
        ]
        escapes = self.create(found)
        for hold in escapes.hold_id:
            hold._alert(
                _("Held stock is missing"),
                _(
                    "Stock of %(hold)s was moved past the guards, by SQL or by code that "
                    "goes round Odoo's methods. See Quality Holds > Escapes.",
                    hold=hold.name,
                ),
            )
        self._repair_flags()
        self.env["mfg.quality.hold"]._escalate_late()
        self.env["mfg.quality.hold"]._refresh_age()
        return escapes

    @api.model
    def _repair_flags(self):
        """Bring flags in line with the holds: SQL may have changed them, and quants that
        came to be while their hold was being placed bear an old one."""
        for model in FLAGGED:
            self.env[model]._repair_flags()
        self.env.cr.execute(
            """
            SELECT quant.id
              FROM stock_quant quant
              LEFT JOIN stock_lot lot ON lot.id = quant.lot_id
              LEFT JOIN stock_quant_package package ON package.id = quant.package_id
              JOIN stock_location location ON location.id = quant.location_id
             WHERE coalesce(quant.is_on_hold, false) <>
                   (coalesce(lot.is_on_hold, false) OR coalesce(package.is_on_hold, false)
                    OR coalesce(location.is_on_hold, false))
            """
        )
        quants = self.env["stock.quant"].browse(
            [row[0] for row in self.env.cr.fetchall()]
        )
        self.env.add_to_compute(quants._fields["is_on_hold"], quants)
        quants.flush_recordset(["is_on_hold"])
