from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError


class MfgRelease(models.Model):
    """The release of one document as it was when a second person looked at it."""

    _name = "mfg.release"
    _description = "Release"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "document_name"
    _first_state = "requested"
    _open_states = ()
    _decision_fields = (
        "state",
        "requested_by_id",
        "requested_on",
        "decided_by_id",
        "decided_on",
        "fingerprint",
        "content",
        "findings",
        "parent_id",
    )
    _decision_content = ("res_model", "res_id", "gate_ids", "company_id", "plant_id")

    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document", model_field="res_model", required=True, readonly=True, index=True
    )
    document_name = fields.Char("Of", readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    plant_id = fields.Many2one("mfg.plant", readonly=True)
    gate_ids = fields.Many2many("mfg.release.gate", string="Gates", readonly=True)
    fingerprint = fields.Char(readonly=True, copy=False)
    content = fields.Json(
        readonly=True, copy=False, help="What the fingerprint stands for."
    )
    findings = fields.Text(
        readonly=True, help="What the gates found when the release was asked for."
    )
    parent_id = fields.Many2one(
        "mfg.release",
        "Part of",
        readonly=True,
        help="The release of the whole that this document is a part of.",
    )
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("approved", "Released"),
            ("rejected", "Rejected"),
            ("replaced", "Replaced"),
        ],
        required=True,
        default="requested",
        readonly=True,
        tracking=True,
        index=True,
    )
    is_decidable = fields.Boolean(compute="_compute_is_decidable")

    @api.depends("state", "gate_ids.approver_role_id")
    @api.depends_context("uid")
    def _compute_is_decidable(self):
        for release in self:
            release.is_decidable = release._is_decidable()

    def _document(self):
        """The document, for the user of the environment."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)

    def action_open_document(self):
        """Open what was released."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_approve(self):
        """Release the document as it is now.

        :raises AccessError: the user asked for it, made the document, or lacks the role
        :raises UserError: it changed since, or a gate finds something
        """
        for release in self:
            release._check_decision()
            document = release._document()
            content = document.sudo()._mfg_release_content()  # components at cost
            if document._mfg_hash(content) != release.fingerprint:
                raise UserError(
                    _(
                        "%(document)s changed after its release was requested. Request it "
                        "again.",
                        document=release.document_name,
                    )
                )
            # What the gates ask for binds whoever cannot read them, too.
            findings = document._mfg_findings(release.sudo().gate_ids)
            if findings:
                raise UserError(
                    _(
                        "%(document)s cannot be released yet:\n%(findings)s",
                        document=release.document_name,
                        findings="\n".join(findings),
                    )
                )
            release.sudo()._set_decided("approved")  # allowed by the checks above

    def action_reject(self):
        """Decline the release."""
        for release in self:
            release._check_decision()
            release.sudo()._set_decided("rejected")  # allowed by the checks above

    def _approvers(self):
        """``res.users`` who have the roles that all gates ask for, and did not ask."""
        self.ensure_one()
        # The gates bind whoever cannot read them, and whom to ask is no secret.
        gates = self.sudo().gate_ids
        found = None
        for role in gates.approver_role_id:
            holders = role._holders(self.plant_id)
            found = holders if found is None else found & holders
        asking = self.requested_by_id | self._document().sudo().create_uid  # as above
        return (found or self.env["res.users"]) - asking

    def _deciders(self):
        return self._approvers().filtered(self._is_seen_by)

    def _question(self):
        return _("Release %(document)s", document=self.document_name)

    def _is_seen_by(self, user):
        return (
            user.active
            and user.has_group("mfg_multi_company.group_user")
            and self.company_id in user.company_ids
        )

    def _is_decidable(self):
        """Whether the user of the environment may release or reject."""
        self.ensure_one()
        try:
            self._check_decision()
        except UserError:
            return False
        return True

    def _check_decision(self):
        self._check_state("requested")
        document = self._document()
        for record in (self, document):
            record.check_access_rights("read")
            record.check_access_rule("read")
        self._check_second_person()
        user = self.env.user
        if user == document.create_uid:
            raise AccessError(
                _(
                    "You made %(document)s. Another person must release it.",
                    document=self.document_name,
                )
            )
        for (
            gate
        ) in self.sudo().gate_ids:  # the gates bind whoever cannot read them, too
            if not user._mfg_has_role(gate.approver_role_id.code, self.plant_id):
                raise AccessError(
                    _(
                        "Gate %(gate)s: releasing %(document)s needs the plant role "
                        "%(role)s.",
                        gate=gate.name,
                        document=self.document_name,
                        role=gate.approver_role_id.name,
                    )
                )

    @api.model
    def _record(self, document, gates, content, state, **values):
        """A release row for a document, made by the system on behalf of the user."""
        return {
            "res_model": document._name,
            "res_id": document.id,
            "document_name": document.display_name,
            "company_id": document.company_id.id,
            "plant_id": document._mfg_plant().id,
            "gate_ids": [fields.Command.set(gates.ids)],
            "fingerprint": document._mfg_hash(content),
            "content": content,
            "state": state,
            **values,
        }
