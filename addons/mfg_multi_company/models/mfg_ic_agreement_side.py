from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..exceptions import IntercompanyRefusal
from .mfg_ic_agreement import OTHER_SIDE, SIDES


class MfgIcAgreementSide(models.Model):
    """What one company settles for itself: who answers, who books, and where."""

    _name = "mfg.ic.agreement.side"
    _description = "Side of an Intercompany Agreement"
    _inherit = ["mail.thread"]
    _order = "agreement_id, side desc"
    _rec_name = "company_id"
    _check_company_auto = True

    agreement_id = fields.Many2one(
        "mfg.ic.agreement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    side = fields.Selection(SIDES, required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    counterpart_id = fields.Many2one(
        "res.company",
        "Other Company",
        compute="_compute_counterpart_id",
        compute_sudo=True,
    )
    owner_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        tracking=True,
        help="Who is asked when something of this side does not fit.",
    )
    service_user_id = fields.Many2one(
        "res.users",
        domain="[('company_ids', 'in', company_id)]",
        tracking=True,
        help="Writes the documents of this side that follow from the other one's, with "
        "the rights of this user and in this company only.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', '=', side == 'seller' and 'sale' or 'purchase')]",
        tracking=True,
        help="Of bills that follow from invoices; on the seller's side of invoices that "
        "follow from orders.",
    )
    difference_account_id = fields.Many2one(
        "account.account",
        "Account for Differences",
        check_company=True,
        domain="[('deprecated', '=', False)]",
        tracking=True,
        help="For what the totals of both sides differ by, up to the tolerance.",
    )
    default_account_id = fields.Many2one(
        "account.account",
        "Account without Item",
        check_company=True,
        domain="[('deprecated', '=', False)]",
        tracking=True,
        help="For lines without a product, such as freight, whose account at the seller "
        "is not mapped.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        check_company=True,
        tracking=True,
        help="Empty: the one that Odoo finds for the other company.",
    )
    account_map_ids = fields.One2many(
        "mfg.ic.account.map", "side_id", "Accounts of Lines without Item"
    )
    state = fields.Selection(related="agreement_id.state", string="Agreement State")

    _sql_constraints = [
        (
            "side_uniq",
            "unique(agreement_id, side)",
            "An agreement has one row for each side.",
        ),
    ]

    @api.depends("agreement_id", "side")
    def _compute_counterpart_id(self):
        for row in self:
            row.counterpart_id = row.agreement_id._company_of(
                OTHER_SIDE.get(row.side, "seller")
            )

    @api.depends("side", "company_id")
    def _compute_display_name(self):
        labels = dict(self._fields["side"]._description_selection(self.env))
        for row in self:
            # Companies that deal with each other know each other's names.
            row.display_name = f"{labels.get(row.side)}: {row.company_id.sudo().name}"

    def _service_env(self):
        """Environment of the service user, in this company only.

        :raises IntercompanyRefusal: nobody is named, or that user may not work here
        """
        self.ensure_one()
        # Who sets it off does not read the settings of the other side.
        row = self.sudo()
        user = row.service_user_id
        if not user or not user.active or row.company_id not in user.company_ids:
            raise IntercompanyRefusal(
                _(
                    "The agreement %(agreement)s names no active Service User of "
                    "%(company)s. Its owner chooses one on the side of the company.",
                    agreement=row.agreement_id.name,
                    company=row.company_id.name,
                ),
                kind="access",
            )
        context = {
            "allowed_company_ids": row.company_id.ids,
            "lang": user.lang,
            "tz": user.tz,
        }
        return self.env(user=user.id, su=False, context=context)

    @api.model
    def _prepare_defaults(self, agreement, side, company):
        """Values of a new row: what is usual in the company.

        Extended by modules that add settings of a side.
        """
        last = self.search(
            [("company_id", "=", company.id), ("service_user_id", "!=", False)],
            order="id desc",
            limit=1,
        )
        plant = self.env["mfg.plant"]._plant_of(company)
        here = self.env.user
        owner = plant.sudo().responsible_id or last.owner_id  # guides whoever prepares
        if not owner and company in here.company_ids and not here._is_superuser():
            owner = here
        journal = self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(company),
                ("type", "=", "sale" if side == "seller" else "purchase"),
            ],
            limit=1,
        )
        return {
            "agreement_id": agreement.id,
            "side": side,
            "company_id": company.id,
            "owner_id": owner.id,
            "service_user_id": last.service_user_id.id,
            "journal_id": journal.id,
            "difference_account_id": (
                company.default_cash_difference_expense_account_id.id
            ),
            "default_account_id": journal.default_account_id.id,
        }

    def _account_for(self, account):
        """The account for a line without item that the seller booked on an account.

        :raises IntercompanyRefusal: none is mapped
        """
        self.ensure_one()
        code = account.code or ""
        matches = self.account_map_ids.filtered(
            lambda row: code.startswith(row.seller_code)
        )
        best = matches.sorted(lambda row: len(row.seller_code))[-1:]
        found = best.account_id or self.default_account_id
        if not found:
            raise IntercompanyRefusal(
                _(
                    "%(company)s has no account for lines that %(code)s stands for. Its "
                    "owner maps it on the side of the agreement, and repeats.",
                    company=self.company_id.name,
                    code=code,
                ),
                kind="mapping",
            )
        return found

    def _missing(self):
        """Sentences about what has to be completed.

        Extended by modules that add settings of a side.
        """
        self.ensure_one()
        wanted = ["owner_id", "service_user_id"]
        if self.agreement_id.mirror_invoices:
            wanted.append("journal_id")
            if self.side == "buyer":
                wanted += ["difference_account_id", "default_account_id"]
        return [
            _(
                "%(company)s: fill in %(field)s on the side of the company.",
                company=self.company_id.name,
                field=self._fields[name]._description_string(self.env),
            )
            for name in wanted
            if not self[name]
        ] + [
            _(
                "%(company)s: %(user)s needs an e-mail address, which messages on "
                "documents are signed with.",
                company=self.company_id.name,
                user=user.name,
            )
            for user in self.service_user_id
            if not user.email
        ]

    @api.constrains("owner_id", "service_user_id", "company_id")
    def _check_people(self):
        for row in self:
            for name in ("owner_id", "service_user_id"):
                # People of the own company, wherever else they work.
                user = row[name].sudo()
                if user and row.company_id not in user.company_ids:
                    raise ValidationError(
                        _(
                            "%(field)s: %(user)s does not work in %(company)s. Choose "
                            "somebody who does.",
                            field=row._fields[name]._description_string(self.env),
                            user=user.name,
                            company=row.company_id.name,
                        )
                    )
            owner = row.owner_id.sudo()  # as above
            if owner and not owner.has_group("mfg_multi_company.group_user"):
                raise ValidationError(
                    _(
                        "Owner: %(user)s has no right to see exceptions. Give the right "
                        "Plants and Companies: User.",
                        user=owner.name,
                    )
                )
