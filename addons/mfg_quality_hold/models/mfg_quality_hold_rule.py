from ast import literal_eval

from odoo import Command, _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_round

from .mfg_quality_hold_line import STOCK_USAGES

RECEIPT, PRODUCTION, RETURN, FAILED = "receipt", "production", "return", "failed"
# Which trigger stock that comes from such a place pulls.
TRIGGER_OF_USAGE = {
    "supplier": RECEIPT,
    "production": PRODUCTION,
    "customer": RETURN,
}


class MfgQualityHoldRule(models.Model):
    """Stock that arrives under a rule is on hold before its transaction ends."""

    _name = "mfg.quality.hold.rule"
    _description = "Quality Hold Rule"
    _inherit = "mfg.quality.applicability"
    _check_company_auto = True
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    trigger = fields.Selection(
        [
            (RECEIPT, "Received from a vendor"),
            (PRODUCTION, "Produced"),
            (RETURN, "Returned by a customer"),
            (FAILED, "Failed an inspection"),
            ("any", "Received, produced or returned"),
        ],
        required=True,
        default=RECEIPT,
    )
    reason_id = fields.Many2one(
        "mfg.quality.hold.reason",
        required=True,
        domain="[('company_id', 'in', (False, company_id))]",
        ondelete="restrict",
    )
    product_domain = fields.Char(
        "Further Condition", help="Products that the rule is about, as a filter."
    )
    first_lots = fields.Integer(
        "Only the First Lots",
        help="Of each product, counted from when the rule began. 0: every lot.",
    )
    after_rejection = fields.Boolean(
        "Only after a Rejection",
        help="Counts while the last inspection of the product (from that vendor) failed.",
    )
    share = fields.Float(
        "Share on Hold (%)",
        default=100,
        required=True,
        help="Of the quantity of each lot. 100: the whole lot.",
    )
    with_inspection = fields.Boolean("Inspect", default=True)
    plan_id = fields.Many2one(
        "mfg.quality.inspection.plan",
        check_company=True,
        help="Empty: the plan that fits the product best.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        check_company=True,
        domain="[('share', '=', False)]",
        help="Answers for what the rule holds. Empty: whoever received or made it.",
    )
    valid_from = fields.Date()
    valid_to = fields.Date()
    hold_id = fields.Many2one(
        "mfg.quality.hold",
        "For Hold",
        readonly=True,
        copy=False,
        check_company=True,
        help="Keeps what arrives later on the same hold, as long as that is open.",
    )
    hold_ids = fields.One2many("mfg.quality.hold", "rule_id", readonly=True)
    hold_count = fields.Integer(compute="_compute_hold_count")

    _sql_constraints = [
        (
            "share_range",
            "CHECK(share > 0 AND share <= 100)",
            "Share on Hold: enter more than 0 and at most 100 per cent.",
        ),
        (
            "first_lots_positive",
            "CHECK(first_lots >= 0)",
            "Only the First Lots: enter 0 or more.",
        ),
    ]

    @api.depends("hold_ids")
    def _compute_hold_count(self):
        for rule in self:
            rule.hold_count = len(rule.hold_ids)

    @api.constrains("valid_from", "valid_to")
    def _check_validity(self):
        for rule in self:
            if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
                raise ValidationError(
                    _("Rule %(name)s ends before it begins.", name=rule.name)
                )

    @api.constrains("product_domain")
    def _check_product_domain(self):
        for rule in self:
            try:
                self.env["product.product"].search_count(rule._condition(), limit=1)
            except Exception as error:  # whatever a filter that makes no sense raises
                raise ValidationError(
                    _(
                        "The Further Condition of rule %(name)s is no filter.",
                        name=rule.name,
                    )
                ) from error

    def action_view_holds(self):
        """Show the holds that the rule placed."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_hold_action"
        )
        return dict(action, domain=[("rule_id", "=", self.id)], context={})

    # -- which rule ----------------------------------------------------------------------

    @api.model
    def _in_force(self, company, triggers):
        """Rules of the company that count today for some triggers, first ones first."""
        today = fields.Date.context_today(self)
        return self.search(
            [
                ("company_id", "=", company.id),
                ("trigger", "in", triggers),
                "|",
                ("valid_from", "=", False),
                ("valid_from", "<=", today),
                "|",
                ("valid_to", "=", False),
                ("valid_to", ">=", today),
            ]
        )

    def _matches(self, product, vendor, operation):
        """Tell whether the rule is about a product of a vendor in an operation."""
        self.ensure_one()
        return (
            self._applies_to(product, vendor, operation)
            and product in self._products_of_domain(product)
            and (not self.after_rejection or self._was_rejected(product))
        )

    def _products_of_domain(self, products):
        """Those of the products that fit the further condition."""
        return products.filtered_domain(self._condition())

    def _condition(self):
        """The further condition as a domain."""
        return literal_eval(self.product_domain or "[]")

    def _was_rejected(self, product):
        """Tell whether the last verdict on the product (of the vendor) was a failure."""
        domain = [
            ("product_id", "=", product.id),
            ("company_id", "=", self.company_id.id),
            ("state", "=", "done"),
        ]
        if self.vendor_id:
            domain.append(("vendor_id", "child_of", self.vendor_id.id))
        last = self.env["mfg.quality.inspection"].search(
            domain, order="decided_on desc, id desc", limit=1
        )
        return last.verdict == "fail"

    def _lots_left(self, product):
        """How many more lots of the product the rule holds; None without a limit."""
        self.ensure_one()
        if not self.first_lots:
            return None
        held = self.hold_ids.line_ids.filtered(lambda line: line.product_id == product)
        return max(0, self.first_lots - len(held))

    @api.model
    def _for_failed(self, inspection):
        """The rule for a failed inspection, or an empty recordset."""
        operation = (
            inspection.picking_id.picking_type_id
            or inspection.production_id.picking_type_id
        )
        rules = self._in_force(inspection.company_id, [FAILED])
        return rules.filtered(
            lambda rule: rule._matches(
                inspection.product_id, inspection.vendor_id, operation
            )
        )[:1]

    # -- what arrives --------------------------------------------------------------------

    @api.model
    def _hold_arrivals(self, moves):
        """Place what some done moves brought into our stock on hold where a rule says so."""
        # Deliveries, the most frequent moves, end here without a query.
        moves = moves.filtered(
            lambda move: (
                move.state == "done"
                and move.location_id._quality_usage(move.company_id) in TRIGGER_OF_USAGE
            )
        )
        arrived = moves.move_line_ids.filtered(
            lambda line: (
                line.quantity
                and line.location_id._quality_usage(line.company_id) in TRIGGER_OF_USAGE
                and line.location_dest_id.usage in STOCK_USAGES
                and line.product_id.type == "product"
            )
        )
        for company, of_company in arrived.grouped("company_id").items():
            rules = self._in_force(company, [*TRIGGER_OF_USAGE.values(), "any"])
            if rules:
                rules._hold_lines(of_company)

    def _hold_lines(self, move_lines):
        """Give each line to the first rule of ``self`` that it falls under."""
        by_cause = {}
        for line in move_lines:
            move = line.move_id
            usage = line.location_id._quality_usage(line.company_id)
            trigger = TRIGGER_OF_USAGE[usage]
            operation = move.picking_type_id or move.production_id.picking_type_id
            for rule in self:
                if rule.trigger in (trigger, "any") and rule._matches(
                    line.product_id, move.picking_id.partner_id, operation
                ):
                    document = move.picking_id or move.production_id
                    cause = rule, document
                    by_cause.setdefault(cause, self.env["stock.move.line"])
                    by_cause[cause] |= line
                    break
        for (rule, document), lines in by_cause.items():
            rule._hold_arrived(document, lines)

    def _hold_arrived(self, document, move_lines):
        """Hold the lots and quantities that some lines of one document brought."""
        self.ensure_one()
        Hold = self.env["mfg.quality.hold"].with_company(self.company_id)
        scopes = self._within_limits(Hold._scopes_of_received(move_lines))
        if not scopes:
            return
        if self.hold_id:
            hold = self.hold_id
            lines = hold._add_lines(scopes)
            hold._refresh_state()
        else:
            responsible = self.responsible_id or self.env.user
            hold = Hold._place(
                scopes,
                self.reason_id.code,
                _("Rule %(rule)s", rule=self.name),
                {
                    "origin": "rule",
                    "origin_ref": document.display_name,
                    "rule_id": self.id,
                    "company_id": self.company_id.id,
                    "severity": self.reason_id.severity,
                    "responsible_id": responsible.id,
                },
            )
            lines = hold.line_ids
        if self.with_inspection:
            hold._inspect(lines, document, self.plan_id)

    def _within_limits(self, scopes):
        """Scopes cut down to the first lots and to the share of each."""
        self.ensure_one()
        kept, left = [], {}
        for scope in scopes:
            product = self.env["product.product"].browse(scope["product_id"])
            if product not in left:
                left[product] = self._lots_left(product)
            if left[product] == 0:
                continue
            if left[product]:
                left[product] -= 1
            if self.share < 100:
                rounding = product.uom_id.rounding
                quantity = float_round(
                    scope["qty_held"] * self.share / 100, precision_rounding=rounding
                )
                if not quantity:
                    continue
                scope = dict(scope, kind="quantity", qty_held=quantity)
            kept.append(scope)
        return kept

    # -- products and vendors ------------------------------------------------------------

    @api.model
    def _for_future(self, hold, recordsets):
        """Rules that keep what arrives later of held products and vendors on the hold."""
        for recordset in recordsets:
            subject = {
                "product.product": "product_ids",
                "res.partner": "vendor_id",
            }.get(recordset._name)
            if not subject:
                continue
            values = {
                "company_id": hold.company_id.id,
                "reason_id": hold.reason_id.id,
                "hold_id": hold.id,
                "with_inspection": False,
                "trigger": "any" if subject == "product_ids" else RECEIPT,
            }
            for record in recordset:
                is_vendor = subject == "vendor_id"
                self.create(
                    {
                        **values,
                        "name": f"{hold.name}: {record.display_name}",
                        subject: record.id if is_vendor else [Command.set(record.ids)],
                    }
                )
