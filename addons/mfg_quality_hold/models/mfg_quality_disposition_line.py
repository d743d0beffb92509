from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_compare

from ..engine.ledger import ledger
from .mfg_quality_disposition import RELEASES


class MfgQualityDispositionLine(models.Model):
    """A decided quantity of one hold line; what a stock move refers to."""

    _name = "mfg.quality.disposition.line"
    _description = "Quality Disposition Line"
    _inherit = "mfg.quality.own.defaults"
    _rec_name = "disposition_id"
    _guarded_defaults = frozenset({"company_id", "qty_done"})

    disposition_id = fields.Many2one(
        "mfg.quality.disposition", required=True, ondelete="cascade", index=True
    )
    hold_id = fields.Many2one(related="disposition_id.hold_id")
    company_id = fields.Many2one(
        related="disposition_id.company_id", store=True, precompute=True
    )
    hold_line_id = fields.Many2one(
        "mfg.quality.hold.line", "Held", required=True, ondelete="restrict", index=True
    )
    product_id = fields.Many2one(related="hold_line_id.product_id")
    lot_id = fields.Many2one(related="hold_line_id.lot_id")
    uom_id = fields.Many2one(related="hold_line_id.uom_id")
    quantity = fields.Float(digits="Product Unit of Measure", required=True)
    qty_done = fields.Float(
        "Executed", digits="Product Unit of Measure", readonly=True, copy=False
    )
    move_ids = fields.One2many(
        "stock.move", "quality_disposition_line_id", "Moves", readonly=True
    )

    _sql_constraints = [
        (
            "qty_positive",
            "CHECK(quantity >= 0)",
            "A disposed quantity is not negative.",
        ),
    ]

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_executed(*vals_list)
        lines = super().create(vals_list)
        lines._require_draft()
        return lines

    def write(self, vals):
        if ledger(self.env.cr).in_transition:
            return super().write(vals)
        self._refuse_executed(vals)
        self._require_draft()
        res = super().write(vals)
        # Nor may a line be carried over to a decision that is up for signature.
        self._require_draft()
        return res

    def unlink(self):
        self._require_draft()
        return super().unlink()

    @api.model
    def _refuse_executed(self, *vals_list):
        if any("qty_done" in vals for vals in vals_list):
            raise AccessError(_("The executed quantity follows from moves."))

    def _require_draft(self):
        if any(line.disposition_id.state != "draft" for line in self):
            raise UserError(
                _(
                    "A proposed disposition is fixed, because signatures stand for its "
                    "content. Reject it and make a new one."
                )
            )

    def _check_proposal(self):
        """Refuse quantities that are not there to be decided about."""
        self.ensure_one()
        held = self.hold_line_id
        held._refresh_held()
        rounding = held.uom_id.rounding or 0.01
        if held.state != "active":
            raise UserError(
                _("%(scope)s is not on hold any more.", scope=held.display_name)
            )
        planned = self.search(
            [
                ("hold_line_id", "=", held.id),
                ("disposition_id.state", "in", ("proposed", "approved", "executing")),
                ("id", "!=", self.id),
            ]
        )
        open_quantity = held.qty_open - sum(
            line.quantity - line.qty_done for line in planned
        )
        whole = float_compare(self.quantity, open_quantity, precision_rounding=rounding)
        if whole > 0:
            raise UserError(
                _(
                    "%(quantity)s of %(scope)s cannot be decided: %(open)s are open on hold "
                    "(%(hold)s). Lower the quantity.",
                    quantity=self.quantity,
                    scope=held.scope,
                    open=open_quantity,
                    hold=held.hold_id._title(),
                )
            )
        if held.kind not in ("lot", "quantity"):
            if whole < 0 or self.disposition_id.kind not in RELEASES:
                raise UserError(
                    _(
                        "%(scope)s is released as a whole. For other decisions, place the "
                        "lots or quantities in it on hold.",
                        scope=held.scope,
                    )
                )
        elif not self.quantity and open_quantity:
            raise UserError(_("Say how much of %(scope)s it is.", scope=held.scope))

    # -- what a move may take ----------------------------------------------------------

    def _is_valid(self):
        """Tell whether the decision stands: approved, signed, content unchanged."""
        self.ensure_one()
        disposition = self.disposition_id
        return disposition.state == "executing" and disposition._is_signed()

    def _quantity_to_move(self):
        """What moves may still take, in the unit of the product."""
        done = self.move_ids.filtered(lambda move: move.state == "done")
        return self.quantity - sum(
            move.product_uom._compute_quantity(move.quantity, self.uom_id)
            for move in done
        )

    def _fits_destination(self, destination, move):
        """Tell whether a move goes where the decision sends the stock."""
        order = move.raw_material_production_id
        return {
            "scrap": destination.scrap_location,
            "sample": destination.scrap_location,
            "return_vendor": destination._quality_usage(self.company_id) == "supplier",
            "regrade": destination.usage == "production" and not order,
            "rework": order.quality_disposition_id == self.disposition_id
            and destination == order.production_location_id,
        }.get(self.disposition_id.kind, False)

    def _set_done(self, quantity):
        with ledger(self.env.cr).transition():
            self.write({"qty_done": quantity})

    def _count_done(self):
        """Count what finished moves have taken out of the hold."""
        for line in self:
            moved = line.quantity - line._quantity_to_move() - line.qty_done
            if moved > 0:
                line.hold_line_id._dispose(moved, moved=True)
                line._set_done(line.qty_done + moved)
        self.disposition_id._count_done()

    # -- documents ---------------------------------------------------------------------

    def _quants_to_take(self):
        """[(quant, quantity)] of the held stock that the decision is about.

        :raises UserError: less is there than was decided about
        """
        self.ensure_one()
        left = self.quantity
        rounding = self.uom_id.rounding
        taken = []
        for quant in self.hold_line_id._scope_quants().sorted("in_date"):
            quantity = min(left, max(0, quant.quantity))
            if float_compare(quantity, 0, precision_rounding=rounding) > 0:
                taken.append((quant, quantity))
                left -= quantity
        if float_compare(left, 0, precision_rounding=rounding) > 0:
            raise UserError(
                _(
                    "%(left)s of %(scope)s are not in stock any more.",
                    left=left,
                    scope=self.hold_line_id.scope,
                )
            )
        return taken

    def _receipt_moves(self):
        """Done moves that brought the decided stock from outside, oldest first."""
        lines = self.env["stock.move.line"]
        places = self.env["stock.location"]
        for line in self:
            lines |= lines.search(
                [
                    ("state", "=", "done"),
                    *places._quality_from_vendors(line.company_id),
                    ("product_id", "=", line.product_id.id),
                    ("lot_id", "=", line.lot_id.id),
                    ("company_id", "=", line.company_id.id),
                ],
                order="date, id",
            )
        return lines.move_id

    def _returned_receipt(self):
        """The latest receipt of the decided stock, from the vendor it goes back to."""
        self.ensure_one()
        receipts = self._receipt_moves()
        vendor = self.disposition_id.vendor_id.commercial_partner_id
        of_vendor = receipts.filtered(
            lambda move: move.picking_id.partner_id.commercial_partner_id == vendor
        )
        return (of_vendor or receipts)[-1:]

    def _create_moves(self, destination, picking=None, production=None):
        """Moves, one per quant, that carry the decision and take the held stock.

        They are confirmed and reserved; whoever made them finishes them.
        """
        moves = self.env["stock.move"]
        for quant, quantity in self._quants_to_take():
            moves |= moves.create(
                self._prepare_move_vals(
                    quant, quantity, destination, picking, production
                )
            )
        moves._action_confirm(merge=False)
        # Confirming may have reserved other stock, which the decision is not about.
        moves.move_line_ids.unlink()
        for move, (quant, quantity) in zip(moves, self._quants_to_take(), strict=True):
            self.env["stock.move.line"].create(
                {
                    "move_id": move.id,
                    "picking_id": move.picking_id.id,
                    "product_id": quant.product_id.id,
                    "product_uom_id": quant.product_id.uom_id.id,
                    "lot_id": quant.lot_id.id,
                    "package_id": quant.package_id.id,
                    "owner_id": quant.owner_id.id,
                    "quantity": quantity,
                    "location_id": quant.location_id.id,
                    "location_dest_id": destination.id,
                }
            )
        return moves

    def _prepare_move_vals(self, quant, quantity, destination, picking, production):
        values = {
            "name": self.disposition_id.name,
            "origin": self.disposition_id.name,
            "company_id": self.company_id.id,
            "product_id": quant.product_id.id,
            "product_uom": quant.product_id.uom_id.id,
            "product_uom_qty": quantity,
            "location_id": quant.location_id.id,
            "location_dest_id": destination.id,
            "quality_disposition_line_id": self.id,
        }
        if picking:
            receipt = self._returned_receipt()
            values.update(
                picking_id=picking.id,
                picking_type_id=picking.picking_type_id.id,
                origin_returned_move_id=receipt.id,
                to_refund=True,
            )
        if production:
            values.update(
                raw_material_production_id=production.id,
                picking_type_id=production.picking_type_id.id,
                group_id=production.procurement_group_id.id,
            )
        return values

    def _prepare_scrap_vals(self, quant, quantity):
        return {
            "product_id": quant.product_id.id,
            "product_uom_id": quant.product_id.uom_id.id,
            "scrap_qty": quantity,
            "lot_id": quant.lot_id.id,
            "package_id": quant.package_id.id,
            "owner_id": quant.owner_id.id,
            "location_id": quant.location_id.id,
            "company_id": self.company_id.id,
            "origin": self.disposition_id.name,
            "quality_disposition_line_id": self.id,
        }
