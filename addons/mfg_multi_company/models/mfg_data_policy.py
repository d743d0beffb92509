from collections import namedtuple

from odoo import SUPERUSER_ID, _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools.safe_eval import safe_eval

from ..engine.ledger import ledger
from .mfg_plant_domain import DOMAINS

# One policy, ready for the hot path.
Compiled = namedtuple(
    "Compiled",
    "id company_ids date_from date_to via filter filter_fields creation modes "
    "reference_id",
)


class PolicyRefusal(UserError):
    """A write that a data policy leaves to somebody else."""


class MfgDataPolicy(models.Model):
    """Who may change which fields of a model: the group, the plant, or both in turn."""

    _name = "mfg.data.policy"
    _description = "Data Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(
        default=10, help="For a field the first policy that fits decides."
    )
    active = fields.Boolean(default=True, tracking=True)
    domain = fields.Selection(
        DOMAINS,
        "Data Domain",
        required=True,
        default="item",
        help="Its steward of the group changes the data and decides on requests.",
    )
    model_id = fields.Many2one(
        "ir.model",
        "Records",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False)],
    )
    model = fields.Char(related="model_id.model", store=True)
    filter_domain = fields.Char(
        "Only", default="[]", help="Which records are governed; empty: all."
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        help="Whose values and whose own records are governed; empty: of all. Fields of "
        "records that all companies share are governed in any case.",
    )
    reference_company_id = fields.Many2one(
        "res.company",
        "Values of",
        required=True,
        default=lambda self: self.env.company,
        help="The company whose values the others inherit.",
    )
    date_from = fields.Date("From")
    date_to = fields.Date("Until")
    creation = fields.Selection(
        [("free", "Anybody with the right"), ("steward", "The steward of the group")],
        "Created and Deleted by",
        required=True,
        default="free",
    )
    line_ids = fields.One2many("mfg.data.policy.line", "policy_id", copy=True)
    override_count = fields.Integer("Deviations", compute="_compute_override_count")
    lacks_steward = fields.Boolean(compute="_compute_lacks_steward")

    @api.depends("domain")
    def _compute_lacks_steward(self):
        for policy in self:
            policy.lacks_steward = bool(policy.domain) and not self.env[
                "mfg.plant.domain"
            ]._steward(policy.domain)

    @api.depends("line_ids")
    def _compute_override_count(self):
        counts = dict(
            self.env["mfg.data.override"]._read_group(
                [("policy_id", "in", self.ids), ("state", "=", "active")],
                ["policy_id"],
                ["__count"],
            )
        )
        for policy in self:
            policy.override_count = counts.get(policy, 0)

    @api.constrains("model_id", "filter_domain")
    def _check_filter(self):
        for policy in self:
            if policy.model not in self.env:
                raise ValidationError(
                    _("Records: model %(model)s is not installed.", model=policy.model)
                )
            try:
                # Who configures need not see all records; this only tries the filter.
                records = self.env[policy.model].sudo()
                records.search(policy._filter(), limit=1).filtered_domain(
                    policy._filter()
                )
            except Exception as error:
                raise ValidationError(
                    _("The filter Only cannot be used: %(error)s", error=error)
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        self.env.registry.clear_cache()
        return policies

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def action_view_overrides(self):
        """Open the deviations from this policy."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_data_override_action"
        )
        return {**action, "domain": [("policy_id", "=", self.id)]}

    # -- look-up -----------------------------------------------------------------------

    def _filter(self):
        """The filter as a domain."""
        return safe_eval(self.filter_domain or "[]", {"uid": self.env.uid})

    @api.model
    @tools.ormcache()
    def _bound(self):
        """Names of the models that a policy or a blocking rule names."""
        return frozenset([*self._governed(), *self.env["mfg.data.rule"]._blocking()])

    @api.model
    @tools.ormcache()
    def _governed(self):
        """{model name: [Compiled, …]}, in order; what is absent is not governed."""
        found = {}
        # Policies bind everybody, also those who may not read them.
        policies = self.sudo().with_context(active_test=True)
        for policy in policies.search([]):  # pylint: disable=no-search-all
            if policy.model not in self.env:
                continue  # the module of the model is gone
            domain = policy._filter()
            filter_fields = {
                leaf[0].split(".")[0]
                for leaf in domain
                if isinstance(leaf, list | tuple)
            }
            lines = {
                line.field_id.name: (line.mode, line.override, line.id)
                for line in policy.line_ids
            }
            # Whoever could change what the filter looks at could leave the policy.
            modes = {**dict.fromkeys(filter_fields, ("global", "none", False)), **lines}
            compiled = Compiled(
                policy.id,
                frozenset(policy.company_ids.ids),
                policy.date_from,
                policy.date_to,
                None,
                domain,
                frozenset(filter_fields),
                policy.creation,
                modes,
                policy.reference_company_id.id,
            )
            found.setdefault(policy.model, []).append(compiled)
            for child, link, inherited in self._children(policy.model, modes):
                found.setdefault(child, []).append(
                    compiled._replace(
                        via=link,
                        filter_fields=frozenset(),
                        creation="free",
                        modes=inherited,
                    )
                )
        return found

    @api.model
    def _children(self, model, modes):
        """(model, link to its parent, modes) where a child holds governed fields itself.

        The internal reference of a product template, for instance, is a column of its
        variants.
        """
        for name, child in self.env.registry.items():
            if model not in child._inherits or child._abstract:
                continue
            own = {
                field: mode
                for field, mode in modes.items()
                if field in child._fields
                and child._fields[field].store
                and not child._fields[field].inherited
            }
            if own:
                yield name, child._inherits[model], own

    @api.model
    def _guards(self, model):
        """Policies of a model that bind the user of the environment now."""
        policies = self._governed().get(model)
        if (
            not policies
            # Data of modules and scheduled actions; no person signs in as this user.
            or self.env.uid == SUPERUSER_ID
            or ledger(self.env.cr).applying
        ):
            return []
        today = fields.Date.context_today(self)
        return [
            policy
            for policy in policies
            if (not policy.date_from or policy.date_from <= today)
            and (not policy.date_to or today <= policy.date_to)
        ]

    # -- enforcement -------------------------------------------------------------------

    @api.model
    def _check_write(self, records, vals, guards):
        """Refuse values that the user of the environment may not change.

        :param guards: of ``_guards``, not empty
        :raises PolicyRefusal: names the fields, the policy, the steward and the remedy
        """
        decided = set()
        for guard in guards:
            names = [name for name in vals if name in guard.modes]
            for name in names:
                todo = records.filtered(
                    lambda record, name=name: (record.id, name) not in decided
                )
                todo = self._governed_records(guard, todo, name)
                decided.update((record.id, name) for record in todo)
                mode, override, _line = guard.modes[name]
                if mode == "local" or (mode == "inherited" and override == "free"):
                    continue
                todo = todo.filtered(
                    lambda record, name=name: self._changes(record, name, vals[name])
                )
                if todo and not self._may_change(guard, records, name):
                    self._refuse(guard, todo, [name])

    @api.model
    def _governed_records(self, guard, records, name):
        """Those whose field the policy governs where the user is at work."""
        # Nobody escapes a policy by not seeing what its filter looks at.
        found = records.sudo()
        if guard.via:
            parents = found[guard.via].filtered_domain(guard.filter)
            found = found.filtered(lambda record: record[guard.via] in parents)
        else:
            found = found.filtered_domain(guard.filter)
        if guard.company_ids:
            field = records._fields.get(name)
            if field is not None and field.company_dependent:
                if self.env.company.id not in guard.company_ids:
                    return records.browse()
            elif "company_id" in records._fields:
                found = found.filtered(
                    lambda record: (
                        not record.company_id
                        or record.company_id.id in guard.company_ids
                    )
                )
        return records.browse(found.ids)

    @api.model
    def _changes(self, record, name, value):
        """Tell whether a value differs from what the record has."""
        field = record._fields[name]
        record = record.sudo()  # what is there already is no secret to the comparison
        if field.type == "many2many":
            before = record[name]
            after = field.convert_to_record(
                field.convert_to_cache(value, record, validate=False), record
            )
            return set(before.ids) != set(after.ids)
        if field.type == "one2many":
            return bool(value)
        new = field.convert_to_record(field.convert_to_cache(value, record), record)
        return record[name] != new

    @api.model
    def _may_change(self, guard, records, name):
        """The group's steward may; inherited values only where the others get them."""
        if not self._is_steward(guard.id):
            return False
        field = records._fields[name]
        return (
            not field.company_dependent
            or guard.modes[name][0] != "inherited"
            or self.env.company.id == guard.reference_id
        )

    @api.model
    def _is_steward(self, policy_id):
        """Tell whether the user answers for the data of a policy in the whole group."""
        policy = self.sudo().browse(policy_id)  # binds also who may not read it
        stewards = self.env["mfg.plant.domain"]._steward(policy.domain)
        return self.env.user in stewards

    @api.model
    def _check_creation(self, records, guards):
        """Refuse new or deleted records that only the steward makes or deletes."""
        for guard in guards:
            if guard.creation == "steward":
                found = self._governed_records(guard, records, "id")
                if found and not self._is_steward(guard.id):
                    self._refuse(guard, found, [])

    @api.model
    def _refuse(self, guard, records, names):
        """:raises PolicyRefusal: says what, why, whom to ask and how"""
        policy = self.sudo().browse(guard.id)  # everybody learns what refused a write
        labels = dict(self.env["mfg.plant.domain"]._fields["domain"].selection)
        steward = self.env["mfg.plant.domain"]._steward(policy.domain)
        # Whom to ask is no secret, and the record is the user's own.
        who = steward.sudo().name or _("nobody yet: name one under Data Stewards")
        record = records[:1].sudo().display_name
        if not names:
            raise PolicyRefusal(
                _(
                    "%(record)s: only the steward of %(domain)s (%(steward)s) creates and "
                    "deletes such records, by data policy “%(policy)s”. Ask for it.",
                    record=record,
                    domain=labels[policy.domain],
                    steward=who,
                    policy=policy.name,
                )
            )
        fields_text = ", ".join(
            records._fields[name]._description_string(self.env) for name in names
        )
        inherited = guard.modes[names[0]][:2] == ("inherited", "approval")
        raise PolicyRefusal(
            _(
                "%(fields)s of %(record)s belongs to the group, by data policy "
                "“%(policy)s”. Steward of %(domain)s: %(steward)s. %(remedy)s",
                fields=fields_text,
                record=record,
                policy=policy.name,
                domain=labels[policy.domain],
                steward=who,
                remedy=_(
                    "Use “Request a Change” in the Actions menu, for an override of "
                    "your company or a change for all."
                )
                if inherited
                else _("Use “Request a Change” in the Actions menu."),
            )
        )

    # -- inheritance -------------------------------------------------------------------

    @api.model
    def _pass_on(self, records, names, guards):
        """Give values of the reference company to the companies that inherit them."""
        for guard in guards:
            inherited = [
                name
                for name in names
                if name in guard.modes
                and guard.modes[name][0] == "inherited"
                and records._fields[name].company_dependent
            ]
            if inherited and self.env.company.id == guard.reference_id:
                governed = self._governed_records(
                    guard._replace(company_ids=frozenset()), records, inherited[0]
                )
                self._pass_on_fields(guard, governed, inherited)

    @api.model
    def _pass_on_fields(self, guard, records, names):
        companies = self._heirs(guard)
        overrides = self.env["mfg.data.override"]._active_of(records, names)
        for name in names:
            if guard.modes[name][1] == "free":
                continue
            for company in companies:
                heirs = records.filtered(
                    lambda record, name=name, company=company: (
                        (record.id, name, company.id) not in overrides
                    )
                )
                self._copy_value(heirs, name, company)

    @api.model
    def _copy_value(self, records, name, company):
        """Give a company the value of the company of the environment."""
        field = records._fields[name]
        by_value = {}
        for record in records:
            by_value.setdefault(record[name], []).append(record.id)
        # The steward of the group changes values in companies of others.
        target = records.sudo().with_context(allowed_company_ids=company.ids)
        with ledger(self.env.cr).applying_decision():
            for value, ids in by_value.items():
                written = field.convert_to_write(value, records[:1])
                target.browse(ids).write({name: written})

    @api.model
    def _heirs(self, guard):
        """The companies that inherit from the reference company of a policy."""
        companies = self.env["res.company"].sudo()  # of the whole group
        companies = (
            companies.browse(guard.company_ids)
            if guard.company_ids
            else companies.search([])  # pylint: disable=no-search-all
        )
        return companies.filtered(lambda company: company.id != guard.reference_id)
