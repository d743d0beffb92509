from odoo import fields, models
from odoo.tools import float_compare

# What a result keeps of its characteristic: later changes of the plan leave it alone.
SPECIFICATION = (
    "sequence",
    "name",
    "kind",
    "importance",
    "limits",
    "target",
    "lower_limit",
    "upper_limit",
    "uom_id",
    "decimals",
    "instrument",
    "instructions",
    "needs_photo",
)


class MfgQualityInspectionSpecification(models.AbstractModel):
    """What makes a unit conform; on the plan, and as it was on each result."""

    _name = "mfg.quality.inspection.specification"
    _description = "Quality Specification"

    sequence = fields.Integer(default=10)
    name = fields.Char("Characteristic", required=True)
    kind = fields.Selection(
        [("measured", "Measured"), ("attribute", "Conforms or not")],
        required=True,
        default="measured",
    )
    importance = fields.Selection(
        [("minor", "Minor"), ("major", "Major"), ("critical", "Critical")],
        required=True,
        default="major",
    )
    limits = fields.Selection(
        [("both", "Between"), ("lower", "At least"), ("upper", "At most")],
        default="both",
        required=True,
    )
    target = fields.Float(digits=(16, 6))
    lower_limit = fields.Float("Lower Limit (LSL)", digits=(16, 6))
    upper_limit = fields.Float("Upper Limit (USL)", digits=(16, 6))
    uom_id = fields.Many2one("uom.uom", "Unit")
    decimals = fields.Integer(
        default=2, required=True, help="To how many decimals a value is compared."
    )
    instrument = fields.Char(help="What it is measured with.")
    instructions = fields.Text()
    needs_photo = fields.Boolean("Photo Required")

    def _conforms(self, value):
        """Tell whether a measured value is within the limits.

        The value is compared to as many decimals as the characteristic has.
        """
        self.ensure_one()
        digits = self.decimals
        above = self.limits == "upper" or (
            float_compare(value, self.lower_limit, precision_digits=digits) >= 0
        )
        below = self.limits == "lower" or (
            float_compare(value, self.upper_limit, precision_digits=digits) <= 0
        )
        return above and below

    def _limits_text(self):
        """The limits as people read them, such as ``9.95 – 10.05 mm``."""
        self.ensure_one()
        lower = f"{self.lower_limit:.{self.decimals}f}"
        upper = f"{self.upper_limit:.{self.decimals}f}"
        text = {
            "both": f"{lower} – {upper}",
            "lower": f"≥ {lower}",
            "upper": f"≤ {upper}",
        }
        return f"{text[self.limits]} {self.uom_id.name or ''}".strip()
