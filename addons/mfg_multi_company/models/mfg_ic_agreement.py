import logging

import psycopg2

from odoo import _, api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError

from ..exceptions import (
    AgreementMissing,
    IntercompanyRefusal,
    ItemNotMapped,
    UnitNotMapped,
)

_logger = logging.getLogger(__name__)

SIDES = [("seller", "Seller"), ("buyer", "Buyer")]
# What both sides approve; modules that add to it extend the tuple.
CONTENT = (
    "seller_company_id",
    "buyer_company_id",
    "date_from",
    "date_to",
    "currency_id",
    "strict",
    "mirror_invoices",
    "bill_validation",
    "tax_policy",
    "tolerance_total",
    "sla_days",
)
# Modules that write the same documents on the other side; with both, they come twice.
OTHER_MIRRORS = (
    "account_invoice_inter_company",
    "purchase_sale_inter_company",
    "purchase_sale_stock_inter_company",
    "stock_intercompany",
)
# Expired ones tell that a pair once dealt, and cover what was dated before their end.
RELIED_ON = ("approved", "active", "expired")
OTHER_SIDE = {"seller": "buyer", "buyer": "seller"}


class MfgIcAgreement(models.Model):
    """What one company of the group sells to another one, and how both books follow."""

    _name = "mfg.ic.agreement"
    _description = "Intercompany Agreement"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "seller_company_id, buyer_company_id, date_from desc"
    _asked_state = "proposed"
    _decision_content = CONTENT

    name = fields.Char(
        required=True, copy=False, readonly=True, default=lambda self: _("New")
    )
    active = fields.Boolean(default=True)
    seller_company_id = fields.Many2one(
        "res.company",
        "Seller",
        required=True,
        index=True,
        tracking=True,
        help="Companies that are switched on at the top right can be chosen.",
    )
    buyer_company_id = fields.Many2one(
        "res.company",
        "Buyer",
        required=True,
        index=True,
        tracking=True,
        default=lambda self: self.env.company,
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: fields.Date.context_today(self),
        tracking=True,
    )
    date_to = fields.Date(
        "Until", tracking=True, help="Last day of the agreement; empty: open."
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        tracking=True,
        help="Documents of both sides are in this currency. Amounts in another one are "
        "converted at the seller's rate of the day.",
    )
    strict = fields.Boolean(
        "Both or None",
        tracking=True,
        help="If the other side cannot follow, the first document is refused. Otherwise it "
        "stays valid and an exception asks both owners to put things right.",
    )
    mirror_invoices = fields.Boolean(
        "Invoices Become Bills", default=True, tracking=True
    )
    bill_validation = fields.Selection(
        [("draft", "Leave as Draft"), ("post", "Post")],
        "Bills",
        required=True,
        default="post",
        tracking=True,
    )
    tax_policy = fields.Selection(
        [
            ("buyer", "Taxes of the Buyer"),
            ("total", "Taxes of the Buyer, Total of the Seller"),
        ],
        "Taxes on Bills",
        required=True,
        default="total",
        tracking=True,
        help="Total of the Seller: what the taxes of both sides differ by, up to the "
        "tolerance, is booked on a line of its own, so that both books show one amount.",
    )
    tolerance_total = fields.Monetary(
        "Tolerance",
        default=0.05,
        tracking=True,
        help="Difference of the totals, in the currency of the agreement, that is booked "
        "without asking. Above it the bill stays a draft and its owner decides.",
    )
    sla_days = fields.Integer(
        "Days to Resolve",
        default=3,
        help="When an exception should be resolved, counted from the day it came up.",
    )
    side_ids = fields.One2many(
        "mfg.ic.agreement.side",
        "agreement_id",
        "Sides",
        help="Each company sees and completes its own side.",
    )
    price_rule_ids = fields.One2many("mfg.ic.price.rule", "agreement_id", "Prices")
    flow_count = fields.Integer(compute="_compute_counts")
    exception_count = fields.Integer("Open Exceptions", compute="_compute_counts")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("active", "In Force"),
            ("expired", "Expired"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    seller_approved_by_id = fields.Many2one(
        "res.users", "Approved for the Seller", readonly=True, copy=False
    )
    buyer_approved_by_id = fields.Many2one(
        "res.users", "Approved for the Buyer", readonly=True, copy=False
    )
    missing = fields.Text(
        compute="_compute_missing",
        compute_sudo=True,
        help="What has to be completed before both sides can approve.",
    )
    note = fields.Text()

    _decision_fields = (
        "state",
        "requested_by_id",
        "requested_on",
        "decided_by_id",
        "decided_on",
        "seller_approved_by_id",
        "buyer_approved_by_id",
    )

    _sql_constraints = [
        (
            "two_companies",
            "CHECK (seller_company_id <> buyer_company_id)",
            "Seller and Buyer are the same company. An agreement needs two.",
        ),
        (
            "tolerance_positive",
            "CHECK (tolerance_total >= 0)",
            "Tolerance must not be below zero.",
        ),
    ]

    def init(self):
        # Two activations at the same moment: the second one meets this.
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_ic_agreement_open_pair_uniq
                ON mfg_ic_agreement (seller_company_id, buyer_company_id)
             WHERE state IN ('approved', 'active') AND date_to IS NULL
            """
        )

    @api.depends("seller_company_id")
    def _compute_currency_id(self):
        for agreement in self:
            # The currency of a company is no secret to its partner.
            agreement.currency_id = agreement.seller_company_id.sudo().currency_id

    def _compute_counts(self):
        flows = dict(
            self.env["mfg.ic.flow"]._read_group(
                [("agreement_id", "in", self.ids)], ["agreement_id"], ["__count"]
            )
        )
        exceptions = dict(
            self.env["mfg.ic.exception"]._read_group(
                [("agreement_id", "in", self.ids), ("state", "=", "open")],
                ["agreement_id"],
                ["__count"],
            )
        )
        for agreement in self:
            agreement.flow_count = flows.get(agreement, 0)
            agreement.exception_count = exceptions.get(agreement, 0)

    @api.depends("side_ids.owner_id", "side_ids.service_user_id", "side_ids.journal_id")
    def _compute_missing(self):
        for agreement in self:
            agreement.missing = "\n".join(
                text for row in agreement.side_ids for text in row._missing()
            )

    @api.constrains("date_from", "date_to", "seller_company_id", "buyer_company_id")
    def _check_period(self):
        for agreement in self:
            if agreement.date_to and agreement.date_to < agreement.date_from:
                raise ValidationError(
                    _("Until (%(date)s) is before From.", date=agreement.date_to)
                )
            rival = agreement._rivals()[:1]
            if rival:
                raise ValidationError(
                    _(
                        "%(other)s covers the same companies from %(first)s until "
                        "%(last)s. Let it end before this one begins.",
                        other=rival.name,
                        first=rival.date_from,
                        last=rival.date_to or _("further notice"),
                    )
                )

    @api.constrains("seller_company_id", "buyer_company_id")
    def _check_companies(self):
        for agreement in self:
            pair = agreement.seller_company_id | agreement.buyer_company_id
            if not self.env.su and not pair & self.env.companies:
                raise ValidationError(
                    _("Seller or Buyer must be one of the companies you work in.")
                )
            # Whose branch a company is, is no secret to its partner.
            if len(pair.sudo().root_id) < 2:
                raise ValidationError(
                    _(
                        "%(seller)s and %(buyer)s are one legal entity, which does not "
                        "invoice itself. Choose companies of two entities.",
                        seller=agreement.seller_company_id.sudo().name,  # as above
                        buyer=agreement.buyer_company_id.sudo().name,  # as above
                    )
                )

    def _rivals(self):
        """Agreements of the same pair that others rely on, on some of the same days."""
        self.ensure_one()
        if self.state in ("expired", "rejected"):
            return self.browse()
        rivals = self.search(
            [
                ("id", "!=", self.id),
                ("seller_company_id", "=", self.seller_company_id.id),
                ("buyer_company_id", "=", self.buyer_company_id.id),
                ("state", "in", ("proposed", *RELIED_ON)),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", self.date_from),
            ]
        )
        if self.date_to:
            rivals = rivals.filtered(lambda other: other.date_from <= self.date_to)
        return rivals

    @api.model_create_multi
    def create(self, vals_list):
        sequence = self.env["ir.sequence"]
        agreements = super().create(
            [
                # Companies and shared names are no secret between the two.
                {**vals, "name": sequence.sudo().next_by_code("mfg.ic.agreement")}
                for vals in vals_list
            ]
        )
        agreements._complete_sides()
        # Rows of the other side were made past the rules; they are not the user's to see.
        agreements.invalidate_recordset(["side_ids"])
        return agreements

    def write(self, vals):
        res = super().write(vals)
        if {"seller_company_id", "buyer_company_id"} & set(vals):
            self._complete_sides()
        if {"state", "active", "date_from", "date_to"} & set(vals):
            self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def _complete_sides(self):
        """Give each agreement a row for either company, with guided defaults."""
        # The other company's side is prepared for it; its people complete it.
        sides = self.env["mfg.ic.agreement.side"].sudo()
        for agreement in self:
            for side, _label in SIDES:
                company = agreement._company_of(side)
                # Rows of the other side, too.
                row = agreement.sudo().side_ids.filtered(
                    lambda row, side=side: row.side == side
                )
                if row and row.company_id == company:
                    continue
                row.unlink()
                sides.create(sides._prepare_defaults(agreement, side, company))

    # -- life cycle --------------------------------------------------------------------

    def action_propose(self):
        """Ask both sides for their approval.

        :raises ValidationError: something is missing, said in words
        """
        self._check_state("draft")
        for agreement in self:
            if agreement.missing:
                raise ValidationError(agreement.missing)
        self._check_no_other_mirror()
        self._set_requested()

    def action_approve(self):
        """Approve for the company the user works in, as a second person of that side.

        Once both sides have approved, the agreement is in force from its first day.

        :raises AccessError: the user prepared it, approved the other side, or may not
        """
        self._check_decision()
        self._check_no_other_mirror()
        for agreement in self:
            if agreement.missing:
                raise ValidationError(agreement.missing)
            side = agreement._side_to_approve()
            other = agreement[f"{OTHER_SIDE[side]}_approved_by_id"]
            if other == self.env.user:
                raise AccessError(
                    _("You approved the other side. This one takes another person.")
                )
            # Approvers write nothing but the decision, which the checks allowed.
            approved = agreement.sudo()
            approved._transit(**{f"{side}_approved_by_id": self.env.uid})
            if other:
                approved._set_decided("approved")
                approved._follow_dates()
            else:
                approved.activity_ids.unlink()
                approved._ask_deciders()  # of the other side

    def action_reject(self):
        """Decline; it can be drafted anew."""
        self._check_decision()
        self.sudo()._set_decided("rejected")  # as in action_approve

    def action_draft(self):
        """Back to the desk; whatever was approved has to be approved again."""
        self._check_state("proposed", "rejected")
        self._transit(
            state="draft", seller_approved_by_id=False, buyer_approved_by_id=False
        )

    def action_end(self):
        """Let today be the last day.

        Documents of earlier days still follow it, so that what is under way comes to
        its end.
        """
        self._check_state("approved", "active")
        self.check_access_rights("write")
        self.check_access_rule("write")
        today = fields.Date.context_today(self)
        for agreement in self:
            if agreement.date_from > today:
                agreement._transit(state="rejected")  # nothing relied on it
            else:
                agreement._transit(date_to=today)

    def action_view_flows(self):
        """Open the flows of the agreement."""
        return self._action_of("mfg_multi_company.mfg_ic_flow_action")

    def action_view_exceptions(self):
        """Open the exceptions of the agreement, open ones first."""
        return self._action_of("mfg_multi_company.mfg_ic_exception_action")

    def _action_of(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": [("agreement_id", "=", self.id)]}

    def _deciders(self):
        """Approvers of the sides that wait; nobody approves both."""
        waiting = [side for side in OTHER_SIDE if not self[f"{side}_approved_by_id"]]
        companies = self.env["res.company"].union(
            *(self[f"{side}_company_id"] for side in waiting)
        )
        approved = self.seller_approved_by_id | self.buyer_approved_by_id
        return self._approvers_in(companies) - approved

    def _check_decision(self):
        self._check_state("proposed")
        self.check_access_rights("read")
        self.check_access_rule("read")
        self._check_second_person()
        if not self.env.user.has_group("mfg_multi_company.group_approve"):
            raise AccessError(
                _("Deciding on agreements needs the right Group Approval: Approve.")
            )

    @api.model
    @tools.ormcache()
    def _other_mirrors(self):
        """Names of installed modules that write the same documents on the other side."""
        # Which modules are there is nothing that users may read.
        modules = self.env["ir.module.module"].sudo()
        return modules.search(
            [
                ("name", "in", OTHER_MIRRORS),
                ("state", "in", ("installed", "to upgrade")),
            ]
        ).mapped("name")

    @api.model
    def _check_no_other_mirror(self):
        """:raises IntercompanyRefusal: documents would come into being twice"""
        others = self._other_mirrors()
        if others:
            raise IntercompanyRefusal(
                _(
                    "%(modules)s is installed and writes the other side's documents, too: "
                    "they would come into being twice. Uninstall it, or do without "
                    "agreements.",
                    modules=", ".join(others),
                ),
                kind="duplicate",
            )

    def _side_to_approve(self):
        """The side that the user may speak for and that waits for an approval.

        :raises UserError: no side is left for the user
        """
        self.ensure_one()
        companies = self.env.company | self.env.companies
        for company in companies:
            side = self._side_of(company)
            if side and not self[f"{side}_approved_by_id"]:
                return side
        raise UserError(
            _("%(agreement)s waits for the other company.", agreement=self.name)
        )

    def _follow_dates(self):
        """Bring the state into line with the calendar."""
        today = fields.Date.context_today(self)
        for agreement in self:
            if agreement.date_to and agreement.date_to < today:
                agreement._transit(state="expired")
            elif agreement.state == "approved" and agreement.date_from <= today:
                agreement._transit(state="active")

    @api.model
    def _cron_follow_dates(self):
        """Bring agreements into force on their first day and end them after the last."""
        self.search([("state", "in", ("approved", "active"))])._follow_dates()

    # -- look-up -----------------------------------------------------------------------

    @api.model
    @tools.ormcache()
    def _company_by_partner(self):
        """{partner id: company id} of the companies that have dealings in the group.

        Documents of others leave after one look into it; it is empty without agreements.
        """
        # Whoever posts a document need not see agreements.
        agreements = self.sudo().search([("state", "in", RELIED_ON)])
        companies = agreements.seller_company_id | agreements.buyer_company_id
        return {company.partner_id.id: company.id for company in companies}

    @api.model
    def _mfg_ic_company(self, partner):
        """The company of the group that a partner, or a contact of it, stands for.

        :param partner: ``res.partner``, may be empty
        :return: ``res.company``; empty for everybody outside of the group
        """
        known = self._company_by_partner()
        if not known:
            return self.env["res.company"]
        # One field of a record that the document shows anyway.
        partner = partner.sudo().commercial_partner_id
        return self.env["res.company"].browse(known.get(partner.id, ()))

    @api.model
    @tools.ormcache()
    def _pairs(self):
        """{(seller id, buyer id): ((agreement id, first day, last day or False), …)}."""
        found = {}
        # As above.
        for row in self.sudo().search([("state", "in", RELIED_ON)]):
            pair = (row.seller_company_id.id, row.buyer_company_id.id)
            found.setdefault(pair, []).append((row.id, row.date_from, row.date_to))
        return found

    @api.model
    def _mfg_ic_lookup(self, seller, buyer, date=None):
        """The agreement that covers a day.

        :param seller, buyer: ``res.company``
        :param date: today by default
        :return: ``mfg.ic.agreement`` with superuser rights, empty if there is none
        """
        date = date or fields.Date.context_today(self)
        for found, first, last in self._pairs().get((seller.id, buyer.id), ()):
            if first <= date and (not last or date <= last):
                # Documents of both sides follow it, whoever writes them.
                return self.sudo().browse(found)
        return self.sudo().browse()

    @api.model
    def _mfg_ic_require(self, seller, buyer, date=None):
        """As ``_mfg_ic_lookup``.

        :raises AgreementMissing: no agreement in force covers the day
        """
        agreement = self._mfg_ic_lookup(seller, buyer, date)
        if not agreement:
            raise AgreementMissing(
                _(
                    "No agreement in force covers sales of %(seller)s to %(buyer)s on "
                    "%(date)s. Prepare one under Intercompany ▸ Agreements and have both "
                    "sides approve it.",
                    seller=seller.sudo().name,  # partners know each other's names
                    buyer=buyer.sudo().name,
                    date=date or fields.Date.context_today(self),
                )
            )
        return agreement

    def _company_of(self, side):
        """The company that is seller or buyer."""
        return self[f"{side}_company_id"]

    def _side_of(self, company):
        """``"seller"``, ``"buyer"`` or None for a company."""
        self.ensure_one()
        return next(
            (side for side, _label in SIDES if self._company_of(side) == company), None
        )

    def _side(self, side):
        """The row of one side."""
        self.ensure_one()
        # What is done for the other side follows its settings, whoever sets it off.
        return self.sudo().side_ids.filtered(lambda row: row.side == side)

    # -- what has a price --------------------------------------------------------------

    def _mfg_ic_price(self, product, qty, uom=None, date=None, currency=None):
        """What an item costs, by the approved rules; the same whoever asks.

        :param product: ``product.product`` of the seller
        :param float qty: in ``uom``; decides on quantity breaks
        :param uom: ``uom.uom``; the price is per one of it; unit of the product by default
        :param date: day of the rule and of the rate; today by default
        :param currency: of the price; that of the agreement by default
        :return: (price, ``res.currency``, trace); the trace is a dictionary for
            ``mfg.ic.price.log``, of which ``trace["public"]`` alone may be shown to the
            buyer
        :raises PriceMissing: no rule in force
        """
        self.ensure_one()
        return self._mfg_ic_prices([(product, qty, uom)], date, currency)[0]

    def _mfg_ic_prices(self, items, date=None, currency=None):
        """As ``_mfg_ic_price`` for several ``(product, qty, uom)``, in one go."""
        self.ensure_one()
        return self.env["mfg.ic.price.rule"]._prices(self, items, date, currency)

    # -- the other side ----------------------------------------------------------------

    def _service_env(self, side):
        """Environment of the service user of a side, in the company of that side only.

        Nothing of the caller's context comes along.

        :raises IntercompanyRefusal: nobody is named
        """
        return self._side(side)._service_env()

    def _mfg_ic_carry_over(self, side, document, step, work, flow=None):
        """Do for one side what follows from a document of the other.

        What fails there takes back nothing here: it becomes an exception with an owner on
        either side. What succeeds closes the exception that an earlier try left behind.

        :param str side: for whom
        :param document: one record of the side where it began
        :param str step: what ``document._mfg_ic_retry(step)`` does again after a repair
        :param work: function of (environment of the service user); what it writes is
            taken back if it raises
        :param flow: ``mfg.ic.flow``, if there is one already
        :return: what ``work`` returned, or None if it failed
        :raises Exception: what ``work`` raised, if the agreement is strict; always what
            calls for a repetition of the whole transaction
        """
        self.ensure_one()
        exceptions = self.env["mfg.ic.exception"]
        try:
            self._check_no_other_mirror()
            with self.env.cr.savepoint():
                result = work(self._service_env(side))
        except psycopg2.OperationalError:
            raise  # serialization and locks: Odoo repeats the transaction
        except Exception as error:
            if self.strict:
                raise
            kind, expected, actual = self._describe_failure(error)
            exceptions._raise(
                kind,
                str(error),
                agreement=self,
                flow=flow,
                document=document,
                step=step,
                expected=expected,
                actual=actual,
            )
            return None
        exceptions._settle(document, step)
        return result

    @api.model
    def _describe_failure(self, error):
        """(kind, expected, actual) of an exception that came up on the other side."""
        if isinstance(error, IntercompanyRefusal):
            return error.kind, error.expected, error.actual
        if isinstance(error, (ItemNotMapped, UnitNotMapped)):
            return "mapping", "", ""
        if isinstance(error, AccessError):
            return "access", "", ""
        if not isinstance(error, UserError):
            _logger.exception("The other side of an intercompany document failed")
        return "error", "", ""
