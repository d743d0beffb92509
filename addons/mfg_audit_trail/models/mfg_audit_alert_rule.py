from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

SEVERITIES = [("0", "Notice"), ("1", "Warning"), ("2", "Critical")]
KINDS = [
    ("bulk_delete", "Many Records Deleted"),
    ("mass_export", "Many Records Exported"),
    ("failed_login", "Failed Logins"),
    ("back_dated", "Back-Dated Posting"),
    ("lock_date", "Lock Date Changed"),
    ("unattested", "Changed Past Odoo"),
    ("capture_gap", "Capture Gap"),
    ("seal_lag", "Sealing Lags Behind"),
]


class MfgAuditAlertRule(models.Model):
    """From when on somebody is told."""

    _name = "mfg.audit.alert.rule"
    _description = "Audit Alert Threshold"
    _order = "severity desc, id"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, required=True)
    active = fields.Boolean(default=True)
    severity = fields.Selection(SEVERITIES, required=True, default="1")
    threshold = fields.Integer(
        required=True,
        default=1,
        help="From how many on; of back-dated postings: how many days back are too many.",
    )
    minutes = fields.Integer(
        required=True,
        default=60,
        help="How far back is counted; of sealing: how old a transaction may get unsealed.",
    )
    owner_id = fields.Many2one(
        "res.users",
        help="Who gets the activity. Nobody chosen: the first reviewer, else the first"
        " auditor who may see the company.",
    )

    _sql_constraints = [
        ("kind_unique", "UNIQUE(kind)", "There is a threshold of this kind already.")
    ]

    @api.constrains("threshold", "minutes")
    def _check_figures(self):
        for rule in self:
            if rule.threshold < 1 or rule.minutes < 1:
                raise ValidationError(
                    _(
                        "Threshold and minutes of %(kind)s start at 1. Archive the line"
                        " to be told nothing.",
                        kind=rule._kind_name(),
                    )
                )

    @api.constrains("owner_id")
    def _check_owner(self):
        for rule in self.filtered("owner_id"):
            if not rule.owner_id.has_group("mfg_audit_trail.group_auditor"):
                raise ValidationError(
                    _(
                        "%(user)s cannot see alerts: choose an owner with the right Audit"
                        " Trail: Auditor.",
                        user=rule.owner_id.name,
                    )
                )

    def _kind_name(self):
        self.ensure_one()
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]
