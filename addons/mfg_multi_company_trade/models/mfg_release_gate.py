from odoo import fields, models


class MfgReleaseGate(models.Model):
    _inherit = "mfg.release.gate"

    model = fields.Selection(
        selection_add=[("purchase.order", "Purchase Orders")],
        ondelete={"purchase.order": "cascade"},
    )
    min_value = fields.Monetary(
        help="Manufacturing orders: at cost. Purchase orders: untaxed amount."
    )
