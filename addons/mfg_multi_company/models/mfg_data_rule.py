import re

from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .mfg_plant_domain import DOMAINS

# Types that two records can be compared by.
COMPARABLE = {"char", "text", "integer", "many2one", "selection", "date"}
SCAN_BATCH = 5000


class MfgDataRule(models.Model):
    """What is wrong with a record: something missing, malformed, or there twice."""

    _name = "mfg.data.rule"
    _description = "Data Validation Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    domain = fields.Selection(
        DOMAINS,
        "Data Domain",
        required=True,
        default="item",
        help="Whose steward acts.",
    )
    model_id = fields.Many2one(
        "ir.model",
        "Records",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False)],
    )
    model = fields.Char(related="model_id.model", store=True)
    filter_domain = fields.Char("Only", default="[]")
    kind = fields.Selection(
        [
            ("required", "Must Be Filled In"),
            ("pattern", "Must Look Like"),
            ("duplicate", "Must Not Be There Twice"),
        ],
        required=True,
        default="required",
    )
    field_ids = fields.Many2many(
        "ir.model.fields",
        string="Fields",
        required=True,
        domain="[('model_id', '=', model_id), ('store', '=', True)]",
        help="Twice is what agrees in all of these, without regard to case, blanks and "
        "punctuation.",
    )
    pattern = fields.Char(help="Regular expression that the whole value must match.")
    example = fields.Char(help="A good value, for the message.")
    level = fields.Selection(
        [("block", "Refuse"), ("report", "Put on the Work List")],
        required=True,
        default="report",
    )
    issue_ids = fields.One2many("mfg.data.issue", "rule_id")
    issue_count = fields.Integer("Issues", compute="_compute_issue_count")

    @api.depends("issue_ids.state")
    def _compute_issue_count(self):
        counts = dict(
            self.env["mfg.data.issue"]._read_group(
                [("rule_id", "in", self.ids), ("state", "=", "open")],
                ["rule_id"],
                ["__count"],
            )
        )
        for rule in self:
            rule.issue_count = counts.get(rule, 0)

    @api.constrains("kind", "field_ids", "pattern", "model_id", "filter_domain")
    def _check_rule(self):
        for rule in self:
            if not rule.field_ids:
                raise ValidationError(_("Name at least one of the Fields."))
            if rule.field_ids.model_id != rule.model_id:
                raise ValidationError(
                    _("Fields must belong to %(model)s.", model=rule.model_id.name)
                )
            if rule.kind == "duplicate" and not all(
                field.store and field.ttype in COMPARABLE for field in rule.field_ids
            ):
                raise ValidationError(
                    _("Fields: records cannot be compared by one of these.")
                )
            if rule.kind == "pattern":
                try:
                    re.compile(rule.pattern or "")
                except re.error as error:
                    raise ValidationError(
                        _("Pattern is no regular expression: %(error)s", error=error)
                    ) from error
                if not rule.pattern:
                    raise ValidationError(_("Fill in Pattern."))
            try:
                safe_eval(rule.filter_domain or "[]")
                # Only tries the filter; whoever configures need not see the records.
                self.env[rule.model].sudo().search(rule._filter(), limit=1)
            except Exception as error:
                raise ValidationError(
                    _("The filter Only cannot be used: %(error)s", error=error)
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    # -- while people write ------------------------------------------------------------

    def _filter(self):
        return safe_eval(self.filter_domain or "[]")

    @api.model
    @tools.ormcache()
    def _blocking(self):
        """{model name: ((rule id, names of fields it looks at), …)} of rules that refuse."""
        found = {}
        # Rules bind everybody, also those who may not read them. Kept for everybody, so
        # without what one caller's context asks for, such as archived ones.
        for rule in (
            self.with_env(self.env(context={})).sudo().search([("level", "=", "block")])
        ):
            names = set(rule.field_ids.mapped("name")) | {
                leaf[0].split(".")[0]
                for leaf in rule._filter()
                if isinstance(leaf, list | tuple)
            }
            found.setdefault(rule.model, []).append((rule.id, frozenset(names)))
        return found

    @api.model
    def _check(self, records, names=None):
        """Refuse records that break a rule which refuses.

        :param names: of the fields that were written; None for new records
        :raises ValidationError: names record, fields and what to do
        """
        for rule_id, watched in self._blocking().get(records._name, ()):
            if names is None or watched & set(names):
                rule = self.sudo().browse(rule_id)  # binds also who may not read it
                for record, message in rule._find_faults(records).items():
                    raise ValidationError(
                        _(
                            "%(record)s: %(message)s (rule “%(rule)s”)",
                            record=record.display_name,
                            message=message,
                            rule=rule.name,
                        )
                    )

    # -- what is wrong -----------------------------------------------------------------

    def _find_faults(self, records):
        """{record: what is wrong with it}; one query whatever the number of records."""
        self.ensure_one()
        # Faults are faults whoever looks.
        records = records.sudo().filtered_domain(self._filter())
        return getattr(self, f"_find_{self.kind}")(records)

    def _labels(self):
        return ", ".join(self.field_ids.mapped("field_description"))

    def _find_required(self, records):
        found = {}
        for record in records:
            missing = self.field_ids.filtered(
                lambda field, record=record: not record[field.name]
            )
            if missing:
                found[record] = _(
                    "fill in %(fields)s",
                    fields=", ".join(missing.mapped("field_description")),
                )
        return found

    def _find_pattern(self, records):
        pattern = re.compile(self.pattern)
        found = {}
        for record in records:
            for field in self.field_ids:
                value = record[field.name]
                if value and not pattern.fullmatch(str(value)):
                    found[record] = _(
                        "%(field)s “%(value)s” is not as it should be%(example)s",
                        field=field.field_description,
                        value=value,
                        example=_(", such as %s", self.example) if self.example else "",
                    )
        return found

    def _find_duplicate(self, records):
        if not records:
            return {}
        records.flush_model(self.field_ids.mapped("name"))
        table = SQL.identifier(records._table)
        keys = [self._key_of(field) for field in self.field_ids]
        present = SQL(" AND ").join(SQL("%s <> ''", key) for key in keys)
        key = SQL("concat_ws('|', %s)", SQL(", ").join(keys))
        self.env.cr.execute(
            SQL(
                """
                SELECT mine.id, array_agg(other.id ORDER BY other.id)
                  FROM (SELECT id, %(key)s AS key FROM %(table)s
                         WHERE id = ANY(%(ids)s) AND %(present)s) mine
                  JOIN (SELECT id, %(key)s AS key FROM %(table)s
                         WHERE %(present)s) other
                    ON other.key = mine.key AND other.id <> mine.id
                 GROUP BY mine.id
                """,
                key=key,
                table=table,
                present=present,
                ids=records.ids,
            )
        )
        twins = dict(self.env.cr.fetchall())
        others = records.browse({id_ for ids in twins.values() for id_ in ids})
        governed = set(others.filtered_domain(self._filter()).ids)
        found = {}
        for record in records:
            same = [id_ for id_ in twins.get(record.id, ()) if id_ in governed]
            if same:
                found[record] = _(
                    "%(fields)s agree with %(others)s",
                    fields=self._labels(),
                    others=self._names(records.browse(same)),
                )
        return found

    def _key_of(self, field):
        """SQL for a value without case, blanks and punctuation; '' for no value."""
        column = SQL.identifier(field.name)
        if field.translate:
            column = SQL("%s->>'en_US'", column)
        return SQL(
            "regexp_replace(lower(coalesce((%s)::text, '')), '[^[:alnum:]]+', '', 'g')",
            column,
        )

    def _names(self, records):
        """What the user may read of them: names, or that somebody else has them."""
        user = self.env.user
        visible = records.with_user(user)._filter_access_rules_python("read")
        names = visible.sudo().mapped("display_name")  # visible to the user, see above
        if records - visible:
            names.append(_("a record of another company (ask the steward)"))
        return ", ".join(names)

    # -- work list ---------------------------------------------------------------------

    def action_scan(self):
        """Bring the work list up to date now."""
        self.check_access_rights("write")
        # Of all companies, as the nightly check does.
        self.sudo()._scan()
        return self.action_view_issues()

    def action_view_issues(self):
        """Open what the rule found."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_data_issue_action"
        )
        return {**action, "domain": [("rule_id", "in", self.ids)]}

    @api.model
    def _cron_scan(self):
        """Look at everything once a night."""
        self.search([])._scan()  # pylint: disable=no-search-all

    def _scan(self):
        for rule in self:
            records = self.env[rule.model].search(rule._filter(), order="id")
            faults = {}
            for start in range(0, len(records), SCAN_BATCH):
                faults.update(rule._find_faults(records[start : start + SCAN_BATCH]))
            self.env["mfg.data.issue"]._synchronise(rule, faults)
