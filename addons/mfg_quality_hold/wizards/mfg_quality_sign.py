from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgQualitySign(models.TransientModel):
    """Password and meaning of one signature. The password is checked when it arrives and
    kept nowhere."""

    _name = "mfg.quality.sign"
    _description = "Sign a Quality Decision"

    disposition_id = fields.Many2one(
        "mfg.quality.disposition", required=True, readonly=True
    )
    content = fields.Text(compute="_compute_content")
    decision = fields.Selection(
        [("approve", "I approve"), ("reject", "I reject")],
        required=True,
        default="approve",
    )
    meaning = fields.Char(
        "Meaning of My Signature",
        required=True,
        default=lambda self: _("Reviewed and decided"),
    )
    password = fields.Char(
        "My Password", compute="_compute_password", inverse="_inverse_password"
    )
    needs_totp = fields.Boolean(compute="_compute_needs_totp")
    # The same inverse: both arrive in one request, or the signature fails.
    totp_code = fields.Char(
        "Code of My Authenticator",
        compute="_compute_password",
        inverse="_inverse_password",
    )

    @api.depends("disposition_id")
    def _compute_content(self):
        for wizard in self:
            disposition = wizard.disposition_id
            kinds = dict(disposition._fields["kind"]._description_selection(self.env))
            lines = [
                f"{line.quantity} {line.uom_id.name or ''}  {line.hold_line_id.scope}"
                for line in disposition.line_ids
            ]
            wizard.content = "\n".join(
                [f"{disposition.hold_id.name}: {kinds.get(disposition.kind)}", *lines]
                + [disposition.justification or ""]
            ).strip()

    def _compute_password(self):
        self.password = False
        self.totp_code = False

    @api.depends("disposition_id")
    def _compute_needs_totp(self):
        self.needs_totp = self.env["mfg.quality.signature"]._needs_totp()

    def _inverse_password(self):
        """Sign as soon as the password is there: it is not kept for a second request."""
        for wizard in self:
            if wizard.password:
                wizard._sign_with(wizard.password, wizard.totp_code)

    def _sign_with(self, password, totp_code):
        self.ensure_one()
        if self.create_uid and self.create_uid != self.env.user:
            raise UserError(_("Open your own dialog to sign."))
        self.disposition_id._sign(self.decision, self.meaning, password, totp_code)

    def action_done(self):
        """Close the dialog once the signature is there.

        :raises UserError: no password was entered
        """
        self.ensure_one()
        mine = self.disposition_id.signature_ids.filtered(
            lambda signature: signature.user_id == self.env.user
        )
        if not mine:
            raise UserError(
                _(
                    "Enter your password to sign %(what)s.",
                    what=self.disposition_id._title(),
                )
            )
        return {"type": "ir.actions.act_window_close"}
