from odoo import _, api, fields, models


class MfgQualityHold(models.Model):
    _inherit = "mfg.quality.hold"

    bill_count = fields.Integer(compute="_compute_bill_count", compute_sudo=True)

    @api.depends("line_ids.lot_id", "line_ids.state")
    def _compute_bill_count(self):
        for hold in self:
            hold.bill_count = len(hold._bills())

    def action_view_bills(self):
        """Show the vendor bills that charge what is or was on hold."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_in_invoice_type"
        )
        # Which bills, for everybody; reading them needs the right to.
        bills = self.sudo()._bills()
        return dict(
            action, name=_("Bills"), domain=[("id", "in", bills.ids)], context={}
        )

    def _bills(self):
        """Vendor bills for receipts of the lots and quantities of the hold."""
        self.ensure_one()
        receipts = self.env["stock.move.line"].search(
            [
                ("state", "=", "done"),
                *self.env["stock.location"]._quality_from_vendors(self.company_id),
                ("company_id", "=", self.company_id.id),
                "|",
                ("lot_id", "in", self.line_ids.lot_id.ids),
                "&",
                ("picking_id", "in", self.line_ids.picking_id.ids),
                ("product_id", "in", self.line_ids.product_id.ids),
            ]
        )
        bills = receipts.move_id.purchase_line_id.invoice_lines.move_id
        return bills.filtered(lambda move: move.state != "cancel")
