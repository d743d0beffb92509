import hmac
import secrets
from hashlib import sha256

from odoo import _, api, models
from odoo.exceptions import AccessError

_PARAMETER = "mfg_integration_queue.metrics_token_sha256"


class MfgIntegrationMetrics(models.AbstractModel):
    """Who may read the metrics: whoever has the token, of which only a hash is kept."""

    _name = "mfg.integration.metrics"
    _description = "Integration Metrics"

    @api.model
    def create_token(self):
        """Make a new token, show it once and forget it; the former one is worthless.

        :return: notification with the token
        :raises AccessError: the user is no integration administrator
        """
        if not self.env.user.has_group("mfg_integration_queue.group_administrator"):
            raise AccessError(
                _("Only integration administrators give out the metrics token.")
            )
        token = f"mfgmet_{secrets.token_urlsafe(32)}"
        # sudo: this parameter only, and it holds a hash
        self.env["ir.config_parameter"].sudo().set_param(_PARAMETER, _hash(token))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": _("New metrics token, shown this once"),
                "message": token,
                "type": "success",
                "sticky": True,
            },
        }

    @api.model
    def _fits(self, token):
        # sudo: nobody is logged in where metrics are read
        kept = self.env["ir.config_parameter"].sudo().get_param(_PARAMETER)
        return bool(kept) and hmac.compare_digest(kept, _hash(token))


def _hash(token):
    return sha256(token.encode()).hexdigest()
