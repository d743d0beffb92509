from odoo import api, fields, models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    has_hold = fields.Boolean(
        "Quality Hold",
        compute="_compute_has_hold",
        help="Something of this transfer is on quality hold.",
    )

    @api.depends("move_line_ids.lot_id", "move_line_ids.package_id")
    def _compute_has_hold(self):
        receipts = self.env["mfg.quality.hold.line"]._read_group(
            [("picking_id", "in", self.ids), ("state", "=", "active")], ["picking_id"]
        )
        held = {picking.id for (picking,) in receipts}
        for picking in self:
            lines = picking.move_line_ids
            picking.has_hold = picking.id in held or any(
                record.is_on_hold
                for records in (lines.lot_id, lines.package_id, lines.location_id)
                for record in records
            )

    def _action_done(self):
        res = super()._action_done()
        lines = (
            self.env["mfg.quality.hold.line"]
            .sudo()  # whoever receives: what arrives with a held receipt is held
            .search(
                [
                    ("kind", "=", "picking"),
                    ("picking_id", "in", self.ids),
                    ("state", "=", "active"),
                ]
            )
        )
        for line in lines:
            line._hold_received()
        return res

    def action_place_on_hold(self):
        """Open the dialog that places what the receipts brought on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)

    def action_view_holds(self):
        """Show the open holds on what the transfers move or brought.

        :raises AccessError: the user may not look at quality holds
        """
        lines = self.move_line_ids
        held = self.env["mfg.quality.hold.line"].search(
            [
                ("state", "=", "active"),
                "|",
                "|",
                "|",
                ("picking_id", "in", self.ids),
                ("lot_id", "in", lines.lot_id.ids),
                ("package_id", "in", lines.package_id.ids),
                "&",
                ("kind", "=", "location"),
                ("location_id", "parent_of", lines.location_id.ids),
            ]
        )
        return self.env["mfg.quality.hold"]._action_of_lines(held)
