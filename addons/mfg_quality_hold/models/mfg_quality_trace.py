from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

MAX_DEPTH = 20
DIRECTIONS = [("forward", "What was made of it"), ("backward", "What it was made of")]

# Odoo stores on the link of a consumed line the finished line as "consume_line_id" and
# the consumed one as "produce_line_id".
MADE = """
    stock_move_line used
    JOIN stock_move_line_consume_rel rel ON rel.produce_line_id = used.id
    JOIN stock_move_line made ON made.id = rel.consume_line_id
"""
# Unbuilding leaves no such link between a product and its components.
TAKEN_APART = """
    stock_move_line used
    JOIN stock_location goes_to ON goes_to.id = used.location_dest_id
                               AND goes_to.usage = 'production'
    JOIN stock_move taken ON taken.id = used.move_id AND taken.unbuild_id IS NOT NULL
    JOIN stock_move given ON given.unbuild_id = taken.unbuild_id
    JOIN stock_move_line made ON made.move_id = given.id
    JOIN stock_location comes_from ON comes_from.id = made.location_id
                                  AND comes_from.usage = 'production'
"""


def _step(start, end):
    """The query for what is one step from some nodes, from ``start`` to ``end``."""
    return " UNION ".join(
        f"""
        SELECT {start}.lot_id, {start}.product_id, {end}.lot_id, {end}.product_id
          FROM {links}
         WHERE used.state = 'done' AND made.state = 'done' AND {end}.quantity > 0
           AND used.company_id = %(company)s
           AND ({start}.lot_id = ANY(%(lots)s)
                OR {start}.lot_id IS NULL AND {start}.product_id = ANY(%(products)s))
        """
        for links in (MADE, TAKEN_APART)
    )


STEP = {"forward": _step("used", "made"), "backward": _step("made", "used")}


