from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .mfg_quality_hold_reason import SEVERITIES

DISPOSITIONS = [
    ("release", "Release: conforms"),
    ("use_as_is", "Use as is (concession)"),
    ("rework", "Rework"),
    ("scrap", "Scrap"),
    ("return_vendor", "Return to vendor"),
    ("regrade", "Regrade"),
    ("sample", "Take as sample"),
    ("withdraw", "Withdraw: placed in error"),
]


class MfgQualityApprovalRule(models.Model):
    """A row of the approval matrix. Without a matching row, one approver decides."""

    _name = "mfg.quality.approval.rule"
    _description = "Quality Approval Rule"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: every company.")
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", readonly=True
    )
    kind = fields.Selection(
        DISPOSITIONS, "Disposition", help="Empty: every disposition."
    )
    severity = fields.Selection(SEVERITIES, help="Empty: every severity.")
    min_value = fields.Monetary(
        "From Value",
        default=0,
        help="Value of the disposed quantity from which the rule counts.",
    )
    group_id = fields.Many2one(
        "res.groups",
        "Signed by",
        required=True,
        default=lambda self: self.env.ref(
            "mfg_quality_hold.group_approve", raise_if_not_found=False
        ),
        help="Approvers of this group. They also need the right to approve.",
    )
    count = fields.Integer("Signatures", default=1, required=True)

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    @api.constrains("count", "min_value")
    def _check_figures(self):
        for rule in self:
            if rule.count < 1 or rule.min_value < 0:
                raise ValidationError(
                    _(
                        "Rule %(rule)s needs at least one signature and a value of zero or "
                        "more.",
                        rule=rule.name,
                    )
                )

    @api.model
    def _required(self, company, kind, severity, value):
        """{group: number of signatures} that a disposition needs, each of another person."""
        rules = self.search(
            [
                ("company_id", "in", (False, company.id)),
                ("kind", "in", (False, kind)),
                ("severity", "in", (False, severity)),
                ("min_value", "<=", value),
            ]
        )
        needed = {}
        for rule in rules:
            needed[rule.group_id] = max(rule.count, needed.get(rule.group_id, 0))
        return needed or {self.env.ref("mfg_quality_hold.group_approve"): 1}
