import json

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.osv import expression

from ..engine.ledger import ledger
from ..engine.values import from_text, to_json
from .mfg_plant_domain import DOMAINS


class MfgChangeRequest(models.Model):
    """Somebody asks for other values of governed fields; somebody else decides."""

    _name = "mfg.change.request"
    _description = "Change Request"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _asked_state = "submitted"
    _decision_fields = (
        "state",
        "requested_by_id",
        "requested_on",
        "decided_by_id",
        "decided_on",
        "steward_id",
    )
    _decision_content = (
        "kind",
        "res_model",
        "res_id",
        "company_id",
        "line_ids",
        "valid_until",
        "reason_code",
        "reason",
    )

    name = fields.Char(required=True, readonly=True, copy=False, default="/")
    kind = fields.Selection(
        [("change", "Change for All"), ("override", "Deviation of One Company")],
        required=True,
        default="change",
        tracking=True,
    )
    res_model = fields.Char("Model", required=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True)
    record_name = fields.Char("Of", compute="_compute_record_name", store=True)
    domain = fields.Selection(DOMAINS, compute="_compute_domain", store=True)
    company_id = fields.Many2one(
        "res.company",
        "Asked by Company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    valid_until = fields.Date(
        help="Last day of a deviation; the value of the group returns then."
    )
    reason_code = fields.Selection(
        [
            ("correction", "Correction"),
            ("regulatory", "Regulatory"),
            ("product", "Product"),
            ("operational", "Operational"),
        ],
        required=True,
        default="correction",
        tracking=True,
    )
    reason = fields.Text()
    line_ids = fields.One2many("mfg.change.request.line", "request_id")
    impact_ids = fields.One2many(
        "mfg.change.request.impact", "request_id", readonly=True
    )
    steward_id = fields.Many2one(
        "res.users", readonly=True, copy=False, index=True, tracking=True
    )
    conflict_note = fields.Text(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "Submitted"),
            ("applied", "Applied"),
            ("rejected", "Rejected"),
            ("conflict", "Conflict"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        for request in self:
            record = request._target()
            request.record_name = record.display_name if record else False

    @api.depends("res_model", "line_ids.field_id")
    def _compute_domain(self):
        for request in self:
            request.domain = request.line_ids._policy_lines()[:1].policy_id.domain

    @api.constrains("res_model", "res_id")
    def _check_target(self):
        for request in self:
            record = request._target()
            if record is None or not record.exists():
                raise ValidationError(_("The record to change does not exist."))
            # Who asks must be able to see what the request is about.
            record = self.env[record._name].browse(record.id)
            record.check_access_rights("read")
            record.check_access_rule("read")

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [
            {
                **vals,
                "name": self.env["ir.sequence"].next_by_code("mfg.change.request"),
            }
            for vals in vals_list
        ]
        return super().create(vals_list)

    def _target(self):
        """The record, in the company that asks, beyond the rights of the user."""
        self.ensure_one()
        if not self.res_id or self.res_model not in self.env:
            return None
        record = self.env[self.res_model].browse(self.res_id)
        if not self._origin:
            # One that is still being typed shows nobody more than the record would.
            record = record.with_env(self.env(su=False))
            record.check_access_rights("read")
            record.check_access_rule("read")
        # Stewards decide on records that they may not open themselves.
        record = record.sudo()
        return record.with_context(allowed_company_ids=self.company_id.ids)

    # -- actions -----------------------------------------------------------------------

    @api.model
    def action_request(self, record):
        """Open the form of a new request about a record.

        :raises UserError: no data policy names the kind of record
        """
        if record._name not in self.env["mfg.data.policy"]._governed():
            raise UserError(
                _(
                    "No data policy is in force for %(kind)s: change it directly.",
                    kind=record._description,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": _("Request a Change"),
            "res_model": self._name,
            "view_mode": "form",
            "context": {
                "default_res_model": record._name,
                "default_res_id": record.id,
            },
        }

    def action_submit(self):
        """Put the request to the steward, with what it would touch.

        :raises UserError: a value is no value of its field, or no policy governs it
        """
        self._check_state("draft")
        for request in self:
            request._check_complete()
            request._list_impact()
            steward = self.env["mfg.plant.domain"]._steward(request.domain)
            request._transit(steward_id=steward.id)
            request._set_requested()

    def _deciders(self):
        return self.steward_id

    def _check_complete(self):
        if not self.line_ids:
            raise UserError(_("Add at least one field under Changes."))
        if self.kind == "override":
            if not self.valid_until:
                raise UserError(_("Fill in Valid Until: a deviation ends some day."))
            if self.valid_until < fields.Date.context_today(self):
                raise UserError(_("Valid Until is over already."))
        if not self.reason and self.reason_code != "correction":
            raise UserError(_("Say in Reason why the change is needed."))
        record = self._target()
        for line in self.line_ids:
            if not line._policy_lines():
                raise UserError(
                    _(
                        "No data policy governs %(field)s: change it directly.",
                        field=line.field_id.field_description,
                    )
                )
            if self.kind == "override":
                line._check_deviation(record)
            from_text(record, line.field_id.name, line.value_wanted)

    def action_approve(self):
        """Apply the request, as the steward or a person with the approver role.

        A value that has changed since the request was made is not overwritten: the
        request becomes a conflict.

        :raises AccessError: the user asked for it, or does not decide on this data
        """
        for request in self:
            request._check_decision()
            stale = request._stale_lines()
            if stale:
                # Decided all the same: the requester has to look again.
                request.sudo()._set_decided("conflict")
                request.sudo().conflict_note = "\n".join(
                    _(
                        "%(field)s was “%(seen)s” and is “%(now)s” by now.",
                        field=line.field_id.field_description,
                        seen=line.seen_text,
                        now=line.current,
                    )
                    for line in stale
                )
            else:
                request._apply()
                request.sudo()._set_decided("applied")  # the decision was allowed above

    def action_reject(self):
        """Decline the request."""
        for request in self:
            request._check_decision()
            request.sudo()._set_decided("rejected")  # the decision was allowed above

    def action_cancel(self):
        """Withdraw a request that is not decided."""
        self._check_state("draft", "submitted")
        self._transit(state="cancelled")

    def _check_decision(self):
        self._check_state("submitted")
        self.check_access_rights("read")
        self.check_access_rule("read")
        self._check_second_person()
        user = self.env.user
        if user in self.env["mfg.plant.domain"]._steward(self.domain):
            return
        roles = self.line_ids._policy_lines().approver_role_id
        plants = self.env["mfg.plant"]
        plant = plants._plant_of(self.company_id)
        if (
            self.kind == "override"
            and len(roles) == 1
            and user._mfg_has_role(roles.code, plant)
        ):
            return
        raise AccessError(
            _(
                "Only the steward of the group for this data (%(steward)s) decides on "
                "%(request)s.",
                steward=self.steward_id.name or _("nobody yet"),
                request=self.name,
            )
        )

    def _stale_lines(self):
        """Lines whose field has another value than the requester saw."""
        record = self._target()
        # Two decisions on the same record wait for each other.
        self.env.cr.execute(
            f'SELECT id FROM "{record._table}" WHERE id = %s FOR UPDATE', [record.id]
        )
        record.invalidate_recordset()
        return self.line_ids.filtered(
            lambda line: to_json(record, line.field_id.name) != line.value_seen["value"]
        )

    def _apply(self):
        record = self._target()
        with ledger(self.env.cr).applying_decision():
            for line in self.line_ids:
                name = line.field_id.name
                value = from_text(record, name, line.value_wanted)
                target = record
                guard = line._guard()
                inherits = (
                    record._fields[name].company_dependent
                    and line._policy_lines().mode == "inherited"
                )
                if self.kind == "change" and inherits:
                    target = record.with_context(
                        allowed_company_ids=[guard.reference_id]
                    )
                target.write({name: value})
                if self.kind == "override":
                    line._note_override()
                elif inherits:
                    policy = target.env["mfg.data.policy"]
                    policy._pass_on(target, [name], [guard])

    # -- impact ------------------------------------------------------------------------

    def _list_impact(self):
        """Note how many documents of the group use what would change."""
        self.ensure_one()
        # Numbers of all companies, for the steward alone: whoever asks may neither read
        # nor remove them.
        self.sudo().impact_ids.unlink()
        record = self._target()
        rows = []
        for label, model, domain in self._impact_domains(record):
            # Stewards see how much is concerned, not what it is.
            found = self.env[model].sudo().search_count(domain)
            if found:
                rows.append(
                    {
                        "request_id": self.id,
                        "name": label,
                        "res_model": model,
                        "domain": json.dumps(domain),
                        "count": found,
                    }
                )
        # Comes from the request, not from its author.
        self.env["mfg.change.request.impact"].sudo().create(rows)

    def _impact_domains(self, record):
        """(label, model, domain) of what uses a record. Other modules add to it."""
        same = [
            ("res_model", "=", self.res_model),
            ("res_id", "=", self.res_id),
            ("state", "=", "submitted"),
            ("id", "!=", self.id),
        ]
        found = [(_("Other open change requests"), self._name, same)]
        products = boms = None
        if record._name == "product.template":
            products = record.with_context(active_test=False).product_variant_ids
        elif record._name == "product.product":
            products = record
        elif record._name == "mrp.bom":
            boms = record
        elif record._name == "res.partner":
            found += [
                (
                    _("Open transfers"),
                    "stock.picking",
                    [
                        ("partner_id", "=", record.id),
                        ("state", "not in", ("done", "cancel")),
                    ],
                ),
                (
                    _("Draft invoices and bills"),
                    "account.move",
                    [("partner_id", "=", record.id), ("state", "=", "draft")],
                ),
            ]
        if products:
            lines = [("bom_line_ids.product_id", "in", products.ids)]
            own = [("product_tmpl_id", "in", products.product_tmpl_id.ids)]
            found += [
                (_("Bills of materials"), "mrp.bom", expression.OR([lines, own])),
                (
                    _("Open stock moves"),
                    "stock.move",
                    [
                        ("product_id", "in", products.ids),
                        ("state", "not in", ("done", "cancel")),
                    ],
                ),
            ]
        if products or boms:
            users = (
                [("product_id", "in", products.ids)]
                if products
                else [("bom_id", "in", boms.ids)]
            )
            found.append(
                (
                    _("Open manufacturing orders"),
                    "mrp.production",
                    [*users, ("state", "not in", ("done", "cancel"))],
                )
            )
        return found
