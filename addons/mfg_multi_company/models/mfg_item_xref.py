from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..exceptions import ItemNotMapped, UnitNotMapped

CODE_TYPES = [
    ("local", "Local Code"),
    ("engineering", "Engineering Code"),
    ("customer", "Customer's Code"),
    ("vendor", "Vendor's Code"),
]
OUTSIDE = ("customer", "vendor")


class MfgItemXref(models.Model):
    """What others call an item of the group, in which unit, from when until when."""

    _name = "mfg.item.xref"
    _description = "Item Cross-Reference"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "product_id, code_type, company_id, date_from desc"
    _rec_name = "code"
    _asked_state = _first_state = "proposed"
    _open_states = ("proposed",)
    _decision_content = (
        "product_id",
        "code_type",
        "code",
        "company_id",
        "partner_id",
        "local_product_id",
        "uom_id",
        "factor",
        "date_from",
        "date_to",
    )

    product_id = fields.Many2one(
        "product.product",
        "Item of the Group",
        required=True,
        index=True,
        ondelete="restrict",
    )
    code_type = fields.Selection(CODE_TYPES, required=True, default="local")
    code = fields.Char(required=True, index="trigram")
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Who uses the code; codes of customers and vendors may hold in all companies.",
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer or Vendor", help="Whose code it is."
    )
    local_product_id = fields.Many2one(
        "product.product",
        "Product There",
        index=True,
        ondelete="restrict",
        domain="[('company_id', 'in', (company_id, False))]",
        help="The product that the company works with; empty: the item of the group.",
    )
    uom_id = fields.Many2one(
        "uom.uom", "Unit There", help="Empty: the units of the item of the group."
    )
    factor = fields.Float(
        "Contains",
        default=1,
        digits=(16, 6),
        help="How many units of the item of the group one unit there contains.",
    )
    group_uom_id = fields.Many2one(related="product_id.uom_id", string="Group Unit")
    revision = fields.Char()
    date_from = fields.Date(
        "From", required=True, default=lambda self: fields.Date.context_today(self)
    )
    date_to = fields.Date("Until", help="Last day of the code; empty: open.")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("retired", "Retired"),
        ],
        required=True,
        default="proposed",
        readonly=True,
        copy=False,
        tracking=True,
    )

    _sql_constraints = [
        (
            "factor_positive",
            "CHECK (factor > 0)",
            "Contains must be above zero.",
        ),
    ]

    def init(self):
        # Two approvals at the same moment: the second one meets these.
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_item_xref_open_code_uniq
                ON mfg_item_xref (code_type, code, coalesce(company_id, 0),
                                  coalesce(partner_id, 0))
             WHERE state = 'approved' AND date_to IS NULL;
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_item_xref_open_product_uniq
                ON mfg_item_xref (product_id, company_id)
             WHERE state = 'approved' AND date_to IS NULL AND code_type = 'local'
            """
        )

    @api.depends("code", "product_id")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.code} → {row.product_id.display_name}"

    @api.constrains("code_type", "company_id", "partner_id", "date_from", "date_to")
    def _check_complete(self):
        for row in self:
            if row.code_type in OUTSIDE and not row.partner_id:
                raise ValidationError(
                    _("Customer or Vendor: say whose code %(code)s is.", code=row.code)
                )
            if row.code_type not in OUTSIDE and not row.company_id:
                raise ValidationError(
                    _("Company: say who calls the item %(code)s.", code=row.code)
                )
            if row.date_to and row.date_to < row.date_from:
                raise ValidationError(
                    _("Until (%(date)s) is before From.", date=row.date_to)
                )

    @api.constrains("company_id", "product_id", "local_product_id")
    def _check_products(self):
        for row in self:
            # Read past the rules: a product of another company is refused, not shown.
            local = row.local_product_id.sudo()
            if local.company_id and local.company_id != row.company_id:
                raise ValidationError(
                    _("Product There belongs to another company. Choose one of yours.")
                )
            if row.product_id.sudo().company_id:  # as above
                raise ValidationError(
                    _(
                        "Item of the Group: choose a product without a company, which all "
                        "share."
                    )
                )

    def _check_unambiguous(self):
        """:raises ValidationError: approved, the code or its item would mean two things"""
        rivals = self._rivals()
        if rivals:
            raise ValidationError(
                _(
                    "%(code)s is approved already as %(other)s in that period. Retire it "
                    "first.",
                    code=self.code,
                    other=rivals[0].display_name,
                )
            )

    def _rivals(self):
        """Approved codes that would make this one, or its item, mean two things."""
        self.ensure_one()
        # Rows of other companies count where the code holds for all.
        rows = self.sudo().search(
            [
                ("state", "=", "approved"),
                ("id", "!=", self.id),
                ("code_type", "=", self.code_type),
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "in", (self.company_id.id, False)),
                "|",
                ("code", "=", self.code),
                ("product_id", "=", self.product_id.id),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", self.date_from),
            ]
        )
        if self.date_to:
            rows = rows.filtered(lambda other: other.date_from <= self.date_to)
        return rows.filtered(
            lambda other: (
                other.code == self.code
                or (self.code_type == "local" and other.company_id == self.company_id)
            )
        )

    # -- actions -----------------------------------------------------------------------

    def action_approve(self):
        """Let the codes count, as the steward of items or a second approver.

        :raises AccessError: the user proposed one, or may not decide
        :raises ValidationError: a code would mean two things
        """
        self._check_decision("proposed")
        for row in self:
            row._check_unambiguous()
            row.sudo()._set_decided("approved")  # stewards write nothing else of it

    def action_reject(self):
        """Decline proposed codes."""
        self._check_decision("proposed")
        self.sudo()._set_decided("rejected")  # as above

    def action_retire(self):
        """End codes today."""
        self._check_decision("approved")
        yesterday = fields.Date.subtract(fields.Date.context_today(self), days=1)
        for row in self.sudo():  # as above
            row._transit(state="retired", date_to=max(yesterday, row.date_from))

    def _check_decision(self, state):
        self._check_state(state)
        self.check_access_rights("read")
        self.check_access_rule("read")
        user = self.env.user
        if state == "proposed":
            self._check_second_person()
        stewards = self.env["mfg.plant.domain"]._steward("item")
        for company in self.company_id:
            plant = self.env["mfg.plant"]._plant_of(company)
            stewards |= self.env["mfg.plant.domain"]._steward("item", plant)
        if user not in stewards and not user.has_group(
            "mfg_multi_company.group_approve"
        ):
            raise AccessError(
                _(
                    "Deciding on codes is for the steward of items (%(steward)s) or the "
                    "right Group Approval: Approve.",
                    steward=", ".join(stewards.sudo().mapped("name"))  # whom to ask
                    or _("nobody yet"),
                )
            )

    # -- look-up -----------------------------------------------------------------------

    @api.model
    def _valid(self, date=None):
        """Domain of the codes that count on a day."""
        date = date or fields.Date.context_today(self)
        return [
            ("state", "=", "approved"),
            *self.env["mfg.plant"]._valid_on(date),
        ]

    @api.model
    def _find_product(self, code, company, code_type="local", partner=None, date=None):
        """The product that a company works with for a code.

        :param str code: as the other side wrote it
        :param company: one ``res.company``
        :param str code_type: a key of ``CODE_TYPES``
        :param partner: whose code it is, for codes of customers and vendors
        :param date: day on which it must count; today by default
        :return: one ``product.product``
        :raises ItemNotMapped: no approved code, or several
        """
        # Documents come from sides that may not read the table.
        rows = self.sudo().search(
            [
                *self._valid(date),
                ("code", "=", (code or "").strip()),
                ("code_type", "=", code_type),
                ("company_id", "in", (company.id, False)),
                ("partner_id", "=", partner.commercial_partner_id.id)
                if partner
                else ("partner_id", "=", False),
            ]
        )
        products = self.env["product.product"]
        for row in rows:
            products |= row.local_product_id or row._local_of(company, date)
        if len(products) != 1:
            raise ItemNotMapped(
                _(
                    "%(type)s %(code)s: %(count)s approved items in %(company)s. Add it "
                    "under Data ▸ Item Codes and let a second person approve it.",
                    type=dict(
                        self._fields["code_type"]._description_selection(self.env)
                    )[code_type],
                    code=code,
                    count=len(products),
                    company=company.name,
                )
            )
        return products

    def _local_of(self, company, date=None):
        """The product of a company for the item of this code."""
        row = self._local_rows(self.product_id, company, date)[self.product_id.id]
        return row.local_product_id or self.product_id

    @api.model
    def _codes_of(self, products, company, date=None):
        """{product id: approved local codes that mean it in a company}, with superuser
        rights."""
        codes = self._local_codes(
            company,
            date,
            [
                "|",
                ("local_product_id", "in", products.ids),
                "&",
                ("local_product_id", "=", False),
                ("product_id", "in", products.ids),
            ],
        )
        found = defaultdict(codes.browse)
        for code in codes:
            found[(code.local_product_id or code.product_id).id] |= code
        return found

    @api.model
    def _local_rows(self, products, company, date=None):
        """{product id: approved local code of this item in a company, empty if there is
        none}, with superuser rights."""
        domain = [("product_id", "in", products.ids)]
        codes = self._local_codes(company, date, domain)
        found = defaultdict(codes.browse)
        for code in codes:
            found[code.product_id.id] = found[code.product_id.id] or code
        return found

    @api.model
    def _local_codes(self, company, date, domain):
        """Approved local codes of a company, with superuser rights."""
        # Both sides of a flow translate, each sees its own codes alone.
        return self.sudo().search(
            [
                *self._valid(date),
                ("code_type", "=", "local"),
                ("company_id", "=", company.id),
                *domain,
            ]
        )

    def _to_group(self, quantity, uom):
        """(unit, quantity) of the group for a quantity there."""
        if not self.uom_id:
            return uom, quantity
        if uom.category_id != self.uom_id.category_id:
            raise self._unit_error(uom)
        there = uom._compute_quantity(quantity, self.uom_id, round=False)
        return self.product_id.uom_id, there * self.factor

    def _from_group(self, quantity, uom):
        """(unit, quantity) there for a quantity of the group."""
        if not self.uom_id:
            return uom, quantity
        group = self.product_id.uom_id
        if uom.category_id != group.category_id:
            raise self._unit_error(uom)
        in_group = uom._compute_quantity(quantity, group, round=False)
        return self.uom_id, in_group / self.factor

    def _unit_error(self, uom):
        return UnitNotMapped(
            _(
                "%(uom)s cannot be converted for %(code)s. Fill in Unit There and Contains "
                "of the item code.",
                uom=uom.name,
                code=self.display_name,
            )
        )
