from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..engine import file_control

#: days after which files that made no trouble are forgotten here; they stay in the archive
KEPT_DAYS = 90


class MfgIntegrationFile(models.Model):
    """A file that was found complete in a pick-up folder, and what became of it."""

    _name = "mfg.integration.file"
    _description = "Picked-up File"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(required=True, readonly=True, index=True)
    folder_id = fields.Many2one(
        "mfg.integration.folder",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    system_id = fields.Many2one(related="folder_id.system_id", store=True)
    interface_id = fields.Many2one(related="folder_id.interface_id", store=True)
    company_id = fields.Many2one(
        related="folder_id.company_id", store=True, precompute=True, index=True
    )
    state = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("known", "Known already"),
            ("rejected", "Rejected"),
        ],
        required=True,
        readonly=True,
        index=True,
    )
    size = fields.Integer(string="Bytes", readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)
    message_new = fields.Integer(string="New Messages", readonly=True)
    message_known = fields.Integer(
        string="Known Messages",
        readonly=True,
        help="Messages that were in the inbox already; they had no second effect.",
    )
    report = fields.Text(readonly=True)
    stored_name = fields.Char(
        compute="_compute_stored_name",
        help="Where the file lies now, in the folder it was found in.",
    )
    # Set once the file has left the folder: whoever finds it unset finishes the move.
    moved = fields.Boolean(readonly=True)

    @api.depends("name", "state", "create_date")
    def _compute_stored_name(self):
        for file in self:
            place = "rejected" if file.state == "rejected" else "archive"
            file.stored_name = f"{place}/{file._new_name()}"

    def action_open_messages(self):
        """Open the messages that came in with the file."""
        self.ensure_one()
        if self.state == "rejected":
            raise UserError(
                _("No message of %(file)s was taken in.", file=self.display_name)
            )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_inbox_action"
        )
        action["domain"] = [
            ("system_id", "=", self.system_id.id),
            ("remote_addr", "=", f"{self.folder_id.path}/{self.name}"),
        ]
        action["context"] = {}
        return action

    def _new_name(self):
        # Names may be used again: the number keeps their files apart.
        self.ensure_one()
        return f"{self.create_date:%Y%m%dT%H%M%SZ}-{self.id}-{self.name}"

    @api.model
    def _record(self, folder, name, **values):
        """Note a file; one that is rejected becomes work for a person."""
        file = self.create({"folder_id": folder.id, "name": name, **values})
        owner = folder.interface_id.exception_owner_id or folder.interface_id.owner_id
        if file.state == "rejected" and owner:
            file.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=_("File rejected"),
                note=plaintext2html(file.report),
                user_id=owner.id,
            )
        return file

    def _finish_move(self, source):
        """Take the file out of the folder it was found in; may be repeated.

        :param source: the open :class:`..engine.file_folder.Folder`
        """
        self.ensure_one()
        place, name = self.stored_name.split("/")
        suffix = file_control.SUFFIX
        with source.sub(place) as target:
            if self.report:
                target.write(f"{name}.report.txt", f"{self.report}\n".encode())
            # The control file goes first: without it nobody takes the file for a new one.
            source.move(self.name + suffix, target, name + suffix)
            source.move(self.name, target, name)
        self.moved = True

    @api.autovacuum
    def _gc_files(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search(
            [
                ("state", "!=", "rejected"),
                ("moved", "=", True),
                ("create_date", "<", limit),
            ],
            limit=10_000,
        ).unlink()
