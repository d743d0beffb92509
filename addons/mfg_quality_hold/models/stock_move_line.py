from collections import Counter

from odoo import api, models
from odoo.tools import float_compare

from ..engine.ledger import ledger, stock_key
from .mfg_quality_hold_line import STOCK_USAGES

CHARACTERISTICS = {
    "location_id",
    "location_dest_id",
    "lot_id",
    "lot_name",
    "package_id",
    "result_package_id",
    "owner_id",
    "quant_id",
    "product_uom_id",
    "quantity",
    "move_id",
}


class StockMoveLine(models.Model):
    """The only place that sees source and destination of a move together: what may leave
    a hold is decided here and noted for the guard on quants, which enforces it."""

    _inherit = "stock.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        with ledger(self.env.cr).allowing(
            reservable=self._quality_hold_reservable_vals(vals_list)
        ):
            lines = super().create(vals_list)
        for line in lines:
            if line.state == "done":
                line._check_outside_stock()
        return lines

    def write(self, vals):
        if not CHARACTERISTICS & set(vals) or self._quality_hold_unconcerned(vals):
            return super().write(vals)
        reservable = Counter()
        for line in self:
            if line.state not in ("done", "cancel"):
                reservable.update(line._quality_hold_reservable(vals))
        with ledger(self.env.cr).allowing(reservable=reservable):
            res = super().write(vals)
        for line in self:
            if line.state == "done":
                line._check_outside_stock()
        return res

    def _action_done(self):
        lots, companies = self.lot_id, self.company_id
        # At the latest now, whatever happened since the reservation.
        lots._quality_hold_lock()
        self.env["mfg.quality.hold.guard"]._lock_shared(companies)
        movable, followed = self._quality_hold_allowances()
        with ledger(self.env.cr).allowing(movable=movable):
            res = super()._action_done()
        if ledger(self.env.cr).finishing:
            ledger(self.env.cr).finished_lines.update(self.ids)
        self._quality_hold_follow(followed)
        return res

    def _quality_hold_unconcerned(self, vals):
        """Tell whether a write has nothing to do with held stock."""
        book = self.env["mfg.quality.hold.line"]._book()
        return not any(book.concerns(product) for product in self.product_id)

    def _quality_hold_characteristics(self):
        """(product, location, lot, package, owner) that the line takes from."""
        self.ensure_one()
        return (
            self.product_id,
            self.location_id,
            self.lot_id,
            self.package_id,
            self.owner_id,
        )

    # -- reservation -------------------------------------------------------------------

    @api.model
    def _quality_hold_reservable_vals(self, vals_list):
        """{stock key: quantity} that new lines may reserve of held stock."""
        Line = self.env["mfg.quality.hold.line"]
        book = Line._book()
        allowed = Counter()
        if not (book.everywhere or book.products):
            return allowed
        for vals in vals_list:
            move = self.env["stock.move"].browse(vals.get("move_id"))
            product = self.env["product.product"].browse(
                vals.get("product_id") or move.product_id.id
            )
            source, destination = (
                self.env["stock.location"].browse(vals.get(name) or move[name].id)
                for name in ("location_id", "location_dest_id")
            )
            # The full look is only worth it where something may be allowed.
            if (
                vals.get("quantity")
                and (
                    self._is_containment(source, destination)
                    or move.quality_disposition_line_id
                )
                and book.concerns(product)
            ):
                draft = self.new(dict(vals, product_id=product.id))
                allowed.update(draft._quality_hold_reservable({}))
        return allowed

    def _quality_hold_reservable(self, vals):
        """{stock key: quantity} that one line may reserve of held stock.

        :param dict vals: what is about to be written on the line
        """
        self.ensure_one()
        after = self if not vals else self.new(dict(vals), origin=self)
        move = self.env["stock.move"].browse(
            after.move_id._origin.id or after.move_id.id
        )
        where = tuple(
            record._origin for record in after._quality_hold_characteristics()
        )
        destination = after.location_dest_id._origin or move.location_dest_id
        if not self.env["mfg.quality.hold.line"]._book().concerns(where[0]):
            return {}
        quantity = after.product_uom_id._compute_quantity(
            after.quantity, where[0].uom_id, rounding_method="HALF-UP"
        )
        # A move that carries a decision, or that goes to quarantine; what may really
        # leave is decided when it does.
        if self._is_containment(where[1], destination) or (
            move.quality_disposition_line_id
            # The decision is looked at in full, whoever reserves.
            and move.sudo().quality_disposition_line_id._is_valid()
        ):
            return {stock_key(*where): quantity}
        return {}

    @api.model
    def _is_containment(self, source, destination):
        """Tell whether stock that goes from here to there stays locked away."""
        return (
            destination.is_quarantine
            and destination.usage == "internal"
            and source.usage in STOCK_USAGES
            and destination.company_id == source.company_id
        )

    def _give_up(self):
        """Delete open lines and free what they have reserved, many at a time."""
        quants = self.env["stock.quant"]._get_quants_cache_by_products_locations(
            self.product_id,
            self.location_id,
            extra_domain=[("lot_id", "in", [False, *self.lot_id.ids])],
        )
        # As Odoo does when many lines are done: without it each line searches its quant.
        self.with_context(quants_cache=quants).unlink()

    # -- movement ----------------------------------------------------------------------

    def _quality_hold_allowances(self):
        """Check all lines at once; what may leave a hold nevertheless.

        :return: ({stock key: quantity}, [(line, hold lines that must follow it)])
        :raises UserError: when a line takes held stock without being allowed to
        """
        Line = self.env["mfg.quality.hold.line"]
        book = Line._book()
        movable, followed = Counter(), []
        if not (book.everywhere or book.products):
            return movable, followed
        taken_by_move = Counter()
        # Flags and decisions count, whatever the user may read.
        for line in self.sudo():
            if not line.quantity or not book.concerns(line.product_id):
                continue
            held = line._quality_hold_source()
            if not held:
                continue
            where = line._quality_hold_characteristics()
            quantity = line.quantity_product_uom
            taken_by_move[line.move_id] += quantity
            if line._is_containment(line.location_id, line.location_dest_id):
                movable[stock_key(*where)] += quantity
                followed.append((line, held))
            elif line.move_id._quality_hold_decided(
                line, taken_by_move[line.move_id], held
            ):
                movable[stock_key(*where)] += quantity
            elif line._quality_hold_exceeds(held, quantity):
                Line._refuse(held, where[0], where[2], where[1], where[3])
        return movable, followed

    def _quality_hold_source(self):
        """Active lines that keep in place what this line takes; empty if it may go."""
        self.ensure_one()
        Line = self.env["mfg.quality.hold.line"]
        own = self.location_id.usage in STOCK_USAGES
        if not own and self.location_dest_id.usage in STOCK_USAGES:
            # Received, produced, returned: that is how stock gets on hold.
            return Line
        where = self._quality_hold_characteristics()
        # Flags of records the user may not be allowed to read.
        flagged = any(
            record and record.sudo().is_on_hold
            for record in (self.lot_id, *((where[1], where[3]) if own else ()))
        )
        partial = own and any(
            line._covers(*where) for line in Line._partial_lines(self.product_id)
        )
        return Line._covering(*where) if flagged or partial else Line

    def _quality_hold_exceeds(self, held, quantity):
        """Tell whether the line takes more than the quantity holds leave free."""
        if any(line.kind != "quantity" for line in held):
            return True
        rounding = self.product_id.uom_id.rounding
        return any(
            float_compare(
                quantity,
                line._left_in_scope() - line._sibling_open(),
                precision_rounding=rounding,
            )
            > 0
            for line in held
        )

    def _check_outside_stock(self):
        """A done line between places that are not ours changes no quant of ours: a
        recalled lot must not be drop-shipped that way either."""
        usages = {self.location_id.usage, self.location_dest_id.usage}
        if self.lot_id and not usages & set(STOCK_USAGES):
            held = self._quality_hold_source()
            if held and not self.move_id.quality_disposition_line_id:
                held._refuse(held, self.product_id, self.lot_id, self.location_id)

    def _quality_hold_follow(self, followed):
        """Quantities that went to quarantine stay on the hold they were on.

        Lots and packages bear their flag wherever they are. What a location or quantity
        hold kept in place goes on as a quantity hold at the new place.
        """
        for line, held in followed:
            for hold_line in held:
                if hold_line.kind == "lot" or (
                    hold_line.kind == "package"
                    and line.result_package_id == hold_line.package_id
                ):
                    continue
                if hold_line.kind == "quantity" and not hold_line.location_id:
                    continue
                # People who may move stock need no right on holds for that.
                hold_line.sudo()._follow(line)
