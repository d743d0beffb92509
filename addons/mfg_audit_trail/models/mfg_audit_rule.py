from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError

from ..engine import baseline, capture, context, filing, schema, sealer
from ..exceptions import ReasonRequired

#: transactions that a scheduled action seals, so that it stays short
SEALED_AT_ONCE = 50000
#: what auditors read is recorded, too
EVIDENCE = frozenset({"mfg.audit.event", "mfg.audit.transaction"})
CLASS_SELECTION = [
    ("accounting", "Accounting"),
    ("operations", "Operations"),
    ("quality", "Quality"),
    ("security", "Security"),
    ("access", "Access"),
]


class MfgAuditRule(models.Model):
    """What is captured of a model."""

    _name = "mfg.audit.rule"
    _description = "Audit Rule"
    _order = "model_id, id"
    _rec_name = "model_id"

    model_id = fields.Many2one(
        "ir.model",
        required=True,
        ondelete="cascade",
        index=True,
        domain=[("transient", "=", False)],
    )
    model = fields.Char(string="Technical Name", related="model_id.model", store=True)
    profile_id = fields.Many2one("mfg.audit.profile", ondelete="cascade", index=True)
    active = fields.Boolean(default=True)
    on_create = fields.Boolean(string="Creation", default=True)
    on_write = fields.Boolean(string="Change", default=True)
    on_unlink = fields.Boolean(string="Deletion", default=True)
    ignored_field_ids = fields.Many2many(
        "ir.model.fields",
        "mfg_audit_rule_ignored_field_rel",
        string="Ignored Fields",
        domain="[('model_id', '=', model_id), ('store', '=', True)]",
        help="Changes of these fields alone are not recorded.",
    )
    secret_field_ids = fields.Many2many(
        "ir.model.fields",
        "mfg_audit_rule_secret_field_rel",
        string="Secret Fields",
        domain="[('model_id', '=', model_id), ('store', '=', True)]",
        help="That these change is recorded, their values are not. Passwords, keys and"
        " tokens are recognised by their names.",
    )
    retention_class = fields.Selection(
        CLASS_SELECTION,
        string="Retention",
        required=True,
        default="operations",
        help="Decides how long the events are kept.",
    )
    log_reads = fields.Boolean(
        string="Reading",
        help="Record who reads these records on a screen or through the external API.",
    )
    reason_required = fields.Selection(
        [
            ("never", "Never"),
            ("change", "For Changes and Deletions"),
            ("always", "For Creations, Too"),
        ],
        required=True,
        default="never",
        help="Users are asked for the reason before the change is done. Programs give it"
        " as mfg_audit_reason in the context.",
    )
    reason_field_ids = fields.Many2many(
        "ir.model.fields",
        "mfg_audit_rule_reason_field_rel",
        string="Fields with Reason",
        domain="[('model_id', '=', model_id)]",
        help="Changes of these fields need a reason; empty for all fields.",
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        help="Only records of these companies; empty for all.",
    )

    _sql_constraints = [
        (
            "model_profile_unique",
            "UNIQUE(model_id, profile_id)",
            "The profile has a rule for this model already.",
        )
    ]

    @api.constrains("on_create", "on_write", "on_unlink")
    def _check_operations(self):
        for rule in self:
            if not (rule.on_create or rule.on_write or rule.on_unlink):
                raise ValidationError(
                    _(
                        "The rule for %(model)s captures nothing: choose creation, change"
                        " or deletion, or archive the rule.",
                        model=rule.model_id.name,
                    )
                )

    @api.constrains("model_id")
    def _check_model(self):
        for rule in self:
            if not capture.has_table(self.env, rule.model_id.model):
                raise ValidationError(
                    _(
                        "%(model)s keeps no records of its own in the database, so there"
                        " is nothing to capture. Choose the model the records belong to.",
                        model=rule.model_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Captured from the end of this transaction on."""
        rules = super().create(vals_list)
        rules._apply_rules()
        return rules

    def write(self, vals):
        """Captured as changed from the end of this transaction on."""
        result = super().write(vals)
        self._apply_rules()
        return result

    def unlink(self):
        """No longer captured from the end of this transaction on; the log stays."""
        result = super().unlink()
        self._apply_rules()
        return result

    def action_open_records(self):
        """Open the records that the rule is about, within the user's rights.

        :return: window action
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.model_id.name,
            "res_model": self.model,
            "views": [(False, "tree"), (False, "form")],
        }

    def init(self):
        """Create the schema ``mfg_audit``."""
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        schema.install(self.env.cr, f"mfg-audit/{uuid}")

    def _register_hook(self):
        """See at every load of the registry that everything that should be is captured,
        and of a copy of a database in the copy's own name."""
        super()._register_hook()
        schema.note_copy(self.env.cr)
        profiles = self.env["mfg.audit.profile"].search([("switched_on", "=", True)])
        profiles._complete_rules()
        self._apply_rules()

    @api.model
    def with_reason(self, code, text=""):
        """Return this model in an environment whose changes carry a reason.

        Use the environment of the result for the change, as in
        ``env["mfg.audit.rule"].with_reason("ECO", "4711").env["mrp.bom"]``.

        :param str code: short code
        :param str text: what a reader will want to know
        """
        reason = f"{code}: {text}" if text else code
        return self.with_context(**{context.REASON_KEY: reason})

    @api.model
    @tools.ormcache()
    def _read_logged_models(self):
        """Names of the models whose readers are recorded; the trail itself is one."""
        if not self._is_capturing():
            return frozenset()
        # Whoever reads a record has no rights on rules. Kept for everybody, so without
        # what one caller's context asks for, such as archived ones.
        rules = (
            self.with_env(self.env(context={}))
            .sudo()
            .search([("log_reads", "=", True)])
        )
        return frozenset(rules.mapped("model")) | EVIDENCE

    @api.model
    @tools.ormcache()
    def _reasons_required(self):
        """{model: [(when, names of fields, ids of companies), …]} of those with a reason."""
        found = {}
        if not self._is_capturing():
            return found
        # Whoever changes a record has no rights on rules; kept for everybody, as above.
        rules = self.with_env(self.env(context={})).sudo()
        for rule in rules.search([("reason_required", "!=", "never")]):
            found.setdefault(rule.model, []).append(
                (
                    rule.reason_required,
                    frozenset(rule.reason_field_ids.mapped("name")),
                    frozenset(rule.company_ids.ids),
                )
            )
        return found

    @api.model
    def _check_reason(self, records, operation, names=()):
        """See that a change that needs a reason has one.

        :param str operation: I, U or D
        :param names: fields that are written
        :raises ReasonRequired: it has none
        """
        rules = self._reasons_required().get(records._name)
        if not rules or self.env.su or context.has_reason(records.env):
            return
        for when, fields_, companies in rules:
            if operation == "I" and when != "always":
                continue
            if operation == "U" and fields_ and fields_.isdisjoint(names):
                continue
            if companies and "company_id" in records._fields:
                # Whose they are decides, whether the user may read it or not.
                owners = set(records.sudo().company_id.ids)
                if records and owners.isdisjoint(companies):
                    continue
            raise ReasonRequired(
                _(
                    "Changes of %(kind)s need a reason: say why they are made.\n"
                    "Programs pass it as mfg_audit_reason in the context.",
                    # The names of models are no business data.
                    kind=self.env["ir.model"]._get(records._name).sudo().name,
                )
            )

    @api.model
    def _apply_rules(self):
        """Bring the triggers in line with the rules; return the tables that got theirs."""
        # The rules decide about every company's tables, whoever changed one of them.
        rules = self.sudo().search([])  # pylint: disable=no-search-all
        wanted = capture.relations(
            rules.env,
            [
                {
                    "model": rule.model,
                    "operations": [
                        letter
                        for letter, wanted in (
                            ("I", rule.on_create),
                            ("U", rule.on_write),
                            ("D", rule.on_unlink),
                        )
                        if wanted
                    ],
                    "ignored": rule.ignored_field_ids.mapped("name"),
                    "secret": rule.secret_field_ids.mapped("name"),
                    "class": rule.retention_class,
                    "companies": rule.company_ids.ids,
                }
                for rule in rules
            ],
        )
        repaired = capture.apply(self.env.cr, wanted)
        models = frozenset(
            each.model
            for each in wanted.values()
            if each.model and not each.record_column
        )
        reads = frozenset(rules.filtered("log_reads").mapped("model")) | EVIDENCE
        reads = reads if wanted else frozenset()
        if (
            self._is_capturing() != bool(wanted)
            or self._captured_models() != models
            or self._read_logged_models() != reads
            or self._reasons_required()
            or any(rule.reason_required != "never" for rule in rules)
        ):
            self.env.registry.clear_cache()  # in every process
        return repaired

    @api.model
    @tools.ormcache()
    def _captured_models(self):
        """Names of the models whose records are captured."""
        if not self._is_capturing():
            return frozenset()
        self.env.cr.execute(
            "SELECT model FROM mfg_audit.relation "
            "WHERE active AND model IS NOT NULL AND record_column IS NULL"
        )
        return frozenset(model for (model,) in self.env.cr.fetchall())

    @api.model
    @tools.ormcache()
    def _is_capturing(self):
        """Whether anything is captured in this database."""
        cr = self.env.cr
        # Past the counter of queries, as all that attribution does. While the module is
        # being installed the schema is not there yet.
        cr.callproc("to_regprocedure", ["mfg_audit.is_capturing()"])
        if cr.fetchone()[0] is None:
            return False
        cr.callproc("mfg_audit.is_capturing")
        return cr.fetchone()[0]

    @api.model
    def _remove_capture(self):
        """Take every trigger off; drop the schema when nothing was ever recorded."""
        if schema.has_events(self.env.cr):
            baseline.record(
                self.env.cr,
                "ir_module_module",
                "security",
                baseline.CONFIGURATION,
                {"mfg_audit_trail": "installed"},
                {"mfg_audit_trail": "uninstalled"},
            )
        capture.apply(self.env.cr, {})
        schema.drop_if_empty(self.env.cr)

    @api.model
    def _cron_maintain(self):
        """Prepare the partitions of the coming months and repair missing triggers."""
        schema.ensure_partitions(self.env.cr, fields.Date.today())
        self._apply_rules()

    @api.model
    def _cron_seal(self):
        """Seal what was recorded, and file it; in transactions of their own."""
        try:
            sealer.run(self.env.cr.dbname, SEALED_AT_ONCE)
        finally:
            filing.run(self.env.cr.dbname)
