from odoo import fields, models


class MfgSuiteTranslationLine(models.TransientModel):
    """One value without translation, and what it is called on the other side."""

    _name = "mfg.suite.translation.line"
    _description = "Missing Translation"

    wizard_id = fields.Many2one(
        "mfg.suite.translation", required=True, ondelete="cascade"
    )
    map_id = fields.Many2one(
        "mfg.integration.value.map", required=True, readonly=True, ondelete="cascade"
    )
    kind = fields.Selection(related="map_id.kind")
    value = fields.Char("In the Message", required=True, readonly=True)
    translation = fields.Char()
    factor = fields.Float(
        digits=(16, 9),
        default=1.0,
        help="How many of their unit make one of ours: 1000 for t and kg.",
    )

    def _entry(self):
        """Return the values of the entry of the value map."""
        self.ensure_one()
        sides = ["internal_value", "external_value"]
        if self.wizard_id.inbound_id:
            sides.reverse()
        return {
            "map_id": self.map_id.id,
            "factor": self.factor,
            **dict(zip(sides, (self.value, self.translation), strict=True)),
        }
