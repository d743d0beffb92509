import logging
import secrets as random_secrets

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine import api_key, envelope, keyring

_logger = logging.getLogger(__name__)

#: how long the former key or secret is accepted beside the new one
ROTATION_OVERLAP = relativedelta(days=7)
SECRET_BYTES = 32

#: fields that only the buttons change
_GUARDED = {
    "system_id",
    "prefix",
    "key_hash",
    "signing_token",
    "former_signing_token",
    "former_valid_to",
    "revoked_at",
    "revoked_by_id",
}


class MfgIntegrationCredential(models.Model):
    """A key with which a system may send us messages; we keep its hash only."""

    _name = "mfg.integration.credential"
    _description = "Integration API Key"
    _inherit = ["mfg.integration.networked", "mail.thread"]
    _order = "system_id, id desc"
    _check_company_auto = True

    name = fields.Char(
        required=True, tracking=True, help="Who holds the key, e.g. MES gateway."
    )
    system_id = fields.Many2one(
        "mfg.integration.system",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        related="system_id.company_id", store=True, precompute=True, index=True
    )
    user_id = fields.Many2one(related="system_id.user_id")
    interface_ids = fields.Many2many(
        "mfg.integration.interface",
        string="Interfaces",
        domain="[('direction', '=', 'inbound')]",
        check_company=True,
        tracking=True,
        help="What the key may send. Empty: nothing.",
    )
    allowed_networks = fields.Text(
        help="Where the key may be used from, one network a line, e.g. 10.20.0.0/16. "
        "Empty: from anywhere.",
    )
    expires_at = fields.Datetime(string="Expires", tracking=True)
    quota_per_minute = fields.Integer(
        string="Messages a Minute",
        default=6000,
        required=True,
        tracking=True,
        help="Further ones are asked to come later. 0: as many as they like.",
    )
    signature_required = fields.Boolean(
        tracking=True,
        help="Only messages with a valid Standard Webhooks signature are accepted.",
    )
    prefix = fields.Char(string="Key Begins With", required=True, readonly=True)
    key_hash = fields.Char(required=True, readonly=True, groups="base.group_system")
    signing_token = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The signing secret as encrypted with the key file of the server.",
    )
    former_signing_token = fields.Char(
        readonly=True, copy=False, groups="base.group_system"
    )
    former_valid_to = fields.Datetime(
        string="Former Secret Until", readonly=True, copy=False
    )
    revoked_at = fields.Datetime(string="Revoked", readonly=True, copy=False)
    revoked_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    state = fields.Selection(
        [("valid", "Valid"), ("expired", "Expired"), ("revoked", "Revoked")],
        compute="_compute_state",
    )
    last_used_at = fields.Datetime(string="Last Used", compute="_compute_usage")
    last_used_addr = fields.Char(string="From", compute="_compute_usage")
    quota_used = fields.Integer(
        string="Used This Minute",
        compute="_compute_usage",
        help="Of the messages a minute. Server processes draw them in shares of a "
        "twentieth, so this runs ahead a little.",
    )
    refused_at = fields.Datetime(string="Last Refused", compute="_compute_usage")
    refused_addr = fields.Char(string="Refused From", compute="_compute_usage")
    refused_id = fields.Many2one(
        "mfg.integration.error.code", string="Why", compute="_compute_usage"
    )

    _sql_constraints = [
        ("prefix_uniq", "unique(prefix)", "Two keys cannot begin the same."),
        (
            "quota_positive",
            "CHECK(quota_per_minute >= 0)",
            "“Messages a Minute” cannot be negative.",
        ),
    ]

    @api.depends("expires_at", "revoked_at")
    def _compute_state(self):
        now = fields.Datetime.now()
        for credential in self:
            if credential.revoked_at:
                credential.state = "revoked"
            elif credential.expires_at and credential.expires_at <= now:
                credential.state = "expired"
            else:
                credential.state = "valid"

    def _compute_usage(self):
        # Written by requests, outside the ORM: read at every access.
        self.env.cr.execute(
            """
            SELECT credential_id, last_used_at, last_used_addr, refused_at, refused_code,
                   refused_addr,
                   CASE WHEN window_at = date_trunc(
                            'minute', timezone('UTC', clock_timestamp()))
                        THEN window_used ELSE 0 END AS quota_used
              FROM mfg_integration_credential_state
             WHERE credential_id = ANY(%s)
            """,
            [self.ids],
        )
        usage = {row["credential_id"]: row for row in self.env.cr.dictfetchall()}
        errors = self.env["mfg.integration.error.code"]
        for credential in self:
            row = usage.get(credential._origin.id, {})
            credential.last_used_at = row.get("last_used_at")
            credential.last_used_addr = row.get("last_used_addr")
            credential.quota_used = row.get("quota_used")
            credential.refused_at = row.get("refused_at")
            credential.refused_addr = row.get("refused_addr")
            credential.refused_id = errors._for_code(row.get("refused_code"))

    @api.constrains("interface_ids", "system_id")
    def _check_interfaces(self):
        # Odoo's own check is content when one of several interfaces fits.
        for credential in self:
            company = credential.system_id.company_id
            foreign = credential.interface_ids.filtered(
                lambda each, company=company: each.company_id - company
            )
            if foreign:
                raise ValidationError(
                    _(
                        "Interface %(interface)s belongs to %(other)s, the API key "
                        "%(key)s to %(company)s.",
                        interface=foreign[0].name,
                        other=foreign[0].company_id.name,
                        key=credential.name,
                        company=company.name,
                    )
                )

    @api.constrains("system_id")
    def _check_service_user(self):
        self.system_id._check_can_send()

    @api.model_create_multi
    def create(self, vals_list):
        """Keys come from the button only: nobody may choose one."""
        if not self.env.su:
            raise AccessError(_("Use “New API Key” on the system."))
        credentials = super().create(vals_list)
        self.env.registry.clear_cache()
        return credentials

    def write(self, vals):
        """Forget what requests know about the key."""
        if not self.env.su and _GUARDED & vals.keys():
            raise UserError(_("Use the buttons to rotate or revoke an API key."))
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for credential in self:
            if credential.last_used_at:
                raise UserError(
                    _(
                        "API key %(key)s was used. Revoke it instead, so that its "
                        "messages can still be told apart.",
                        key=credential.name,
                    )
                )

    def unlink(self):
        """Forget what requests know about the key."""
        self.env.registry.clear_cache()
        return super().unlink()

    def copy_data(self, default=None):
        """A copy would be a second key with the first one's hash."""
        raise UserError(_("An API key cannot be copied. Create a new one."))

    def action_rotate(self):
        """Show a new key like this one; this one ends in seven days."""
        self.ensure_one()
        self._check_integrator()
        self._check_not_revoked()
        successor, text = self._issue(
            {
                "name": self.name,
                "system_id": self.system_id.id,
                "interface_ids": [(6, 0, self.interface_ids.ids)],
                "allowed_networks": self.allowed_networks,
                "quota_per_minute": self.quota_per_minute,
                "signature_required": self.signature_required,
                # sudo: the signing secret goes on with the new key
                "signing_token": self.sudo().signing_token,
            }
        )
        ends = fields.Datetime.now() + ROTATION_OVERLAP
        if not self.expires_at or self.expires_at > ends:
            self.expires_at = ends
        self.message_post(
            body=_("Replaced by %(key)s.", key=successor.display_name),
        )
        return successor._reveal(text, _("New API Key"))

    def action_revoke(self):
        """Refuse the key from now on, everywhere and for good."""
        self._check_integrator()
        self._check_not_revoked()
        # sudo: keys are revoked by this button only; rights are checked above
        self.sudo().write(
            {"revoked_at": fields.Datetime.now(), "revoked_by_id": self.env.uid}
        )
        for credential in self:
            credential.message_post(body=_("Revoked."))

    def action_new_signing_secret(self):
        """Show a new signing secret; the former one is accepted for seven more days."""
        self.ensure_one()
        self._check_integrator()
        self._check_not_revoked()
        text = envelope.encode_secret(random_secrets.token_bytes(SECRET_BYTES))
        self._set_signing_secret(text)
        self.message_post(body=_("Signing secret replaced."))
        return self._reveal(text, _("New Signing Secret"))

    def _set_signing_secret(self, text):
        """Make ``text`` (``whsec_…``) the secret that messages are signed with.

        :raises ValidationError: not base64, or not 24 to 64 bytes long
        """
        token = self.env["mfg.integration.secret"]._encrypt(text)
        # sudo: nobody writes a secret by hand; callers have checked the rights
        for credential in self.sudo():
            credential.write(
                {
                    "signing_token": token,
                    "former_signing_token": credential.signing_token,
                    "former_valid_to": fields.Datetime.now() + ROTATION_OVERLAP
                    if credential.signing_token
                    else False,
                }
            )

    @api.model
    def _issue(self, values):
        """Create a credential and return it with its key, which is kept nowhere.

        :return: (credential in the caller's environment, key)
        """
        text, prefix, key_hash = api_key.generate()
        # sudo: nobody chooses prefix and hash; callers have checked the rights
        credential = self.sudo().create(
            {**values, "prefix": prefix, "key_hash": key_hash}
        )
        # sudo: back to the rights of the caller
        return credential.sudo(False), text

    def _reveal(self, text, title):
        """Return the dialog that shows a key or secret once.

        It travels in the answer to the button and is never written anywhere.
        """
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "mfg.integration.credential.reveal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_credential_id": self.id,
                "default_secret": text,
            },
        }

    def _check_integrator(self):
        self.check_access_rights("write")
        self.check_access_rule("write")

    def _check_not_revoked(self):
        revoked = self.filtered("revoked_at")
        if revoked:
            raise UserError(
                _("API key %(key)s is revoked. Create a new one.", key=revoked[0].name)
            )

    @api.model
    @tools.ormcache("prefix")
    def _lookup(self, prefix):
        """Return what a request needs to know about a key.

        Plain values, because they are cached across transactions; every change of a key,
        its system or an interface forgets them in all processes.

        :raises KeyError: nobody has it; that is not cached, or strangers could fill the cache
        """
        # sudo: asked before anybody is known; the answer never leaves the server
        credential = self.sudo().search([("prefix", "=", prefix)]) if prefix else None
        if not credential or not credential.system_id.active:
            raise KeyError(prefix)
        system = credential.system_id
        return {
            "id": credential.id,
            "hash": credential.key_hash,
            "revoked": bool(credential.revoked_at),
            "expires_at": credential.expires_at,
            "networks": credential._networks(),
            "interfaces": frozenset(credential.interface_ids.ids),
            "quota": credential.quota_per_minute,
            "signature_required": credential.signature_required,
            "secrets": credential._secrets(),
            "system_id": system.id,
            "system_code": system.code,
            "company_id": system.company_id.id,
            "user_id": system.user_id.active and system.user_id.id,
        }

    def _secrets(self):
        """Return [(raw signing secret, valid until or None), …]."""
        self.ensure_one()
        tokens = (
            (self.signing_token, None),
            (self.former_signing_token, self.former_valid_to),
        )
        secrets = []
        for token, valid_to in tokens:
            try:
                if token:
                    raw = envelope.decode_secret(keyring.decrypt(token))
                    secrets.append((raw, valid_to))
            except UserError as error:
                # Without the key file no signature fits; the senders are told so.
                _logger.info(
                    "Secret of API key %s cannot be used: %s", self.name, error
                )
        return secrets
