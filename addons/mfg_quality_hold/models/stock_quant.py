from odoo import _, api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import float_compare, float_is_zero

from ..engine.ledger import (
    FREE_STOCK_KEY,
    FREE_STOCK_ONLY,
    FREE_STOCK_TO_TRIM,
    ledger,
    stock_key,
)
from .mfg_quality_hold_line import STOCK_USAGES

# What says whose, where and how much a quant is.
IDENTITY = {"product_id", "location_id", "lot_id", "package_id", "owner_id"}
AMOUNTS = {"quantity", "reserved_quantity"}


class StockQuant(models.Model):
    """All on-hand and reserved quantities change in ``_update_available_quantity``, so
    that is where the guard stands. It reads stored flags of records that are in the cache
    already; a search here would run thousands of times per transfer."""

    _inherit = "stock.quant"

    is_on_hold = fields.Boolean(
        "On Quality Hold", compute="_compute_is_on_hold", store=True, copy=False
    )
    hold_qty = fields.Float(
        "On Hold", compute="_compute_hold_qty", digits="Product Unit of Measure"
    )

    def init(self):
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS stock_quant_is_on_hold_index "
            "ON stock_quant (product_id, location_id) WHERE is_on_hold"
        )
        return super().init()

    @api.depends("lot_id.is_on_hold", "location_id.is_on_hold", "package_id.is_on_hold")
    def _compute_is_on_hold(self):
        for quant in self:
            quant.is_on_hold = (
                quant.lot_id.is_on_hold
                or quant.location_id.is_on_hold
                or quant.package_id.is_on_hold
            )

    @api.depends("is_on_hold", "quantity")
    def _compute_hold_qty(self):
        Line = self.env["mfg.quality.hold.line"]
        left = {}
        for quant in self.sorted("id"):
            if quant.location_id.usage not in STOCK_USAGES:
                quant.hold_qty = 0
                continue
            if quant.is_on_hold:
                quant.hold_qty = max(0, quant.quantity)
                continue
            held = 0
            for line in Line._partial_lines(quant.product_id):
                if line._covers(*quant._quality_hold_characteristics()):
                    # A lot's held quantity lies wherever the lot lies: count it once.
                    left.setdefault(line.id, line.qty_open)
                    taken = min(left[line.id], max(0, quant.quantity - held))
                    left[line.id] -= taken
                    held += taken
            quant.hold_qty = held

    @api.depends("is_on_hold")
    def _compute_available_quantity(self):
        """Held stock is on hand, but not available."""
        res = super()._compute_available_quantity()
        book = self.env["mfg.quality.hold.line"]._book()
        for quant in self.filtered(lambda quant: book.concerns(quant.product_id)):
            if quant.hold_qty:
                quant.available_quantity = max(
                    0, quant.available_quantity - quant.hold_qty
                )
        return res

    # -- nobody changes held quants past the guard -------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_flag(*vals_list)
        quants = super().create(vals_list)
        if not ledger(self.env.cr).checked_key:
            for quant in quants:
                if quant.quantity < 0 or quant.reserved_quantity > 0:
                    quant._check_free()
        return quants

    def write(self, vals):
        self._refuse_flag(vals)
        checked = ledger(self.env.cr).checked_key
        if checked:
            for quant in self:
                # Which quant is changed comes from the context, where Odoo has a cache.
                if stock_key(*quant._quality_hold_characteristics()) != checked:
                    quant._check_free()
            return super().write(vals)
        identity = IDENTITY & set(vals)
        if identity or AMOUNTS & set(vals):
            for quant in self:
                if any(
                    quant[name].id
                    != (
                        quant._fields[name].convert_to_cache(vals[name], quant) or False
                    )
                    for name in identity
                ):
                    quant._check_free()
                if (
                    vals.get("quantity", quant.quantity) < quant.quantity
                    or vals.get("reserved_quantity", 0) > quant.reserved_quantity
                ):
                    quant._check_free()
        return super().write(vals)

    def unlink(self):
        if not ledger(self.env.cr).checked_key:
            for quant in self:
                if not float_is_zero(
                    quant.quantity, precision_rounding=quant.product_uom_id.rounding
                ):
                    quant._check_free()
        return super().unlink()

    @api.model
    def _refuse_flag(self, *vals_list):
        """The flags follow the holds; nobody writes them, with or without sudo."""
        if any({"is_on_hold", "hold_qty"} & set(vals) for vals in vals_list):
            raise AccessError(
                _(
                    "Whether stock is on hold follows from its holds. Place or release one."
                )
            )

    def _quality_hold_characteristics(self):
        """(product, location, lot, package, owner) of one quant."""
        self.ensure_one()
        return (
            self.product_id,
            self.location_id,
            self.lot_id,
            self.package_id,
            self.owner_id,
        )

    def _check_free(self):
        """Refuse when the quant is on hold, in full or in part."""
        self.ensure_one()
        if self.is_on_hold or self.hold_qty:
            self._refuse_held()

    def _refuse_held(self):
        characteristics = self._quality_hold_characteristics()
        Line = self.env["mfg.quality.hold.line"]
        lines = Line._covering(*characteristics)
        Line._refuse(lines, self.product_id, self.lot_id, self.location_id)

    @api.model
    def _wants_free_stock(self):
        """Tell whether the caller, a method of this module, asked for free stock."""
        marker = self.env.context.get(FREE_STOCK_KEY)
        return marker is FREE_STOCK_ONLY or marker is FREE_STOCK_TO_TRIM

    # -- only free stock is found when something is to be reserved ---------------------

    @api.model
    def _get_gather_domain(
        self,
        product_id,
        location_id,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=False,
    ):
        domain = super()._get_gather_domain(
            product_id, location_id, lot_id, package_id, owner_id, strict
        )
        if self._wants_free_stock():
            # Packages are planned from the domain, before the records are looked at.
            domain = [("is_on_hold", "=", False), *domain]
        return domain

    def _gather(
        self,
        product_id,
        location_id,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=False,
        qty=0,
    ):
        quants = super()._gather(
            product_id, location_id, lot_id, package_id, owner_id, strict, qty
        )
        if self._wants_free_stock():
            # Quants that come from a cache have not seen the domain; and a quant that was
            # created while the hold was being placed bears an old flag.
            quants = quants.filtered(
                lambda quant: (
                    not (
                        quant.is_on_hold
                        or quant.lot_id.is_on_hold
                        or quant.location_id.is_on_hold
                        or quant.package_id.is_on_hold
                    )
                )
            )
        return quants

    def _get_available_quantity(
        self,
        product_id,
        location_id,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=False,
        allow_negative=False,
    ):
        # With negative quantities allowed it is the book-keeping of a change, which must
        # see everything.
        quants = self
        trimmed_later = self.env.context.get(FREE_STOCK_KEY) is FREE_STOCK_TO_TRIM
        restrict = not allow_negative and not trimmed_later
        restrict = restrict and self.env["mfg.quality.hold.line"]._book().concerns(
            product_id
        )
        if restrict:
            quants = self.with_context(**{FREE_STOCK_KEY: FREE_STOCK_ONLY})
        available = super(StockQuant, quants)._get_available_quantity(
            product_id,
            location_id,
            lot_id=lot_id,
            package_id=package_id,
            owner_id=owner_id,
            strict=strict,
            allow_negative=allow_negative,
        )
        if restrict and available > 0:
            available = self._less_partial_holds(
                available, product_id, location_id, lot_id, package_id, owner_id, strict
            )
        return available

    def _less_partial_holds(
        self, available, product, location, lot, package, owner, strict
    ):
        """Take from an availability what quantity holds keep in place."""
        Line = self.env["mfg.quality.hold.line"]
        if not Line._partial_lines(product):
            return available
        quants = (
            self.with_context(**{FREE_STOCK_KEY: FREE_STOCK_ONLY})
            .sudo()  # as the method of Odoo does that we extend
            ._gather(product, location, lot, package, owner, strict)
        )
        return min(available, sum(self._free_by_quant(quants).values()))

    @api.model
    def _free_by_quant(self, quants):
        """{quant: unreserved quantity that no quantity hold keeps in place}."""
        Line = self.env["mfg.quality.hold.line"]
        budgets, free = {}, {}
        for quant in quants:
            unreserved = max(0, quant.quantity - quant.reserved_quantity)
            covering = [
                line
                for line in Line._partial_lines(quant.product_id)
                if line._covers(*quant._quality_hold_characteristics())
            ]
            for line in covering:
                if line.id not in budgets:
                    left = line._left_in_scope(unreserved=True)
                    budgets[line.id] = max(0, left - line._sibling_open())
                unreserved = min(unreserved, budgets[line.id])
            for line in covering:
                budgets[line.id] -= unreserved
            free[quant] = unreserved
        return free

    def _get_reserve_quantity(
        self,
        product_id,
        location_id,
        quantity,
        product_packaging_id=None,
        uom_id=None,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=False,
    ):
        Line = self.env["mfg.quality.hold.line"]
        if quantity <= 0 or not Line._book().concerns(product_id):
            return super()._get_reserve_quantity(
                product_id,
                location_id,
                quantity,
                product_packaging_id=product_packaging_id,
                uom_id=uom_id,
                lot_id=lot_id,
                package_id=package_id,
                owner_id=owner_id,
                strict=strict,
            )
        # Ask for as much more as is held in part, and trim afterwards: Odoo takes quants
        # in the order of removal, and part of the first ones may be held.
        partial = Line._partial_lines(product_id)
        marker = FREE_STOCK_TO_TRIM if partial else FREE_STOCK_ONLY
        quants = self.with_context(**{FREE_STOCK_KEY: marker})
        reserved = super(StockQuant, quants)._get_reserve_quantity(
            product_id,
            location_id,
            quantity + sum(partial.mapped("qty_open")),
            product_packaging_id=product_packaging_id,
            uom_id=uom_id,
            lot_id=lot_id,
            package_id=package_id,
            owner_id=owner_id,
            strict=strict,
        )
        # The caller's own environment again: the restriction ends here.
        reserved = [(quant.with_env(self.env), taken) for quant, taken in reserved]
        if partial:
            reserved = self._trim_to_free(reserved, quantity, product_id)
        return reserved

    @api.model
    def _trim_to_free(self, reserved, quantity, product):
        """Cut a reservation down to what is free and to the quantity asked for.

        :param reserved: [(quant, quantity)] in the order of removal
        """
        free = self._free_by_quant(self.browse().concat(*[q for q, _taken in reserved]))
        rounding = product.uom_id.rounding
        trimmed = []
        for quant, taken in reserved:
            taken = min(taken, free[quant], quantity)
            if float_compare(taken, 0, precision_rounding=rounding) > 0:
                trimmed.append((quant, taken))
                quantity -= taken
        return trimmed

    @api.model
    def _read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        """Reports that promise stock ask for free stock with the marker in the context."""
        groups = super()._read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )
        if self.env.context.get(FREE_STOCK_KEY) is not FREE_STOCK_ONLY or (
            list(groupby),
            list(aggregates),
        ) != (["product_id", "location_id"], ["quantity:sum"]):
            return groups
        book = self.env["mfg.quality.hold.line"]._book()
        concerned = [product.id for product, *_rest in groups if book.concerns(product)]
        if not concerned:
            return groups
        held = {}
        for quant in self.search([*domain, ("product_id", "in", concerned)]):
            key = quant.product_id, quant.location_id
            held[key] = held.get(key, 0) + quant.hold_qty
        return [
            (product, location, quantity - held.get((product, location), 0))
            for product, location, quantity in groups
        ]

    # -- the guard ---------------------------------------------------------------------

    @api.model
    def _update_available_quantity(
        self,
        product_id,
        location_id,
        quantity=False,
        reserved_quantity=False,
        lot_id=None,
        package_id=None,
        owner_id=None,
        in_date=None,
    ):
        own = location_id.usage in STOCK_USAGES
        leaving = own and quantity and quantity < 0
        reserving = own and reserved_quantity and reserved_quantity > 0
        if leaving and lot_id:
            lot_id._quality_hold_lock()
        concerned = (leaving or reserving) and self.env[
            "mfg.quality.hold.line"
        ]._book().concerns(product_id)
        where = (product_id, location_id, lot_id, package_id, owner_id)
        if concerned:
            self._guard(where, -quantity if leaving else 0, reserved_quantity or 0)
        with ledger(self.env.cr).checked_update(stock_key(*where)):
            result = super()._update_available_quantity(
                product_id,
                location_id,
                quantity=quantity,
                reserved_quantity=reserved_quantity,
                lot_id=lot_id,
                package_id=package_id,
                owner_id=owner_id,
                in_date=in_date,
            )
        if concerned and leaving:
            self._guard_partial(where)
        if concerned and reserving:
            self._guard_partial(where, reserving=True)
        return result

    @api.model
    def _guard(self, where, leaving, reserving):
        """Refuse to take from, or reserve of, what is on hold as a whole.

        What a move line was allowed by a decision, or by going to quarantine, stands in
        the ledger; it is used up here.
        """
        product, location, lot, package, owner = where
        # Flags of records the user may not be allowed to read.
        known = self.sudo().env
        held = any(
            record and record.with_env(known).is_on_hold
            for record in (lot, location, package)
        )
        allowances = ledger(self.env.cr)
        key = stock_key(*where)
        rounding = product.uom_id.rounding
        for amount, allowed in (
            (leaving, allowances.movable),
            (reserving, allowances.reservable),
        ):
            if amount <= 0:
                continue
            if float_compare(amount, allowed[key], precision_rounding=rounding) <= 0:
                allowed[key] -= amount
                allowed[key, "used"] += amount
            elif held:
                Line = self.env["mfg.quality.hold.line"]
                lines = Line._covering(product, location, lot, package, owner)
                Line._refuse(lines, product, lot, location, package)

    @api.model
    def _guard_partial(self, where, reserving=False):
        """Refuse when less is left, or left unreserved, than quantity holds demand."""
        product = where[0]
        Line = self.env["mfg.quality.hold.line"]
        lines = Line._partial_lines(product)
        if not lines:
            return
        allowances = ledger(self.env.cr)
        allowed = (allowances.reservable if reserving else allowances.movable)[
            stock_key(*where), "used"
        ]
        lot = where[2] or self.env["stock.lot"]
        lines = lines.filtered(lambda line: line.lot_id == lot)
        rounding = product.uom_id.rounding
        for line in lines:
            left = line._left_in_scope(unreserved=reserving)
            demanded = line._sibling_open()
            if line._covers(*where):
                demanded -= allowed
            if float_compare(left, demanded, precision_rounding=rounding) < 0:
                Line._refuse(line, product, *where[2:0:-1], where[3])
        # A negative quant at another place or of another owner must not cover for it.
        for of_company in lines.grouped("company_id").values():
            left = of_company[0]._left_of_stock()
            demanded = sum(of_company.mapped("qty_open")) - allowed
            if float_compare(left, demanded, precision_rounding=rounding) < 0:
                Line._refuse(of_company, product, *where[2:0:-1], where[3])

    def action_place_on_hold(self):
        """Open the dialog that places the quants on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)

    def _nettable(self):
        """Those of the quants that planning keeps counting though they are on hold."""
        Line = self.env["mfg.quality.hold.line"]
        nettable = self.browse()
        if not Line.sudo().search_count(  # whatever is on hold, whoever asks
            [("state", "=", "active"), ("reason_id.nettable", "=", True)], limit=1
        ):
            return nettable
        for quant in self:
            if quant.hold_qty:
                lines = Line._covering(*quant._quality_hold_characteristics())
                if lines and all(line.reason_id.nettable for line in lines):
                    nettable |= quant
        return nettable

    def _reserved_by_decisions(self):
        """{quant: quantity} that moves of dispositions have reserved of held stock."""
        lines = self.env["stock.move.line"].search(
            [
                ("product_id", "in", self.product_id.ids),
                ("state", "not in", ("done", "cancel")),
                ("move_id.quality_disposition_line_id", "!=", False),
            ]
        )
        if not lines:
            return {}
        reserved = {}
        for line in lines:
            where = line._quality_hold_characteristics()
            reserved[where] = reserved.get(where, 0) + line.quantity_product_uom
        return {
            quant: reserved.get(quant._quality_hold_characteristics(), 0)
            for quant in self
        }
