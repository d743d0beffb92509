import logging
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.sql_db import db_connect

from ..engine import archive
from .mfg_audit_rule import CLASS_SELECTION

_logger = logging.getLogger(__name__)


class MfgAuditRetention(models.Model):
    """How long a class of events stands in the database before an archive takes its place."""

    _name = "mfg.audit.retention"
    _description = "Audit Retention"
    _order = "months desc, retention_class"
    _rec_name = "retention_class"

    retention_class = fields.Selection(
        CLASS_SELECTION, string="Retention", required=True
    )
    months = fields.Integer(
        string="Months Online",
        required=True,
        help="Months that ended longer ago are archived: written to signed files, read"
        " again, verified, and only then dropped here.",
    )
    archive_ids = fields.One2many("mfg.audit.archive", compute="_compute_archives")
    archive_count = fields.Integer(compute="_compute_archives")

    _sql_constraints = [
        (
            "class_unique",
            "UNIQUE(retention_class)",
            "There is a line for this class already.",
        )
    ]

    @api.constrains("months")
    def _check_months(self):
        if any(line.months < 1 for line in self):
            raise ValidationError(
                _("Months Online is at least 1: the present month cannot be archived.")
            )

    def _compute_archives(self):
        for line in self:
            found = self.env["mfg.audit.archive"].search(
                [("retention_class", "=", line.retention_class)]
            )
            line.archive_ids, line.archive_count = found, len(found)

    def action_archive(self):
        """Archive what is due now.

        :raises AccessError: the user is no audit administrator
        :raises UserError: no folder is configured, or a month could not be archived
        """
        self.check_access_rights("write")
        if not archive.folder():
            raise UserError(
                _(
                    "Set the option %(option)s in odoo.conf to a folder, best on another"
                    " machine, before anything is archived.",
                    option=archive.FOLDER_OPTION,
                )
            )
        problems = self._archive_due()
        if problems:
            raise UserError("\n".join(problems))
        return True

    def _archive_due(self):
        """Archive the months that are due; return what stood in the way, as texts."""
        problems = []
        for line in self:
            before = date.today() - relativedelta(months=line.months)
            for month in archive.months(self.env.cr, line.retention_class, before):
                problem = self._close(month)
                if problem:
                    problems.append(problem)
        return problems

    def _close(self, month):
        """Archive one month; return what stood in the way."""
        hold = self.env["mfg.audit.legal.hold"]._of_month(month)
        if hold:
            return _(
                "%(month)s stays because of the legal hold %(hold)s.",
                month=month.partition,
                hold=hold.name,
            )
        # Of its own: what one month needs must neither hold nor undo another's work.
        with db_connect(self.env.cr.dbname).cursor() as cr:
            try:
                path = archive.close(cr, month, archive.folder())
            except (archive.ArchiveError, OSError) as error:
                cr.rollback()
                return str(error)
        _logger.info("audit trail: %s archived to %s", month.partition, path)
        return None

    @api.model
    def _cron_archive(self):
        """Archive what is due, where a folder is configured."""
        if archive.folder():
            for problem in self.search([])._archive_due():  # pylint: disable=no-search-all
                _logger.warning("audit trail: %s", problem)
