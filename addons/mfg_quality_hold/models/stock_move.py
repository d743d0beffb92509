from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_compare

from ..engine.ledger import ledger


class StockMove(models.Model):
    _inherit = "stock.move"

    quality_disposition_line_id = fields.Many2one(
        "mfg.quality.disposition.line",
        "Disposition",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The decision that allows this move to take stock from a quality hold.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("quality_disposition_line_id") for vals in vals_list):
            self._require_executor()
        moves = super().create(vals_list)
        moves.filtered(lambda move: move.state == "done")._check_paper_move()
        return moves

    def write(self, vals):
        if "quality_disposition_line_id" in vals:
            self._require_executor()
        if vals.get("state") == "done":
            (self.raw_material_production_id | self.production_id)._check_not_held()
            self.filtered(lambda move: move.state != "done")._check_paper_move()
        return super().write(vals)

    @api.model
    def _require_executor(self):
        """A user cannot attach a decision to a move of his own choice.

        Where sudo does it, the decision still must fit product, lot, place and quantity.
        """
        if not self.env.su:
            raise AccessError(
                _("Moves of a disposition are made by carrying out the disposition.")
            )

    def _check_paper_move(self):
        """Marking a move as done by hand ships just as well: deliveries follow it."""
        checked = ledger(self.env.cr).finished_lines
        lines = self.move_line_ids.filtered(lambda line: line.id not in checked)
        lines._quality_hold_allowances()

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        fields_list = super()._prepare_merge_moves_distinct_fields()
        return fields_list + ["quality_disposition_line_id"]

    def _create_extra_move(self):
        if self.quality_disposition_line_id and (
            float_compare(
                self.quantity,
                self.product_uom_qty,
                precision_rounding=self.product_uom.rounding,
            )
            > 0
        ):
            raise UserError(
                _(
                    "%(quantity)s %(unit)s of %(product)s are more than was decided "
                    "(%(decided)s). Lower the quantity, or propose another disposition.",
                    quantity=self.quantity,
                    unit=self.product_uom.name,
                    product=self.product_id.display_name,
                    decided=self.product_uom_qty,
                )
            )
        return super()._create_extra_move()

    def _action_done(self, cancel_backorder=False):
        orders = self.raw_material_production_id | self.production_id
        orders._check_not_held()
        with ledger(self.env.cr).finishing_moves():
            moves = super()._action_done(cancel_backorder=cancel_backorder)
        # Whoever receives or produces: what falls under a rule is on hold from now on.
        self.env["mfg.quality.hold.rule"].sudo()._hold_arrivals(moves)
        decided = moves.filtered("quality_disposition_line_id")
        # The decision is counted as carried out by whoever finishes its move.
        decided.sudo().quality_disposition_line_id._count_done()
        return moves

    def _action_assign(self, force_qty=False):
        held = self.raw_material_production_id.filtered("is_on_hold")
        moves = self.filtered(lambda move: move.raw_material_production_id not in held)
        return super(StockMove, moves)._action_assign(force_qty=force_qty)

    def _quality_hold_decided(self, line, quantity, source):
        """Tell whether the move's decision covers taking this from a hold.

        :param line: the ``stock.move.line``
        :param float quantity: all that the move takes now, in the product's unit
        :param source: the ``mfg.quality.hold.line`` records that hold it
        """
        self.ensure_one()
        # Whether the decision stands does not depend on who may read it.
        decision = self.sudo().quality_disposition_line_id
        if not decision or not decision._is_valid():
            return False
        rounding = self.product_id.uom_id.rounding
        return (
            decision.company_id == self.company_id
            and decision.product_id == self.product_id
            and (not decision.lot_id or decision.lot_id == line.lot_id)
            and decision.hold_line_id in source
            and source.hold_id == decision.hold_id
            and decision._fits_destination(line.location_dest_id, self)
            and float_compare(
                quantity, decision._quantity_to_move(), precision_rounding=rounding
            )
            <= 0
        )
