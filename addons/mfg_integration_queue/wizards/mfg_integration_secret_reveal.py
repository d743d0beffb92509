from odoo import fields, models

from ..engine import envelope


class MfgIntegrationSecretReveal(models.TransientModel):
    """Shows a signing secret to the person who has just rotated it.

    Only :meth:`MfgIntegrationEndpoint.action_rotate_secret` creates one, Odoo shows a
    transient record to its creator only, and the secret itself is not stored here.
    """

    _name = "mfg.integration.secret.reveal"
    _description = "Show New Signing Secret"

    secret_id = fields.Many2one(
        "mfg.integration.secret",
        string="Version",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    endpoint_id = fields.Many2one(related="secret_id.endpoint_id")
    secret = fields.Char(compute="_compute_secret")

    def _compute_secret(self):
        for wizard in self:
            wizard.secret = envelope.encode_secret(wizard.secret_id._raw())
