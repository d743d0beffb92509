from odoo import _, fields, models
from odoo.exceptions import UserError

from ..engine import archive, export, signing
from ..offline import mfg_audit_verify
from .mfg_audit_rule import CLASS_SELECTION


class MfgAuditArchive(models.Model):
    """A month of events that stands in a signed file. Written by the archive alone."""

    _name = "mfg.audit.archive"
    _description = "Audit Archive"
    _auto = False
    _order = "month desc, id desc"
    _rec_name = "file"

    retention_class = fields.Selection(
        CLASS_SELECTION, string="Retention", readonly=True
    )
    month = fields.Date(readonly=True)
    file = fields.Char(readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)
    events = fields.Integer(readonly=True)
    created_at = fields.Datetime(string="Archived On", readonly=True)
    manifest = fields.Text(readonly=True)
    is_here = fields.Boolean(
        string="Restored",
        readonly=True,
        help="It was read in again and can be searched.",
    )

    @property
    def _table_query(self):
        return """
            SELECT id, class AS retention_class, month, file, sha256, events, manifest,
                   created_at AT TIME ZONE 'UTC' AS created_at,
                   to_regclass('mfg_audit.' || partition) IS NOT NULL AS is_here
              FROM mfg_audit.archive
        """

    def action_verify(self):
        """Read the files and verify them.

        :raises UserError: one is missing or not what was signed; the text names it
        """
        self.check_access_rights("read")
        for month in self:
            try:
                found = export.digest(month.file)
                _counted, findings = archive.verify(
                    self.env.cr, month.file, self._public()
                )
            except (OSError, mfg_audit_verify.Damaged) as error:
                raise UserError(str(error)) from error
            if found != month.sha256:
                findings.append(_("the file is another one than was archived"))
            if findings:
                raise UserError(
                    _(
                        "%(file)s is not what was archived: %(findings)s",
                        file=month.file,
                        findings="; ".join(findings[:5]),
                    )
                )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": _("The archive is what was signed."),
            },
        }

    def action_restore(self):
        """Read the month in again, so that it can be searched.

        :raises AccessError: the user is no audit administrator
        :raises UserError: the file is missing, damaged, or the month is here already
        """
        self.env["mfg.audit.retention"].check_access_rights("write")
        for month in self:
            try:
                archive.restore(self.env.cr, month.file, self._public())
            except (OSError, archive.ArchiveError) as error:
                raise UserError(str(error)) from error
        return True

    def _public(self):
        public = signing.public()
        if not public:
            raise UserError(
                _(
                    "Set the option %(option)s in odoo.conf first.",
                    option=signing.OPTION,
                )
            )
        return public
