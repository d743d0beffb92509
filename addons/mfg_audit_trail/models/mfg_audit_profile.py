from odoo import _, api, fields, models

from ..engine import capture
from .mfg_audit_rule import CLASS_SELECTION


class MfgAuditProfile(models.Model):
    """A named set of models to capture, switched on as a whole."""

    _name = "mfg.audit.profile"
    _description = "Audit Profile"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    description = fields.Text(translate=True)
    retention_class = fields.Selection(
        CLASS_SELECTION, string="Retention", required=True, default="operations"
    )
    model_names = fields.Text(
        string="Models",
        required=True,
        help="Technical names, one per line. Models of apps that are not installed are"
        " captured as soon as they are.",
    )
    switched_on = fields.Boolean(readonly=True, copy=False)
    rule_ids = fields.One2many("mfg.audit.rule", "profile_id", string="Rules")
    installed_count = fields.Integer(
        string="Models Here",
        compute="_compute_counts",
        help="Models of this profile whose apps are installed.",
    )
    absent_names = fields.Char(string="Not Installed", compute="_compute_counts")

    _sql_constraints = [
        ("code_unique", "UNIQUE(code)", "There is a profile with this code already.")
    ]

    @api.depends("model_names")
    def _compute_counts(self):
        for profile in self:
            names = profile._models()
            absent = [name for name in names if name not in self.env]
            profile.installed_count = len(names) - len(absent)
            profile.absent_names = ", ".join(absent)

    def write(self, vals):
        """Models that were added to the list of a profile in use are captured at once."""
        result = super().write(vals)
        if "model_names" in vals:
            self.filtered("switched_on")._complete_rules()
        return result

    def action_switch_on(self):
        """Capture every model of the profile whose app is installed.

        :return: action that tells which models are not there yet, or nothing
        :raises AccessError: the user is no audit administrator
        """
        self.write({"switched_on": True})
        self._all_rules().write({"active": True})
        self._complete_rules()
        absent = self.filtered("absent_names")
        if not absent:
            return None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": _(
                    "Switched on, but these models are not here: %(models)s. Install "
                    "their apps; they are captured from then on. A misspelt name is "
                    "corrected in Models.",
                    models=", ".join(absent.mapped("absent_names")),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_switch_off(self):
        """Capture nothing any more because of this profile; the log stays.

        :raises AccessError: the user is no audit administrator
        """
        self.write({"switched_on": False})
        self.rule_ids.write({"active": False})

    def action_open_rules(self):
        """Open the rules of the profile."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_rule_action"
        )
        action["domain"] = [("profile_id", "=", self.id)]
        action["context"] = {"active_test": False}
        return action

    def _models(self):
        self.ensure_one()
        # Empty while somebody fills in a new profile.
        lines = (self.model_names or "").split("\n")
        return [line.strip() for line in lines if line.strip()]

    def _all_rules(self):
        """The rules of the profiles, those switched off included."""
        rules = self.env["mfg.audit.rule"].with_context(active_test=False)
        return rules.search([("profile_id", "in", self.ids)])

    def _complete_rules(self):
        """Make the rules that are missing because an app was installed later."""
        known = {}
        for rule in self._all_rules():
            known.setdefault(rule.profile_id.id, set()).add(rule.model_id.model)
        values = [
            {
                "profile_id": profile.id,
                "model_id": self.env["ir.model"]._get_id(name),
                "retention_class": profile.retention_class,
            }
            for profile in self
            for name in profile._models()
            if capture.has_table(self.env, name)
            and name not in known.get(profile.id, ())
        ]
        return self.env["mfg.audit.rule"].create(values)
