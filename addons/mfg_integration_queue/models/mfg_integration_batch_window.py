from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgIntegrationBatchWindow(models.Model):
    """A time of the week at which an endpoint takes batch messages."""

    _name = "mfg.integration.batch.window"
    _inherit = "mfg.integration.setting"
    _description = "Batch Window"
    _order = "endpoint_id, weekday, hour_from"

    endpoint_id = fields.Many2one(
        "mfg.integration.endpoint", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="endpoint_id.company_id", store=True, precompute=True
    )
    weekday = fields.Selection(
        [
            ("0", "Monday"),
            ("1", "Tuesday"),
            ("2", "Wednesday"),
            ("3", "Thursday"),
            ("4", "Friday"),
            ("5", "Saturday"),
            ("6", "Sunday"),
            ("all", "Every day"),
        ],
        required=True,
        default="all",
    )
    hour_from = fields.Float(string="From", required=True)
    hour_to = fields.Float(
        string="Until",
        required=True,
        default=24,
        help="24:00 is midnight. A window over midnight takes two lines.",
    )

    @api.constrains("hour_from", "hour_to")
    def _check_hours(self):
        for window in self:
            if not 0 <= window.hour_from < window.hour_to <= 24:
                raise ValidationError(
                    _(
                        "Batch window of endpoint %(endpoint)s: enter times between 00:00 "
                        "and 24:00 with “Until” after “From”. A window over midnight takes "
                        "two lines.",
                        endpoint=window.endpoint_id.name,
                    )
                )

    def _minutes(self):
        """Return (weekday, first minute, minute after the last one) per day."""
        return tuple(
            (day, round(window.hour_from * 60), round(window.hour_to * 60))
            for window in self
            for day in (range(7) if window.weekday == "all" else [int(window.weekday)])
        )
