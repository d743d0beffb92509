from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .mfg_quality_inspection_specification import SPECIFICATION

# Entering one of these records the result.
ENTERED = {"value", "attribute"}
# Follows from what was entered and by whom, whatever a caller claims.
DERIVED = {"verdict", "recorded_by_id", "recorded_on"}


class MfgQualityInspectionResult(models.Model):
    """One characteristic of one inspected unit."""

    _name = "mfg.quality.inspection.result"
    _description = "Quality Inspection Result"
    _inherit = ["mfg.quality.own.defaults", "mfg.quality.inspection.specification"]
    _order = "inspection_id, sample, sequence, id"

    inspection_id = fields.Many2one(
        "mfg.quality.inspection", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        related="inspection_id.company_id", store=True, precompute=True
    )
    sample = fields.Integer("Unit No.", default=1, required=True)
    value = fields.Float("Measured", digits=(16, 6))
    attribute = fields.Selection([("yes", "Conforms"), ("no", "Does not conform")])
    is_recorded = fields.Boolean(
        "Recorded", help="Set by entering a value; tick it for a measured zero."
    )
    verdict = fields.Selection(
        [("pass", "Passed"), ("fail", "Failed")], compute="_compute_verdict", store=True
    )
    limits_text = fields.Char("Must Be", compute="_compute_limits_text")
    photo = fields.Image(max_width=1920, max_height=1920)
    note = fields.Char()
    recorded_by_id = fields.Many2one("res.users", readonly=True)
    recorded_on = fields.Datetime(readonly=True)

    @api.depends("kind", "value", "attribute", "is_recorded")
    def _compute_verdict(self):
        for result in self:
            if result.kind == "attribute":
                result.verdict = {"yes": "pass", "no": "fail"}.get(result.attribute)
            elif result.is_recorded:
                result.verdict = "pass" if result._conforms(result.value) else "fail"
            else:
                result.verdict = False

    @api.depends("kind", "limits", "lower_limit", "upper_limit", "uom_id", "decimals")
    def _compute_limits_text(self):
        for result in self:
            measured = result.kind == "measured"
            result.limits_text = result._limits_text() if measured else False

    @api.onchange("value")
    def _onchange_value(self):
        if self.value:
            self.is_recorded = True

    @api.model_create_multi
    def create(self, vals_list):
        results = super().create([self._with_recorder(vals) for vals in vals_list])
        results.inspection_id._check_open()
        return results

    def write(self, vals):
        self.inspection_id._check_open()
        if "inspection_id" in vals:
            raise UserError(_("A result stays with its inspection."))
        if {*SPECIFICATION, "sample"} & set(vals) and self.inspection_id.plan_id:
            raise UserError(
                _(
                    "The plan says what the units must be like; results are compared to "
                    "it. Change the plan for future inspections."
                )
            )
        return super().write(self._with_recorder(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            _("Results of an inspection are not deleted. Skip the inspection instead.")
        )

    @api.model
    def _with_recorder(self, vals):
        """Values that also say who entered them."""
        vals = {name: value for name, value in vals.items() if name not in DERIVED}
        if ENTERED & set(vals) or vals.get("is_recorded"):
            vals = dict(
                vals, recorded_by_id=self.env.uid, recorded_on=fields.Datetime.now()
            )
            vals.setdefault("is_recorded", True)
        return vals

    def _check_complete(self):
        """Refuse a verdict while something was not looked at.

        :raises UserError: names the first missing result
        """
        for result in self:
            missing = not result.verdict
            if missing or (result.needs_photo and not result.photo):
                raise UserError(
                    _(
                        "Unit %(unit)s, %(characteristic)s: %(what)s is missing. Enter it, "
                        "or skip the inspection with a reason.",
                        unit=result.sample,
                        characteristic=result.name,
                        what=_("the result") if missing else _("the photo"),
                    )
                )

    def _describe_failures(self):
        """What is wrong, one line per failed result."""
        return "\n".join(
            _(
                "Unit %(unit)s, %(characteristic)s: %(value)s (must be %(limits)s)",
                unit=result.sample,
                characteristic=result.name,
                value=f"{result.value:.{result.decimals}f}",
                limits=result.limits_text,
            )
            if result.kind == "measured"
            else _(
                "Unit %(unit)s: %(characteristic)s does not conform",
                unit=result.sample,
                characteristic=result.name,
            )
            for result in self
            if result.verdict == "fail"
        )
