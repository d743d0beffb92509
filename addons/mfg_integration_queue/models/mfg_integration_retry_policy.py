from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..engine.outcome import RetrySchedule


class MfgIntegrationRetryPolicy(models.Model):
    """How often and how patiently a failed delivery is tried again."""

    _name = "mfg.integration.retry.policy"
    _description = "Integration Retry Policy"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    delays = fields.Char(
        required=True,
        default="5 30 120 600 1800 7200 18000 36000 86400",
        help="Seconds before the second, third … attempt, separated by blanks. The last "
        "one is repeated.",
    )
    max_attempts = fields.Integer(
        required=True,
        default=10,
        help="After so many attempts the message becomes a dead letter.",
    )
    jitter_pct = fields.Integer(
        string="Jitter (%)",
        required=True,
        default=20,
        help="Random spread of each delay, so that a receiver that comes back is not hit "
        "by everything at once.",
    )
    active = fields.Boolean(default=True)

    @api.constrains("delays", "max_attempts", "jitter_pct")
    def _check_schedule(self):
        for policy in self:
            try:
                delays = policy._parse_delays()
            except ValueError:
                delays = []
            if not delays or min(delays) <= 0:
                raise ValidationError(
                    _(
                        "Delays “%(delays)s” of retry policy %(policy)s: enter positive "
                        "seconds separated by blanks, e.g. 5 30 120.",
                        delays=policy.delays,
                        policy=policy.name,
                    )
                )
            if policy.max_attempts < 1 or not 0 <= policy.jitter_pct <= 100:
                raise ValidationError(
                    _(
                        "Retry policy %(policy)s: at least one attempt, and a jitter "
                        "between 0 and 100 %%.",
                        policy=policy.name,
                    )
                )

    def write(self, vals):
        """Tell the workers."""
        res = super().write(vals)
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    def _parse_delays(self):
        self.ensure_one()
        return tuple(float(delay) for delay in (self.delays or "").split())

    def _schedule(self):
        """Return the policy as the engine's :class:`RetrySchedule`."""
        return RetrySchedule(
            self._parse_delays(), self.max_attempts, self.jitter_pct / 100
        )
