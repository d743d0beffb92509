from odoo import fields, models


class MfgReleaseGate(models.Model):
    _inherit = "mfg.release.gate"

    check_drawing = fields.Boolean(
        "Drawing on the Product", help="The product has at least one document."
    )
