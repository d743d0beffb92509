from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import envelope, keyring


class MfgIntegrationSecret(models.Model):
    """One signing secret of an endpoint, encrypted with a key outside the database."""

    _name = "mfg.integration.secret"
    _inherit = "mfg.integration.setting"
    _description = "Integration Signing Secret"
    _order = "id desc"

    endpoint_id = fields.Many2one(
        "mfg.integration.endpoint", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="endpoint_id.company_id", store=True, precompute=True
    )
    token = fields.Char(
        required=True,
        copy=False,
        groups="base.group_system",
        help="The secret as encrypted with the key file of the server.",
    )
    valid_from = fields.Datetime(required=True, default=fields.Datetime.now)
    valid_to = fields.Datetime(
        help="Until then messages carry this signature beside the newer one, so that the "
        "receiver can change over without a gap."
    )
    state = fields.Selection(
        [("current", "Current"), ("overlap", "Being replaced"), ("expired", "Expired")],
        compute="_compute_state",
    )
    last_used_at = fields.Datetime(
        string="Last Used",
        compute="_compute_last_used_at",
        help="When the endpoint was called last. Every call is signed with each secret "
        "that is valid at that time.",
    )

    @api.depends("valid_from", "valid_to", "endpoint_id.secret_ids.valid_from")
    def _compute_state(self):
        now = fields.Datetime.now()
        for secret in self:
            if secret.valid_to and secret.valid_to <= now:
                secret.state = "expired"
            elif secret.valid_to:
                secret.state = "overlap"
            else:
                secret.state = "current"

    def _compute_last_used_at(self):
        # Written by workers, outside the ORM: read at every access.
        self.env.cr.execute(
            """
            SELECT endpoint_id, GREATEST(last_ok_at, last_error_at)
              FROM mfg_integration_endpoint_state
             WHERE endpoint_id = ANY(%s)
            """,
            [self.endpoint_id.ids],
        )
        called = dict(self.env.cr.fetchall())
        for secret in self:
            last = called.get(secret.endpoint_id.id)
            signed = (
                last
                and last >= secret.valid_from
                and (not secret.valid_to or last <= secret.valid_to)
            )
            secret.last_used_at = signed and last

    def write(self, vals):
        """The secret itself never changes, it is replaced."""
        if "token" in vals:
            raise UserError(_("A secret cannot be changed. Rotate it instead."))
        return super().write(vals)

    @api.model
    def _encrypt(self, text):
        """Return the encrypted form of a ``whsec_…`` secret.

        :raises ValidationError: not base64, or not 24 to 64 bytes long
        """
        try:
            envelope.decode_secret(text)
        except ValueError as error:
            raise ValidationError(
                _(
                    "The signing secret must be 24 to 64 random bytes in base64, "
                    "with or without the prefix whsec_."
                )
            ) from error
        return keyring.encrypt(text)

    def _raw(self):
        """Return the secret as bytes. Only the delivery engine may ask."""
        self.ensure_one()
        # sudo: the encrypted text is hidden even from those who may read the record
        return envelope.decode_secret(keyring.decrypt(self.sudo().token))
