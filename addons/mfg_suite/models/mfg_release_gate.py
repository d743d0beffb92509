from odoo import fields, models


class MfgReleaseGate(models.Model):
    _inherit = "mfg.release.gate"

    check_holds = fields.Boolean(
        "No Open Quality Hold",
        help="Nothing of the product or of a component is on quality hold in the company.",
    )
