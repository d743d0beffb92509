from odoo import fields, models

from .mfg_ic_agreement import SIDES
from .mfg_ic_flow import STATES


class MfgIcMilestone(models.Model):
    """When a flow came to a point, and on which side. Written once, never changed."""

    _name = "mfg.ic.milestone"
    _description = "Milestone of an Intercompany Flow"
    _order = "id"
    _rec_name = "milestone"

    flow_id = fields.Many2one(
        "mfg.ic.flow", required=True, readonly=True, index=True, ondelete="cascade"
    )
    milestone = fields.Selection(STATES, required=True, readonly=True)
    side = fields.Selection(SIDES, readonly=True)
    happened_on = fields.Datetime(
        "On", required=True, readonly=True, default=fields.Datetime.now
    )
    note = fields.Char(readonly=True)
