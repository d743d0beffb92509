from collections import defaultdict

from odoo import Command, _, api, fields, models
from odoo.tools import float_compare


class MfgQualityDisposition(models.Model):
    _inherit = "mfg.quality.disposition"

    credit_note_ids = fields.One2many(
        "account.move", "quality_disposition_id", "Credit Notes", readonly=True
    )
    credit_note_count = fields.Integer(compute="_compute_credit_note_count")

    @api.depends("credit_note_ids")
    def _compute_credit_note_count(self):
        for disposition in self:
            # The number only; reading credit notes needs the right to.
            disposition.credit_note_count = len(disposition.sudo().credit_note_ids)

    def action_view_credit_notes(self):
        """Show the credit notes drafted for what went back."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_in_refund_type"
        )
        return dict(
            action,
            domain=[("quality_disposition_id", "=", self.id)],
            context={"create": False},
        )

    def _draft_credit_notes(self):
        """Draft what the vendor owes for goods that went back, per purchase order.

        Only what bills charge beyond what is left of the receipt: goods that were not
        billed yet need no credit, the order asks for less instead.
        """
        for disposition in self.filtered(lambda record: record.kind == "return_vendor"):
            moves = disposition.line_ids.move_ids.filtered(
                lambda move: move.state == "done" and move.purchase_line_id
            )
            by_order = defaultdict(list)
            for line in moves.purchase_line_id:
                quantity = disposition._quantity_to_credit(line, moves)
                if quantity > 0:
                    by_order[line.order_id].append((line, quantity))
            for order, quantities in by_order.items():
                disposition._draft_credit_note(order, quantities)

    def _quantity_to_credit(self, line, moves):
        """What is to be credited on a purchase line, in its unit.

        :param moves: the done moves of this disposition
        """
        returned = sum(
            move.product_uom._compute_quantity(
                move.quantity, line.product_uom, round=False
            )
            for move in moves
            if move.purchase_line_id == line
        )
        drafted = self.credit_note_ids.invoice_line_ids.filtered(
            lambda credit: credit.purchase_line_id == line
        )
        returned -= sum(drafted.mapped("quantity"))
        # Draft credit notes count as well, also those of others.
        charged = sum(
            {"in_invoice": 1, "in_refund": -1}.get(bill.move_id.move_type, 0)
            * bill.product_uom_id._compute_quantity(
                bill.quantity, line.product_uom, round=False
            )
            for bill in line.invoice_lines
            if bill.move_id.state == "posted"
            or (bill.move_id.state == "draft" and bill.move_id.move_type == "in_refund")
        )
        quantity = min(returned, charged - line.qty_received)
        rounding = line.product_uom.rounding
        above = float_compare(quantity, 0, precision_rounding=rounding) > 0
        return quantity if above else 0

    def _draft_credit_note(self, order, quantities):
        values = order.with_context(default_move_type="in_refund")._prepare_invoice()
        bills = self.env["account.move"].union(
            *(self._billed(line).move_id for line, _quantity in quantities)
        )
        values.update(
            quality_disposition_id=self.id,
            ref=_("%(name)s: goods sent back", name=self.name),
            # A credit note is reconciled with the one bill that it corrects.
            reversed_entry_id=bills.id if len(bills) == 1 else False,
            invoice_line_ids=[
                Command.create(self._prepare_credit_line(line, quantity))
                for line, quantity in quantities
            ],
        )
        moves = self.env["account.move"].with_company(order.company_id)
        note = moves.with_context(default_move_type="in_refund").create(values)
        note.message_post_with_source(
            "mail.message_origin_link",
            render_values={"self": note, "origin": order},
            subtype_xmlid="mail.mt_note",
        )
        self.message_post(
            body=_(
                "A credit note for what went back of %(order)s was drafted.",
                order=order.name,
            )
        )
        return note

    def _billed(self, line):
        """The latest posted bill line of a purchase line."""
        lines = line.invoice_lines.filtered(
            lambda bill: (
                bill.move_id.state == "posted"
                and bill.move_id.move_type == "in_invoice"
            )
        )
        return lines.sorted("id")[-1:]

    def _prepare_credit_line(self, line, quantity):
        values = line._prepare_account_move_line()
        values["quantity"] = quantity
        billed = self._billed(line)
        if billed.currency_id == line.currency_id:
            # What was charged comes back, also where that was not the order's price.
            values.update(
                price_unit=billed.product_uom_id._compute_price(
                    billed.price_unit, line.product_uom
                ),
                discount=billed.discount,
                tax_ids=[Command.set(billed.tax_ids.ids)],
            )
        return values