class MfgQualityTrace(models.Model):
    """A run through the genealogy of lots, kept as evidence of what was known when."""

    _name = "mfg.quality.trace"
    _description = "Quality Trace"
    _inherit = "mfg.quality.own.defaults"
    _guarded_defaults = frozenset({"name", "run_by_id", "run_on"})
    _check_company_auto = True
    _order = "id desc"

    name = fields.Char(
        required=True, readonly=True, copy=False, default=lambda self: _("New")
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    hold_id = fields.Many2one(
        "mfg.quality.hold", readonly=True, check_company=True, index="btree_not_null"
    )
    previous_id = fields.Many2one(
        "mfg.quality.trace",
        "Earlier Run",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The run that this one repeats; what has changed since is shown.",
    )
    direction = fields.Selection(DIRECTIONS, required=True, default="forward")
    lot_ids = fields.Many2many("stock.lot", string="From", required=True)
    run_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    run_on = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("mfg.quality.trace.line", "trace_id", readonly=True)
    delivery_ids = fields.One2many(
        "mfg.quality.trace.delivery", "trace_id", readonly=True
    )
    gone_line_ids = fields.Many2many(
        "mfg.quality.trace.line",
        compute="_compute_gone_line_ids",
        string="Not Found Any More",
        help="Found by the earlier run, and not by this one.",
    )
    free_count = fields.Integer(
        "Lots Still Free",
        compute="_compute_containment",
        help="Lots that were found in stock and are not on hold now.",
    )
    contained_pct = fields.Float(
        "Contained (%)",
        compute="_compute_containment",
        digits=(5, 1),
        help="Of the lots that were found in stock, how many are on hold now.",
    )
    hours_to_contain = fields.Float(
        "Time to Contain (Hours)",
        compute="_compute_containment",
        help="From the first hold until the last lot that was found in stock was on hold. "
        "Empty while one of them is free.",
    )
    customer_count = fields.Integer(compute="_compute_customer_count")

    def init(self):
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS mfg_quality_trace_unbuild_index "
            "ON stock_move (unbuild_id) WHERE unbuild_id IS NOT NULL"
        )

    @api.depends("previous_id.line_ids", "line_ids")
    def _compute_gone_line_ids(self):
        for trace in self:
            found = {line._node() for line in trace.line_ids}
            trace.gone_line_ids = trace.previous_id.line_ids.filtered(
                lambda line, found=found: line._node() not in found
            )

    @api.depends("line_ids.is_on_hold", "line_ids.on_hand", "hold_id.placed_on")
    def _compute_containment(self):
        HoldLine = self.env["mfg.quality.hold.line"]
        since = dict(
            HoldLine._read_group(
                [("lot_id", "in", self.line_ids.lot_id.ids), ("state", "=", "active")],
                ["lot_id"],
                ["active_from:min"],
            )
        )
        for trace in self:
            lots = trace.line_ids.filtered("on_hand").lot_id
            held = lots.filtered("is_on_hold")
            trace.free_count = len(lots - held)
            trace.contained_pct = 100 * len(held) / len(lots) if lots else 100
            begin = trace.hold_id.placed_on or trace.run_on
            ends = [since[lot] for lot in held if since.get(lot)]
            trace.hours_to_contain = (
                max(0, (max(ends) - begin).total_seconds() / 3600)
                if ends and begin and held == lots
                else 0
            )

    @api.depends("delivery_ids.partner_id")
    def _compute_customer_count(self):
        for trace in self:
            trace.customer_count = len(trace.delivery_ids.partner_id)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].next_by_code("mfg.quality.trace")
        return super().create(vals_list)

    def write(self, vals):
        if any(trace.run_on for trace in self):
            raise UserError(
                _(
                    "A trace that was run is evidence. Run it again: that makes a new one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_run(self):
        if any(trace.run_on for trace in self):
            raise UserError(_("A trace that was run is evidence and stays."))

    # -- actions -----------------------------------------------------------------------

    def action_run(self):
        """Follow the genealogy and store what was found; a second run makes a new trace.

        :return: the action that shows the trace that was run
        :raises AccessError: the user may not run traces
        """
        self.ensure_one()
        self.check_access_rights("write")
        self.check_access_rule("write")
        trace = self.copy({"previous_id": self.id}) if self.run_on else self
        # What is found concerns safety: it is complete for the company, whoever asks.
        trace.sudo()._run()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": trace.id,
            "view_mode": "form",
        }

    def action_hold_all(self):
        """Place every lot that was found and is in stock on hold, in one go.

        :return: the action that shows the new hold, or the new holds
        :raises UserError: everything found is on hold already, or gone
        """
        self.ensure_one()
        holds = self.env["mfg.quality.hold"]
        for trace in self._of_one_run():
            holds |= trace._hold_free()
        if not holds:
            raise UserError(_("Everything that is in stock is on hold already."))
        return holds._action_of(holds)

    def action_notify_salespersons(self):
        """Give each customer's salesperson the task to tell the customer.

        The task is on the customer, whom salespersons may open without quality rights.
        A customer for whom this was done already gets no second one.

        :return: the action that shows the customers
        :raises UserError: no customer has anything of it
        """
        self.ensure_one()
        self.check_access_rights("write")
        self.check_access_rule("write")
        kept = self.delivery_ids.filtered(lambda delivery: delivery.quantity > 0)
        partners = kept.partner_id
        if not partners:
            raise UserError(
                _("No customer has anything of it, so nobody is to be told.")
            )
        summary = _(
            "Recall: tell the customer (%(trace)s)", trace=self._first_run().name
        )
        # The task is made for people whose customers quality may not edit.
        for partner in partners.sudo():
            if summary not in partner.activity_ids.mapped("summary"):
                deliveries = kept.filtered(
                    lambda delivery, partner=partner: delivery.partner_id == partner
                )
                partner.activity_schedule(
                    "mail.mail_activity_data_call",
                    user_id=self._salesperson(partner).id,
                    summary=summary,
                    note=self._recall_note(deliveries),
                )
        return {
            "type": "ir.actions.act_window",
            "name": _("Customers"),
            "res_model": "res.partner",
            "view_mode": "kanban,tree,form",
            "domain": [("id", "in", partners.ids)],
        }

    # -- business ----------------------------------------------------------------------

    def _of_one_run(self):
        """Hook: this trace and what else the same run has found, by the user's rights."""
        self.ensure_one()
        return self

    def _hold_free(self):
        """Place what was found and is free on hold; returns the hold, if there is one."""
        lots = self.line_ids.filtered("on_hand").lot_id | self.lot_ids
        free = lots.filtered(lambda lot: not lot.is_on_hold)
        if not free:
            return self.env["mfg.quality.hold"]
        return self.env["mfg.quality.hold"].place(
            free,
            self._hold_reason_code(),
            origin="genealogy",
            origin_ref=self.name,
            parent_id=self.hold_id.id,
        )

    def _hold_reason_code(self):
        reason = self.hold_id.reason_id
        return reason.code or self.env.ref("mfg_quality_hold.reason_suspect").code

    def _run(self):
        self.ensure_one()
        self.env["stock.move.line"].flush_model()
        found = self._follow(self.lot_ids, self.company_id)
        lots = self.env["stock.lot"].search(
            [
                ("id", "in", [lot_id for lot_id, _product in found if lot_id]),
                ("company_id", "=", self.company_id.id),
            ],
            order="id",
        )
        on_hand = self.env["mfg.quality.hold"]._on_hand(
            [("lot_id", "in", lots.ids)], "lot_id"
        )
        in_stock = {lot.id: quantity for lot, quantity in on_hand.items()}
        known = {None, *lots.ids}
        self.env["mfg.quality.trace.line"]._store(
            self,
            [
                (level, product_id, lot_id, via, possible, in_stock.get(lot_id, 0))
                for (lot_id, product_id), (level, via, possible) in found.items()
                if lot_id in known
            ],
        )
        self.env["mfg.quality.trace.delivery"]._store(self, lots)
        self.write({"run_by_id": self.env.uid, "run_on": fields.Datetime.now()})

    def _first_run(self):
        trace = self
        while trace.previous_id:
            trace = trace.previous_id
        return trace

    def _salesperson(self, partner):
        """Who tells a customer: its salesperson, else who is responsible for the hold."""
        return (
            partner.user_id
            or partner.commercial_partner_id.user_id
            or self.hold_id.responsible_id
            or self.env.user
        )

    @api.model
    def _recall_note(self, deliveries):
        items = Markup().join(
            Markup("<li>%s: %s %s</li>")
            % (
                delivery.lot_id.display_name + ", " + delivery.product_id.display_name,
                delivery.quantity,
                delivery.product_id.uom_id.name,
            )
            for delivery in deliveries
        )
        return Markup("<p>%s</p><ul>%s</ul>") % (
            _("The customer has goods that may not conform. Send the recall notice."),
            items,
        )

    def _follow(self, lots, company):
        """{(lot id or None, product id): (level, lot it was found through, possible)}.

        Level by level, each node once, so cycles of rework and unbuild end. Behind a step
        without a lot anything made of that product in the company may be concerned: it is
        *possible*, unless it is also reached by lots alone.
        """
        found = {(lot.id, lot.product_id.id): (0, None, False) for lot in lots}
        for certain in (True, False):
            frontier = (
                [node for node in found if node[0]]
                if certain
                else [node for node in found if not node[0]]
            )
            for _level in range(MAX_DEPTH):
                frontier = self._step(found, frontier, certain, company)
                if not frontier:
                    break
        return found

    def _step(self, found, frontier, certain, company):
        """Add what is one step behind the frontier; returns what is new and goes on."""
        self.env.cr.execute(
            STEP[self.direction],
            {
                "company": company.id,
                "lots": [lot_id for lot_id, _product in frontier if lot_id],
                "products": [product for lot_id, product in frontier if not lot_id],
            },
        )
        new = []
        for from_lot, from_product, to_lot, to_product in self.env.cr.fetchall():
            node = to_lot, to_product
            if node in found or (from_lot, from_product) not in found:
                continue
            level = found[from_lot, from_product][0] + 1
            found[node] = (level, from_lot, not certain or not to_lot)
            if to_lot or not certain:
                new.append(node)
        return new
