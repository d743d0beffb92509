from odoo import _, api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import float_round

from ..exceptions import PriceMissing

METHODS = [
    ("cost", "Cost"),
    ("cost_percent", "Cost plus %"),
    ("cost_amount", "Cost plus Amount"),
    ("market", "Market Price minus %"),
    ("fixed", "Fixed Price"),
    ("bom", "Roll-up of the Bill of Materials plus %"),
]


class MfgIcPriceRule(models.Model):
    """How a price between two companies comes about, from when until when.

    Belongs to the seller: who knows the rule and the price knows the cost.
    """

    _name = "mfg.ic.price.rule"
    _description = "Transfer Price Rule"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "agreement_id, applied_on, min_quantity desc, date_from desc, id desc"
    _decision_content = (
        "agreement_id",
        "applied_on",
        "product_id",
        "categ_id",
        "method",
        "percent",
        "amount",
        "currency_id",
        "rounding",
        "min_price",
        "max_price",
        "min_quantity",
        "date_from",
        "date_to",
    )

    agreement_id = fields.Many2one(
        "mfg.ic.agreement", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="agreement_id.seller_company_id",
        store=True,
        precompute=True,
        index=True,
    )
    version = fields.Integer(readonly=True, copy=False)
    applied_on = fields.Selection(
        [("0_product", "Product"), ("1_category", "Category"), ("2_all", "All Items")],
        "Holds for",
        required=True,
        default="2_all",
    )
    product_id = fields.Many2one("product.product", index=True, ondelete="restrict")
    categ_id = fields.Many2one(
        "product.category", "Category", index=True, ondelete="restrict"
    )
    method = fields.Selection(
        METHODS, required=True, default="cost_percent", tracking=True
    )
    percent = fields.Float(
        "%",
        digits=(16, 4),
        tracking=True,
        help="On top of the cost, or off the market price.",
    )
    amount = fields.Monetary(
        tracking=True, help="On top of the cost, or the price, per unit of the product."
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Of amount, rounding and band.",
    )
    rounding = fields.Float(
        digits=(16, 6),
        help="The price is rounded to a multiple of it; 0 does not round.",
    )
    min_price = fields.Monetary("At Least", help="0: no lower end.")
    max_price = fields.Monetary("At Most", help="0: no upper end.")
    min_quantity = fields.Float(
        "From Quantity",
        digits="Product Unit of Measure",
        default=0,  # no null, which would come first
        help="In units of the product.",
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: fields.Date.context_today(self),
        tracking=True,
    )
    date_to = fields.Date("Until", tracking=True, help="Last day; empty: open.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("retired", "Retired"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )

    _sql_constraints = [
        (
            "amounts_positive",
            "CHECK (rounding >= 0 AND min_price >= 0 AND max_price >= 0 "
            "AND min_quantity >= 0)",
            "Rounding, At Least, At Most and From Quantity must not be below zero.",
        ),
        (
            "band",
            "CHECK (max_price = 0 OR min_price <= max_price)",
            "At Least is above At Most.",
        ),
    ]

    @api.depends("agreement_id")
    def _compute_currency_id(self):
        for rule in self:
            seller = rule.agreement_id.seller_company_id
            rule.currency_id = seller.sudo().currency_id  # no secret

    @api.depends("method", "percent", "amount", "product_id", "categ_id", "applied_on")
    def _compute_display_name(self):
        methods = dict(self._fields["method"]._description_selection(self.env))
        everything = dict(self._fields["applied_on"]._description_selection(self.env))
        for rule in self:
            what = rule.product_id or rule.categ_id
            where = what.display_name or everything.get(rule.applied_on)
            rule.display_name = f"{where}: {methods.get(rule.method)}"

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for rule in self:
            if rule.date_to and rule.date_to < rule.date_from:
                raise ValidationError(
                    _("Until (%(date)s) is before From.", date=rule.date_to)
                )

    @api.constrains("applied_on", "product_id", "categ_id")
    def _check_complete(self):
        for rule in self:
            if rule.applied_on == "0_product" and not rule.product_id:
                raise ValidationError(_("Product: say which one the rule holds for."))
            if rule.applied_on == "1_category" and not rule.categ_id:
                raise ValidationError(_("Category: say which one the rule holds for."))

    # -- life cycle --------------------------------------------------------------------

    def action_request(self):
        """Ask for approval."""
        self._check_state("draft")
        self._set_requested()

    def action_approve(self):
        """Let the rules count, as somebody other than their authors.

        :raises AccessError: the user wrote or requested one, or may not decide
        """
        self._check_decision("requested")
        for rule in self:
            last = rule._same_key()[:1]
            # Approvers write nothing but the decision, which the checks allowed.
            approved = rule.sudo()
            approved._transit(version=last.version + 1)
            approved._set_decided("approved")
            # The rule before ends where this one begins, its prices stay explained.
            last.filtered(
                lambda other, rule=rule: (
                    other.state == "approved"
                    and not other.date_to
                    and other.date_from < rule.date_from
                )
            )._transit(date_to=fields.Date.subtract(rule.date_from, days=1))

    def action_reject(self):
        """Decline requested rules."""
        self._check_decision("requested")
        self.sudo()._set_decided("rejected")  # as in action_approve

    def action_retire(self):
        """Let today be the last day of the rules."""
        self._check_state("approved")
        self.check_access_rights("write")
        self.check_access_rule("write")
        today = fields.Date.context_today(self)
        for rule in self:
            rule._transit(state="retired", date_to=max(today, rule.date_from))

    def _deciders(self):
        return self._approvers_in(self.agreement_id.seller_company_id)

    def _check_decision(self, state):
        self._check_state(state)
        self.check_access_rights("read")
        self.check_access_rule("read")
        self._check_second_person()
        if not self.env.user.has_group("mfg_multi_company.group_approve"):
            raise AccessError(
                _("Deciding on prices needs the right Group Approval: Approve.")
            )

    def _same_key(self):
        """Rules for the same thing, the newest version first, with superuser rights."""
        self.ensure_one()
        # Versions are counted over all rules of the agreement.
        return self.sudo().search(
            [
                ("id", "!=", self.id),
                ("version", ">", 0),
                ("agreement_id", "=", self.agreement_id.id),
                ("applied_on", "=", self.applied_on),
                ("product_id", "=", self.product_id.id),
                ("categ_id", "=", self.categ_id.id),
                ("min_quantity", "=", self.min_quantity),
            ],
            order="version desc",
        )

    # -- calculation -------------------------------------------------------------------

    @api.model
    def _prices(self, agreement, items, date=None, currency=None):
        """Prices of several items, see ``mfg.ic.agreement._mfg_ic_price``.

        :param items: [(product, qty, uom)]
        :return: [(price, currency, trace)]
        :raises PriceMissing: no rule in force for one of the items
        """
        date = date or fields.Date.context_today(self)
        seller = agreement.seller_company_id
        # The price is the same whoever asks: cost, rules and rates are read as the
        # seller's, whatever the rights and the context of the user.
        env = self.env(
            su=True, context={"allowed_company_ids": seller.ids, "lang": "en_US"}
        )
        agreement = agreement.with_env(env)
        currency = (currency or agreement.currency_id).with_env(env)
        rules = env["mfg.ic.price.rule"].search(
            [
                ("agreement_id", "=", agreement.id),
                ("state", "in", ("approved", "retired")),
                *env["mfg.plant"]._valid_on(date),
            ]
        )
        found = []
        for product, qty, uom in items:
            product = product.with_env(env)
            uom = (uom or product.uom_id).with_env(env)
            amount = uom._compute_quantity(qty, product.uom_id, round=False)
            rule = rules.filtered(
                lambda rule, product=product, amount=amount: rule._covers(
                    product, amount
                )
            )[:1]
            if not rule:
                raise PriceMissing(
                    _(
                        "%(product)s has no approved price in %(agreement)s on %(date)s. "
                        "The seller's finance adds a rule under Intercompany ▸ Transfer "
                        "Prices, and a second person approves it.",
                        product=product.display_name,
                        agreement=agreement.name,
                        date=date,
                    )
                )
            found.append(rule._price(product, qty, uom, date, currency))
        return found

    def _covers(self, product, quantity):
        """Tell whether the rule is about a product in such a quantity."""
        if quantity < self.min_quantity:
            return False
        if self.applied_on == "0_product":
            return self.product_id == product
        if self.applied_on == "1_category":
            path = product.categ_id.parent_path or ""
            return path.startswith(self.categ_id.parent_path or "/")
        return True

    def _price(self, product, qty, uom, date, currency):
        """(price, currency, trace) of one item by this rule."""
        self.ensure_one()
        seller = self.company_id
        basis, basis_currency = self._basis(product)
        price = basis_currency._convert(
            basis, self.currency_id, seller, date, round=False
        )
        cost = price if self.method != "market" else None
        if self.method in ("cost_percent", "bom"):
            price *= 1 + self.percent / 100
        elif self.method == "cost_amount":
            price += self.amount
        elif self.method == "market":
            price *= 1 - self.percent / 100
        if self.rounding:
            price = float_round(price, precision_rounding=self.rounding)
        price = max(price, self.min_price)
        if self.max_price:
            price = min(price, self.max_price)
        digits = self.env["decimal.precision"].precision_get("Product Price")
        rate = self.env["res.currency"]._get_conversion_rate(
            self.currency_id, currency, seller, date
        )
        in_uom = product.uom_id._compute_price(price, uom)
        final = float_round(in_uom * rate, precision_digits=digits)
        cost = (
            product.standard_price if cost is None or self.method == "fixed" else cost
        )
        trace = {
            "agreement_id": self.agreement_id.id,
            "company_id": seller.id,
            "buyer_company_id": self.agreement_id.buyer_company_id.id,
            "rule_id": self.id,
            "rule_version": self.version,
            "method": self.method,
            "product_id": product.id,
            "quantity": qty,
            "uom_id": uom.id,
            "price_date": date,
            "basis": basis,
            "basis_currency_id": basis_currency.id,
            "rate": rate,
            "rate_date": date,
            "price": final,
            "currency_id": currency.id,
            "margin_percent": 100 * (price - cost) / price if price else 0,
            "public": _(
                "%(agreement)s, version %(version)s of the price, of %(date)s",
                agreement=self.agreement_id.name,
                version=self.version,
                date=date,
            ),
        }
        return final, self.env["res.currency"].browse(currency.id), trace

    def _basis(self, product):
        """(amount per unit of the product, currency) that the price starts from."""
        seller = self.company_id
        if self.method == "fixed":
            return self.amount, self.currency_id
        if self.method == "market":
            return product.lst_price, product.currency_id
        if self.method == "bom":
            bom = self.env["mrp.bom"]._bom_find(product, company_id=seller.id)[product]
            if not bom:
                raise PriceMissing(
                    _(
                        "%(product)s has no bill of materials at the seller, which its "
                        "price starts from.",
                        product=product.display_name,
                    )
                )
            return product._compute_bom_price(bom), seller.currency_id
        return product.standard_price, seller.currency_id
