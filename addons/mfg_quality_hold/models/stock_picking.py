from odoo import _, api, fields, models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    has_hold = fields.Boolean(
        "Quality Hold",
        compute="_compute_has_hold",
        compute_sudo=True,  # whoever sees the transfer is warned
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

    def _get_without_quantities_error_message(self):
        """Whose reservation was given up a moment ago learns which hold did that."""
        message = super()._get_without_quantities_error_message()
        # Also of owners and places the user may not look at.
        quants = self.env["stock.quant"].sudo()
        quants = quants.search(
            [
                ("product_id", "in", self.move_ids.product_id.ids),
                ("location_id", "child_of", self.location_id.ids),
                ("quantity", ">", 0),
            ]
        )
        lines = self.env["mfg.quality.hold.line"]
        for quant in quants:
            lines |= lines._covering(*quant._quality_hold_characteristics())
        holds = lines.hold_id
        if not holds:
            return message
        return _(
            "%(message)s\n\nOn quality hold are %(what)s (%(holds)s). Take other stock, or "
            "have a disposition created for the hold.",
            message=message,
            what=", ".join(lines.mapped("scope")),
            holds="; ".join(
                hold._title() if hold.with_env(self.env)._may_be_shown() else hold.name
                for hold in holds
            ),
        )

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
