from odoo import _, api, fields, models
from odoo.exceptions import AccessDenied, AccessError, UserError

from ..engine.ledger import ledger


class MfgQualitySignature(models.Model):
    """Who decided what, when and with which meaning. Written once, with a password."""

    _name = "mfg.quality.signature"
    _description = "Quality Signature"
    _inherit = "mfg.quality.own.defaults"
    _order = "signed_on desc, id desc"
    _rec_name = "printed_name"

    hold_id = fields.Many2one(
        "mfg.quality.hold",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        related="hold_id.company_id", store=True, precompute=True
    )
    disposition_id = fields.Many2one(
        "mfg.quality.disposition", readonly=True, ondelete="restrict", index=True
    )
    user_id = fields.Many2one("res.users", readonly=True, required=True)
    printed_name = fields.Char(readonly=True, required=True)
    role = fields.Selection(
        [("approver", "Approver"), ("inspector", "Inspector")],
        readonly=True,
        required=True,
    )
    decision = fields.Selection(
        [("approve", "Approved"), ("reject", "Rejected")], readonly=True, required=True
    )
    meaning = fields.Char(readonly=True, required=True)
    signed_on = fields.Datetime("Signed on (UTC)", readonly=True, required=True)
    content_hash = fields.Char("SHA-256 of the content", readonly=True, required=True)

    _sql_constraints = [
        (
            "one_per_person",
            "unique(disposition_id, user_id, content_hash)",
            "You have signed this decision already.",
        ),
    ]

    @api.model_create_multi
    def create(self, vals_list):
        if not ledger(self.env.cr).in_transition:
            raise AccessError(_("A signature is made with the password of who signs."))
        return super().create(vals_list)

    def write(self, vals):
        if vals:
            raise UserError(_("A signature cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("A signature cannot be deleted."))

    @api.model
    def _sign(self, disposition, decision, meaning, password, totp_code=None):
        """Sign the present content of a disposition as the user of the environment.

        :param str decision: ``approve`` or ``reject``
        :param str totp_code: of the authenticator, for users who have one
        :raises UserError: wrong or missing password or code
        """
        user = self.env.user
        if not password:
            raise UserError(
                _("Enter your password to sign %(what)s.", what=disposition._title())
            )
        self._authenticate(password, totp_code)
        # Approvers sign; nobody has the right to create signatures otherwise.
        with ledger(self.env.cr).transition():
            return self.sudo().create(
                {
                    "hold_id": disposition.hold_id.id,
                    "disposition_id": disposition.id,
                    "user_id": user.id,
                    "printed_name": user.name,
                    "role": "approver",
                    "decision": decision,
                    "meaning": meaning,
                    "signed_on": fields.Datetime.now(),
                    "content_hash": disposition._content_hash(),
                }
            )

    @api.model
    def _needs_totp(self):
        """Tell whether the user has an authenticator (module auth_totp)."""
        user = self.env.user
        return "totp_enabled" in user._fields and user.totp_enabled

    @api.model
    def _authenticate(self, password, totp_code=None):
        """Check the password of the user, and the second factor of those who have one,
        each time, as the login does.

        Failed attempts count towards Odoo's cooldown of logins.
        """
        user = self.env.user
        code = "".join((totp_code or "").split())
        if self._needs_totp() and not code.isdecimal():
            raise UserError(_("Enter the code of your authenticator to sign."))
        try:
            with user._assert_can_auth(user=user.id):
                user.with_user(user)._check_credentials(password, {"interactive": True})
                if self._needs_totp():
                    user._totp_check(int(code))
        except AccessDenied as error:
            raise UserError(
                _(
                    "The password or the code is not the one of %(user)s.",
                    user=user.name,
                )
            ) from error
