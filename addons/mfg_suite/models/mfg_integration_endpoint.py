from odoo import api, models

from odoo.addons.mfg_audit_trail.engine import context


class MfgIntegrationEndpoint(models.Model):
    _inherit = "mfg.integration.endpoint"

    @api.model
    def _session_settings(self):
        """What a dispatcher writes past the ORM is the work of the queue, not of a
        stranger with access to the database."""
        known = context.describe(self.env, origin="queue")
        return {**super()._session_settings(), **context.session_settings(known)}
