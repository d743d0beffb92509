from datetime import timedelta

from odoo import Command, _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_compare

from ..engine.ledger import ledger
from ..exceptions import HoldRefusal
from .mfg_quality_hold_line import STOCK_USAGES
from .mfg_quality_hold_reason import SEVERITIES

STATES = [
    ("draft", "Draft"),
    ("on_hold", "On Hold"),
    ("inspection", "Inspection"),
    ("disposition", "Disposition"),
    ("approval", "Approval"),
    ("executing", "Executing"),
    ("partly_released", "Partly Released"),
    ("closed", "Closed"),
    ("cancelled", "Withdrawn"),
]
OPEN_STATES = tuple(
    state for state, _name in STATES if state not in ("draft", "closed", "cancelled")
)
MAX_LEVEL = 3  # of escalation
# Follow from what happens to the hold.
PROTECTED = {
    "state",
    "placed_by_id",
    "placed_on",
    "closed_on",
    "name",
    "reason_id",
    "tag_print_count",
    "escalation_level",
}
# Said when it is placed, and final: who must sign depends on them, or they are evidence.
FACTS = {
    "company_id",
    "severity",
    "deadline",
    "origin",
    "origin_ref",
    "partner_id",
    "parent_id",
    "rule_id",
}


class MfgQualityHold(models.Model):
    _name = "mfg.quality.hold"
    _description = "Quality Hold"
    _inherit = [
        "mfg.quality.own.defaults",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _check_company_auto = True
    _order = "placed_on desc, id desc"

    name = fields.Char(required=True, readonly=True, copy=False, default="/")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    reason_id = fields.Many2one(
        "mfg.quality.hold.reason", required=True, tracking=True, ondelete="restrict"
    )
    severity = fields.Selection(SEVERITIES, required=True, readonly=True)
    origin = fields.Selection(
        [
            ("manual", "By hand"),
            ("rule", "Rule"),
            ("inspection", "Inspection"),
            ("genealogy", "Genealogy"),
            ("integration", "Other system"),
            ("complaint", "Customer complaint"),
        ],
        required=True,
        default="manual",
        readonly=True,
    )
    origin_ref = fields.Char(
        "Source", readonly=True, help="Number of the document that gave cause."
    )
    state = fields.Selection(
        STATES,
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
        index=True,
        group_expand="_group_expand_state",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        readonly=True,
        index="btree_not_null",
        help="Who complained.",
    )
    placed_by_id = fields.Many2one("res.users", readonly=True)
    placed_on = fields.Datetime(readonly=True, index=True)
    closed_on = fields.Datetime(readonly=True)
    responsible_id = fields.Many2one("res.users", tracking=True)
    review_date = fields.Date(
        tracking=True, help="When somebody looks at the hold again. Releases nothing."
    )
    deadline = fields.Datetime(readonly=True, help="A decision is due by then.")
    is_late = fields.Boolean(compute="_compute_is_late", search="_search_is_late")
    escalation_level = fields.Integer(
        readonly=True, copy=False, help="How often the missing decision was escalated."
    )
    age_days = fields.Integer("Age (Days)", compute="_compute_age_days")
    age_bucket = fields.Selection(
        [
            # Groups come in the order of these keys.
            ("00", "0-2 days"),
            ("03", "3-7 days"),
            ("08", "8-30 days"),
            ("31", "Over 30 days"),
        ],
        "Age",
        compute="_compute_age_bucket",
        store=True,
        help="Of open holds, brought up to date every night.",
    )
    note = fields.Text("What is suspected")
    parent_id = fields.Many2one("mfg.quality.hold", readonly=True, ondelete="restrict")
    child_ids = fields.One2many("mfg.quality.hold", "parent_id", readonly=True)
    line_ids = fields.One2many("mfg.quality.hold.line", "hold_id", readonly=True)
    disposition_ids = fields.One2many(
        "mfg.quality.disposition", "hold_id", readonly=True
    )
    signature_ids = fields.One2many("mfg.quality.signature", "hold_id", readonly=True)
    tag_print_count = fields.Integer("Tags Printed", readonly=True)
    inspection_ids = fields.One2many("mfg.quality.inspection", "hold_id", readonly=True)
    inspection_count = fields.Integer(compute="_compute_inspection_count")
    rule_id = fields.Many2one(
        "mfg.quality.hold.rule",
        "Placed by Rule",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    future_rule_ids = fields.One2many(
        "mfg.quality.hold.rule",
        "hold_id",
        "Rules for What Arrives Later",
        readonly=True,
    )
    lot_ids = fields.Many2many(
        "stock.lot", compute="_compute_lot_ids", string="Lots/Serials"
    )
    lot_count = fields.Integer(compute="_compute_lot_ids")
    what = fields.Char("What Is on Hold", compute="_compute_what", compute_sudo=True)
    disposition_count = fields.Integer(compute="_compute_disposition_count")
    trace_ids = fields.One2many("mfg.quality.trace", "hold_id", readonly=True)
    trace_count = fields.Integer(compute="_compute_trace_count")
    qty_held = fields.Float(
        "Held",
        compute="_compute_quantities",
        store=True,
        digits="Product Unit of Measure",
    )
    qty_open = fields.Float(
        "Open",
        compute="_compute_quantities",
        store=True,
        digits="Product Unit of Measure",
    )
    value_open = fields.Monetary(compute="_compute_quantities", store=True)

    @api.depends("line_ids.qty_held", "line_ids.qty_open", "line_ids.value_open")
    def _compute_quantities(self):
        for hold in self:
            hold.qty_held = sum(hold.line_ids.mapped("qty_held"))
            hold.qty_open = sum(hold.line_ids.mapped("qty_open"))
            hold.value_open = sum(hold.line_ids.mapped("value_open"))

    @api.depends("line_ids.lot_id")
    def _compute_lot_ids(self):
        for hold in self:
            hold.lot_ids = hold.line_ids.lot_id
            hold.lot_count = len(hold.lot_ids)

    @api.depends("line_ids.scope", "line_ids.product_id")
    def _compute_what(self):
        """The first things on hold, short enough for a card."""
        for hold in self:
            names = []
            for line in hold.line_ids[:2]:
                product = line.product_id.display_name
                names.append(
                    f"{line.scope}, {product}"
                    if product and line.kind == "lot"
                    else line.scope
                )
            more = len(hold.line_ids) - len(names)
            if more > 0:
                names.append(_("and %(count)s more", count=more))
            hold.what = "; ".join(names)

    @api.depends("disposition_ids")
    def _compute_disposition_count(self):
        for hold in self:
            hold.disposition_count = len(hold.disposition_ids)

    @api.depends("inspection_ids")
    def _compute_inspection_count(self):
        for hold in self:
            hold.inspection_count = len(hold.inspection_ids)

    @api.depends("trace_ids")
    def _compute_trace_count(self):
        for hold in self:
            hold.trace_count = len(hold.trace_ids)

    @api.depends("deadline", "state")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for hold in self:
            hold.is_late = bool(
                hold.deadline and hold.deadline < now and hold.state in OPEN_STATES
            )

    @api.model
    def _group_expand_state(self, states, domain, order):
        """The columns of the kanban, in the order of the work."""
        return [state for state, _name in STATES if state in states]

    @api.model
    def _search_is_late(self, operator, value):
        if operator not in ("=", "!=") or not isinstance(value, bool):
            raise UserError(_("Late holds are searched by yes or no."))
        late = [
            ("deadline", "<", fields.Datetime.now()),
            ("state", "in", OPEN_STATES),
        ]
        return late if (operator == "=") == value else ["!", "&", *late]

    @api.depends("placed_on", "closed_on")
    def _compute_age_days(self):
        now = fields.Datetime.now()
        for hold in self:
            end = hold.closed_on or now
            hold.age_days = (end - hold.placed_on).days if hold.placed_on else 0

    @api.depends("placed_on", "closed_on")
    def _compute_age_bucket(self):
        for hold in self:
            age = hold.age_days
            begins = max(begin for begin in (0, 3, 8, 31) if begin <= max(0, age))
            hold.age_bucket = f"{begins:02}"

    @api.model_create_multi
    def create(self, vals_list):
        if not ledger(self.env.cr).in_transition:
            raise AccessError(
                _(
                    "Holds are placed with the action Place on Hold, which checks the scope."
                )
            )
        return super().create(vals_list)

    def write(self, vals):
        fixed = (PROTECTED | FACTS) & set(vals)
        if fixed and not ledger(self.env.cr).in_transition:
            raise AccessError(
                _(
                    "These fields of a hold change only through its actions: %(fields)s.",
                    fields=", ".join(sorted(fixed)),
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("A hold stays on record. Withdraw it instead."))

    def copy(self, default=None):
        if self:
            raise UserError(_("A hold cannot be duplicated; place a new one."))
        return super().copy(default)

    # -- actions -----------------------------------------------------------------------

    def action_propose_disposition(self):
        """Open a new disposition with everything that is still open."""
        self.ensure_one()
        if self.state not in OPEN_STATES:
            raise UserError(
                _(
                    "Hold %(hold)s is not open; there is nothing to decide.",
                    hold=self.name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": _("Disposition of %(hold)s", hold=self.name),
            "res_model": "mfg.quality.disposition",
            "view_mode": "form",
            "context": {
                "default_hold_id": self.id,
                "default_line_ids": [
                    Command.create({"hold_line_id": line.id, "quantity": line.qty_open})
                    for line in self.line_ids
                    if line.state == "active"
                ],
            },
        }

    def action_view_lots(self):
        """Show the lots of the hold."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "stock.action_production_lot_form"
        )
        return dict(action, domain=[("id", "in", self.lot_ids.ids)], context={})

    def action_trace(self):
        """Follow what was made of the held lots and show where it is."""
        self.ensure_one()
        if not self.lot_ids:
            raise UserError(
                _(
                    "Hold %(hold)s has no lots whose way could be followed.",
                    hold=self.name,
                )
            )
        trace = self.env["mfg.quality.trace"].create(
            {
                "company_id": self.company_id.id,
                "hold_id": self.id,
                "lot_ids": [Command.set(self.lot_ids.ids)],
            }
        )
        return trace.action_run()

    def action_view_dispositions(self):
        """Show the dispositions of the hold."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Dispositions"),
            "res_model": "mfg.quality.disposition",
            "view_mode": "tree,form",
            "domain": [("hold_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_inspect(self):
        """Begin an inspection of each lot or quantity that has none open, and show them.

        :raises UserError: nothing is left to inspect
        """
        self.ensure_one()
        busy = self.inspection_ids.filtered(lambda record: record.state == "open")
        lines = self.line_ids.filtered(
            lambda line: (
                line.state == "active"
                and line.product_id
                and (line.product_id, line.lot_id)
                not in [(record.product_id, record.lot_id) for record in busy]
            )
        )
        if not (lines or busy):
            raise UserError(
                _(
                    "Hold %(hold)s keeps no lot or quantity that could be inspected.",
                    hold=self.name,
                )
            )
        self._inspect(lines)
        return self.action_view_inspections()

    def action_view_inspections(self):
        """Show the inspections of the hold."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_inspection_action"
        )
        return dict(action, domain=[("hold_id", "=", self.id)], context={})

    def action_view_traces(self):
        """Show the runs that followed the held lots, the last one first."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_trace_action"
        )
        action.update(domain=[("hold_id", "=", self.id)], context={"create": False})
        if len(self.trace_ids) == 1:
            action.update(
                res_id=self.trace_ids.id, views=[(False, "form")], view_mode="form"
            )
        return action

    @api.model
    def _action_of_lines(self, lines):
        """The action that shows the holds of some hold lines; one hold as a form."""
        return self._action_of(lines.hold_id)

    @api.model
    def _action_of(self, holds):
        """The action that shows some holds; one of them as a form."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_hold_action"
        )
        action.update(domain=[("id", "in", holds.ids)], context={"create": False})
        if len(holds) == 1:
            action.update(res_id=holds.id, views=[(False, "form")], view_mode="form")
        return action

    # -- business ----------------------------------------------------------------------

    @api.model
    def place(self, records, reason_code, quantity=None, note=None, **values):
        """Place records on hold and return the hold, which is active at once.

        :param records: one recordset or a list of recordsets, in any mix: stock.lot,
            stock.quant, stock.quant.package, stock.location, stock.picking (receipts),
            mrp.production, mrp.workorder, product.product, res.partner (vendor). Products
            and vendors stand for what is in stock of them now and for what arrives while
            the hold is open.
        :param str reason_code: code of an open ``mfg.quality.hold.reason``
        :param float quantity: hold only that much of the one lot, quant or untracked
            product that is given, in the unit of the product; None holds all of it
        :param str note: what is suspected
        :param values: further fields of the hold, such as ``origin``, ``review_date`` or
            a ``severity`` above the one of the reason
        :return: the ``mfg.quality.hold``
        :raises UserError: nothing to hold, unknown or closed reason, more than there is
        :raises AccessError: the user may not place holds, or ``values`` claim who did
        """
        if not (self.env.su or self.env.user.has_group("mfg_quality_hold.group_place")):
            raise AccessError(
                _("Placing holds needs the right Quality Holds: Place on Hold.")
            )
        if PROTECTED & set(values):
            raise AccessError(_("Who placed a hold, and its state, are not chosen."))
        recordsets = records if isinstance(records, list | tuple) else [records]
        for recordset in recordsets:
            recordset.check_access_rights("read")
            recordset.check_access_rule("read")
        # People on the floor stop the line without rights on the tables behind it.
        scopes = self.sudo()._prepare_scopes(recordsets, quantity)
        hold = self.sudo()._place(scopes, reason_code, note, values)
        if quantity is None:
            hold.env["mfg.quality.hold.rule"]._for_future(hold, recordsets)
        return hold.with_env(self.env)

    def _place(self, scopes, reason_code, note, values):
        company = self._company_of(scopes, values)
        reason = self._open_reason(reason_code, company)
        self._check_severity(reason, values.get("severity"))
        now = fields.Datetime.now()
        with ledger(self.env.cr).transition():
            hold = self.with_company(company).create(
                {
                    "name": self.env["ir.sequence"]
                    .with_company(company)
                    .next_by_code("mfg.quality.hold"),
                    "company_id": company.id,
                    "reason_id": reason.id,
                    "severity": reason.severity,
                    "note": note,
                    "state": "on_hold",
                    "placed_by_id": self.env.uid,
                    "placed_on": now,
                    "responsible_id": self.env.uid,
                    "review_date": fields.Date.today()
                    + timedelta(days=reason.review_days),
                    "deadline": now + timedelta(hours=reason.sla_hours),
                    **values,
                }
            )
            hold._add_lines(scopes)
        hold._after_place()
        return hold

    def _add_lines(self, scopes):
        """Add scopes to the hold and activate them; returns the new lines."""
        self.ensure_one()
        return self.env["mfg.quality.hold.line"]._hold(
            [dict(scope, hold_id=self.id) for scope in scopes]
        )

    def _after_place(self):
        """Hook: the hold is active."""

    @api.model
    def _open_reason(self, code, company):
        reason = self.env["mfg.quality.hold.reason"].search(
            [("code", "=", code), ("company_id", "in", (False, company.id))],
            order="company_id",
            limit=1,
        )
        if not reason:
            raise UserError(
                _(
                    "There is no open hold reason %(code)s for %(company)s. Choose another "
                    "under Quality Holds > Configuration > Reasons.",
                    code=code,
                    company=company.name,
                )
            )
        return reason

    @api.model
    def _check_severity(self, reason, severity):
        """Refuse less than the reason says: signatures would be saved that way."""
        order = [value for value, _name in SEVERITIES]
        if severity and order.index(severity) < order.index(reason.severity):
            raise UserError(
                _(
                    "Reason %(reason)s is at least %(severity)s. Choose another reason for "
                    "something less severe.",
                    reason=reason.name,
                    severity=dict(SEVERITIES)[reason.severity].lower(),
                )
            )

    @api.model
    def _company_of(self, scopes, values):
        """The one company whose stock or orders the scopes are."""
        lines = self.env["mfg.quality.hold.line"]
        companies = self.env["res.company"]
        for scope in scopes:
            for field in ("production_id", "workorder_id", "picking_id", "lot_id"):
                if scope.get(field):
                    record = self.env[lines._fields[field].comodel_name]
                    companies |= record.browse(scope[field]).company_id
                    break
            else:
                location = self.env["stock.location"].browse(scope.get("location_id"))
                package = self.env["stock.quant.package"].browse(
                    scope.get("package_id")
                )
                companies |= location.company_id or package.company_id
        if "company_id" in values:
            companies |= self.env["res.company"].browse(values["company_id"])
        if len(companies) > 1:
            raise ValidationError(
                _(
                    "One hold concerns one company, not %(companies)s. Place a hold for each.",
                    companies=", ".join(companies.mapped("name")),
                )
            )
        return companies or self.env.company

    # -- what records stand for --------------------------------------------------------

    @api.model
    def _prepare_scopes(self, recordsets, quantity):
        """Values of hold lines for any mix of records."""
        total = sum(len(recordset) for recordset in recordsets)
        if not total:
            raise UserError(_("Choose what to place on hold."))
        if quantity is not None:
            if total != 1:
                raise UserError(
                    _("A quantity can be held of one lot, one quant or one product.")
                )
            return [self._prepare_quantity_scope(recordsets[0], quantity)]
        scopes = []
        for recordset in recordsets:
            prepare = self._scope_makers().get(recordset._name)
            if not prepare:
                raise UserError(
                    _(
                        "%(model)s cannot be placed on hold.",
                        model=recordset._description,
                    )
                )
            scopes += prepare(recordset)
        if not scopes:
            raise UserError(
                _("There is nothing in stock of what you chose, so nothing to hold.")
            )
        return scopes

    def _scope_makers(self):
        """{model: method that returns line values for its records}."""
        return {
            "stock.lot": self._scopes_of_lots,
            "stock.quant": self._scopes_of_quants,
            "stock.quant.package": self._scopes_of_packages,
            "stock.location": self._scopes_of_locations,
            "stock.picking": self._scopes_of_receipts,
            "mrp.production": self._scopes_of_productions,
            "mrp.workorder": self._scopes_of_workorders,
            "product.product": self._scopes_of_products,
            "res.partner": self._scopes_of_vendors,
        }

    def _on_hand(self, domain, groupby):
        """{record: quantity in our own stock} of the quants of a domain."""
        groups = self.env["stock.quant"]._read_group(
            [("location_id.usage", "in", STOCK_USAGES)] + domain,
            [groupby],
            ["quantity:sum"],
        )
        return dict(groups)

    def _average_cost(self, domain):
        """Cost per unit of the stock of a domain, whatever products it is of."""
        groups = self.env["stock.quant"]._read_group(
            [("location_id.usage", "in", STOCK_USAGES)] + domain,
            ["product_id", "company_id"],
            ["quantity:sum"],
        )
        total = sum(quantity for _product, _company, quantity in groups)
        value = sum(
            quantity * product.with_company(company).standard_price
            for product, company, quantity in groups
        )
        return value / total if total > 0 else 0

    def _scopes_of_lots(self, lots):
        on_hand = self._on_hand([("lot_id", "in", lots.ids)], "lot_id")
        return [
            {
                "kind": "lot",
                "lot_id": lot.id,
                "product_id": lot.product_id.id,
                "qty_held": max(0, on_hand.get(lot, 0)),
                "unit_value": lot.product_id.with_company(
                    lot.company_id
                ).standard_price,
            }
            for lot in lots
        ]

    def _scopes_of_packages(self, packages):
        on_hand = self._on_hand([("package_id", "in", packages.ids)], "package_id")
        return [
            {
                "kind": "package",
                "package_id": package.id,
                "qty_held": max(0, on_hand.get(package, 0)),
                "unit_value": self._average_cost([("package_id", "=", package.id)]),
            }
            for package in packages
        ]

    def _scopes_of_locations(self, locations):
        return [
            {
                "kind": "location",
                "location_id": location.id,
                "qty_held": max(
                    0,
                    sum(
                        self._on_hand(
                            [("location_id", "child_of", location.id)], "product_id"
                        ).values()
                    ),
                ),
                "unit_value": self._average_cost(
                    [("location_id", "child_of", location.id)]
                ),
            }
            for location in locations
        ]

    def _scopes_of_quants(self, quants):
        return [
            self._prepare_quantity_scope(quant, quant.quantity)
            for quant in quants
            if quant.quantity > 0
        ]

    def _scopes_of_receipts(self, pickings):
        scopes = []
        for picking in pickings:
            if picking.state == "cancel":
                raise UserError(
                    _("Transfer %(name)s is cancelled.", name=picking.display_name)
                )
            if picking.state != "done":
                # Receive, then hold: what arrives with it is held as it arrives.
                scopes.append(
                    {"kind": "picking", "picking_id": picking.id, "qty_held": 0}
                )
                continue
            scopes += self._scopes_of_received(picking.move_line_ids)
        return scopes

    def _scopes_of_received(self, move_lines):
        """Lots, and quantities without a lot, that some done lines brought."""
        lots = move_lines.lot_id
        scopes = self._scopes_of_lots(lots)
        for line in move_lines - move_lines.filtered("lot_id"):
            if line.product_id.type != "product" or not line.quantity:
                continue
            domain = [
                ("product_id", "=", line.product_id.id),
                ("lot_id", "=", False),
                ("location_id", "child_of", line.location_dest_id.id),
                ("package_id", "=", line.result_package_id.id),
                ("owner_id", "=", line.owner_id.id),
            ]
            quant = self.env["stock.quant"].search(
                domain + [("quantity", ">", 0)], limit=1
            )
            quantity = min(line.quantity_product_uom, quant.quantity)
            if quantity > 0:
                scope = self._prepare_quantity_scope(quant, quantity)
                # Nothing else tells later from which receipt it came.
                scopes.append(dict(scope, picking_id=line.picking_id.id))
        return scopes

    def _scopes_of_productions(self, productions):
        done = productions.filtered(lambda order: order.state == "done")
        scopes = [
            {
                "kind": "production",
                "production_id": order.id,
                "product_id": order.product_id.id,
                "qty_held": order.product_uom_id._compute_quantity(
                    order.product_qty, order.product_id.uom_id
                ),
                "unit_value": order.product_id.with_company(
                    order.company_id
                ).standard_price,
            }
            for order in productions - done
        ]
        if done:
            finished = done.move_finished_ids.filtered(
                lambda move: move.state == "done"
            )
            scopes += self._scopes_of_received(finished.move_line_ids)
        return scopes

    def _scopes_of_workorders(self, workorders):
        return [
            {
                "kind": "workorder",
                "workorder_id": workorder.id,
                "production_id": workorder.production_id.id,
                "product_id": workorder.product_id.id,
                "qty_held": workorder.qty_remaining,
                "unit_value": workorder.product_id.with_company(
                    workorder.company_id
                ).standard_price,
            }
            for workorder in workorders
        ]

    def _scopes_of_products(self, products):
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", products.ids),
                ("location_id.usage", "in", STOCK_USAGES),
                ("company_id", "=", self.env.company.id),
                ("quantity", ">", 0),
            ]
        )
        untracked = quants.filtered(lambda quant: not quant.lot_id)
        return self._scopes_of_lots(quants.lot_id) + self._scopes_of_quants(untracked)

    def _scopes_of_vendors(self, partners):
        lines = self.env["stock.move.line"].search(
            [
                ("state", "=", "done"),
                (
                    "picking_id.partner_id",
                    "child_of",
                    partners.commercial_partner_id.ids,
                ),
                *self.env["stock.location"]._quality_from_vendors(self.env.company),
                ("company_id", "=", self.env.company.id),
            ]
        )
        with_stock = lines.lot_id.filtered(lambda lot: lot.product_qty > 0)
        return self._scopes_of_lots(with_stock) + self._scopes_of_received(
            lines.filtered(lambda line: not line.lot_id)
        )

    def _prepare_quantity_scope(self, record, quantity):
        """Line values that hold a quantity of one lot, quant or untracked product."""
        if record._name not in ("stock.lot", "stock.quant", "product.product"):
            raise UserError(
                _("A quantity can be held of one lot, one quant or one product.")
            )
        scope = {"kind": "quantity", "qty_held": quantity}
        if record._name == "stock.lot":
            product, company = record.product_id, record.company_id
            domain = [("lot_id", "=", record.id)]
            scope["lot_id"] = record.id
        elif record._name == "stock.quant":
            product, company = record.product_id, record.company_id
            domain = [
                ("product_id", "=", product.id),
                ("location_id", "=", record.location_id.id),
                ("lot_id", "=", record.lot_id.id),
                ("package_id", "=", record.package_id.id),
                ("owner_id", "=", record.owner_id.id),
            ]
            scope.update(
                lot_id=record.lot_id.id,
                location_id=record.location_id.id,
                package_id=record.package_id.id,
                owner_id=record.owner_id.id,
            )
        else:
            product, company = record, self.env.company
            domain = [
                ("product_id", "=", record.id),
                ("lot_id", "=", False),
                ("company_id", "=", company.id),
            ]
        scope["product_id"] = product.id
        scope["unit_value"] = product.with_company(company).standard_price
        on_hand = sum(self._on_hand(domain, "product_id").values())
        others = self.env["mfg.quality.hold.line"]._partial_lines(product)
        others = others.filtered(
            lambda line: all(
                line[field].id == (scope.get(field) or False)
                for field in ("lot_id", "location_id", "package_id", "owner_id")
            )
        )
        already = sum(others.mapped("qty_open"))
        rounding = product.uom_id.rounding
        if float_compare(quantity, 0, precision_rounding=rounding) <= 0:
            raise UserError(
                _(
                    "The quantity to hold of %(what)s must be above zero.",
                    what=product.name,
                )
            )
        if float_compare(quantity, on_hand - already, precision_rounding=rounding) > 0:
            raise UserError(
                _(
                    "%(quantity)s %(unit)s of %(what)s cannot be held: there are "
                    "%(on_hand)s, of which %(already)s are on hold already%(holds)s. Hold "
                    "less, or the whole lot.",
                    quantity=quantity,
                    unit=product.uom_id.name,
                    what=record.display_name,
                    on_hand=on_hand,
                    already=already,
                    holds="".join(f" ({hold._title()})" for hold in others.hold_id),
                )
            )
        return scope

    # -- state -------------------------------------------------------------------------

    def _refresh_state(self):
        """Bring the state in line with lines and dispositions."""
        for hold in self:
            state = hold._state_of_facts()
            if state != hold.state:
                values = {"state": state}
                ended = state in ("closed", "cancelled")
                values["closed_on"] = fields.Datetime.now() if ended else False
                with ledger(self.env.cr).transition():
                    hold.write(values)
                if ended:
                    hold.future_rule_ids.active = False

    def _state_of_facts(self):
        self.ensure_one()
        dispositions = self.disposition_ids
        if self.line_ids and all(line.state == "closed" for line in self.line_ids):
            done = dispositions.filtered(lambda record: record.state == "done")
            withdrawn = done and all(record.kind == "withdraw" for record in done)
            return "cancelled" if withdrawn else "closed"
        by_state = set(dispositions.mapped("state"))
        for disposition_state, state in (
            ("executing", "executing"),
            ("approved", "executing"),
            ("proposed", "approval"),
            ("draft", "disposition"),
        ):
            if disposition_state in by_state:
                return state
        if any(record.state == "open" for record in self.inspection_ids):
            return "inspection"
        if "done" in by_state:
            return "partly_released"
        return "on_hold"

    def _inspectors(self):
        """Users who inspected what the hold keeps; they do not approve."""
        # Whoever approves: every inspection counts, also those of other companies' users.
        return self.sudo().inspection_ids._inspectors()

    def _inspect(self, lines, document=None, plan=None):
        """Begin one inspection per hold line of a lot or of a quantity.

        :param lines: ``mfg.quality.hold.line`` of this hold
        :param document: the ``stock.picking`` or ``mrp.production`` they arrived with
        :param plan: the plan; by default the one that fits each product best
        """
        self.ensure_one()
        Plan = self.env["mfg.quality.inspection.plan"]
        picking = production = None
        if document and document._name == "stock.picking":
            picking = document
        elif document:
            production = document
        vendor = picking.partner_id if picking else None
        operation = document.picking_type_id if document else None
        return self.env["mfg.quality.inspection"].create(
            [
                {
                    "company_id": self.company_id.id,
                    "hold_id": self.id,
                    "plan_id": (
                        plan
                        or Plan._for(
                            line.product_id, self.company_id, vendor, operation
                        )
                    ).id,
                    "product_id": line.product_id.id,
                    "lot_id": line.lot_id.id,
                    "quantity": line.qty_open,
                    "picking_id": picking.id if picking else False,
                    "production_id": production.id if production else False,
                    "vendor_id": vendor.id if vendor else False,
                }
                for line in lines
                if line.product_id
            ]
        )

    def _hold_again(self, order):
        """Hold what a rework order yielded, until somebody decides about that."""
        self.ensure_one()
        finished = order.move_finished_ids.filtered(lambda move: move.state == "done")
        scopes = []
        for line in finished.move_line_ids:
            quant = self.env["stock.quant"]._gather(
                line.product_id,
                line.location_dest_id,
                line.lot_id,
                line.result_package_id,
                line.owner_id,
                strict=True,
            )[:1]
            if quant and not quant.is_on_hold:
                scopes.append(
                    self._prepare_quantity_scope(quant, line.quantity_product_uom)
                )
        if scopes:
            self._add_lines(scopes)
            self._refresh_state()

    def _title(self):
        """Number, reason and responsible person, for people with quality rights."""
        self.ensure_one()
        return _(
            "%(hold)s, %(reason)s, responsible: %(responsible)s",
            hold=self.name,
            reason=self.reason_id.name,
            responsible=self.responsible_id.name,
        )

    def _may_be_shown(self):
        """Tell whether the user may know why something is on hold."""
        user = self.env.user
        # Which companies the holds belong to decides that, so it is read for everybody.
        return (
            user.has_group("mfg_quality_hold.group_place")
            and self.sudo().company_id <= user.company_ids
        )

    def _refusal(self, message):
        """The error of a guard that these holds stand behind.

        :param str message: what is refused and what to do instead
        :return: the exception to raise; the web client offers to open the holds, where
            the user may see them
        """
        if not (self and self._may_be_shown()):
            return UserError(message)
        action = {
            "type": "ir.actions.act_window",
            "name": _("Quality Holds"),
            "res_model": self._name,
            "views": [[False, "list"], [False, "form"]],
            "domain": [["id", "in", self.ids]],
            "target": "current",
        }
        if len(self) == 1:
            action.update(res_id=self.id, views=[[False, "form"]])
        return HoldRefusal(message, action, _("Open the Hold"))

    def _count_tag_print(self):
        """Note in the chatter that the tag was printed, and for which time."""
        for hold in self:
            with ledger(self.env.cr).transition():
                hold.write({"tag_print_count": hold.tag_print_count + 1})
            if hold.tag_print_count == 1:
                body = _("Hold tag printed.")
            else:
                body = _(
                    "Hold tag printed again, copy %(count)s.",
                    count=hold.tag_print_count,
                )
            hold.message_post(body=body)

    def _alert(self, summary, note):
        """Tell the responsible person once; an open activity of that name is enough."""
        for hold in self:
            if summary in hold.activity_ids.mapped("summary"):
                continue
            hold.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=(hold.responsible_id or hold.placed_by_id).id,
                summary=summary,
                note=note,
            )

    @api.model
    def _escalate_late(self):
        """Remind of holds whose decision is late, once per level. Releases nothing.

        The first level, at the deadline, goes to the responsible person; each further
        period of the reason's decision time raises the level, which goes to whom the
        reason names.
        """
        now = fields.Datetime.now()
        for hold in self.search([("is_late", "=", True)]):
            period = timedelta(hours=max(1, hold.reason_id.sla_hours))
            level = min(MAX_LEVEL, 1 + (now - hold.deadline) // period)
            if level <= hold.escalation_level:
                continue
            with ledger(self.env.cr).transition():
                hold.escalation_level = level
            responsible = hold.responsible_id or hold.placed_by_id
            hold.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=(
                    (level > 1 and hold.reason_id.escalate_to_id) or responsible
                ).id,
                summary=_("Decision is late (level %(level)s)", level=level),
                note=_(
                    "%(hold)s was due for a decision by %(deadline)s.",
                    hold=hold.name,
                    deadline=hold.deadline,
                ),
            )

    @api.model
    def _refresh_age(self):
        """Bring the age of open holds up to date, by which they are grouped."""
        holds = self.search([("state", "in", OPEN_STATES)])
        self.env.add_to_compute(self._fields["age_bucket"], holds)
        holds.flush_recordset(["age_bucket"])
