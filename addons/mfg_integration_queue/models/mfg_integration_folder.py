from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..engine import file_folder, inbound_request, strict_json
from ..engine.file_pickup import FilePickup, UnusableFile
from ..engine.problem import Problem
from ..engine.wakeup import workers_alive

#: messages in a file
MAX_MESSAGES = 10_000


class MfgIntegrationFolder(models.Model):
    """A folder in which a system leaves its messages as files."""

    _name = "mfg.integration.folder"
    _description = "Pick-up Folder"
    _inherit = ["mail.thread"]
    _order = "system_id, path"
    _rec_name = "path"
    _check_company_auto = True

    system_id = fields.Many2one(
        "mfg.integration.system",
        required=True,
        ondelete="restrict",
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        related="system_id.company_id", store=True, precompute=True, index=True
    )
    path = fields.Char(
        string="Folder",
        required=True,
        tracking=True,
        help="A path below the folder of the system, e.g. in/orders. All folders lie in "
        "the directory that the server's odoo.conf names.",
    )
    interface_id = fields.Many2one(
        "mfg.integration.interface",
        required=True,
        ondelete="restrict",
        check_company=True,
        domain="[('direction', '=', 'inbound')]",
        tracking=True,
        help="What every message in the folder is.",
    )
    file_format = fields.Selection(
        [
            ("json", "One message per file (JSON)"),
            ("lines", "One message per line (JSON lines)"),
        ],
        string="Content",
        required=True,
        default="json",
        tracking=True,
    )
    active = fields.Boolean(default=True)
    file_ids = fields.One2many("mfg.integration.file", "folder_id")
    rejected_count = fields.Integer(
        string="Rejected Files", compute="_compute_rejected_count"
    )
    problem = fields.Char(
        compute="_compute_problem", help="Why nothing is picked up at the moment."
    )

    _sql_constraints = [
        (
            "path_uniq",
            "unique(system_id, path)",
            "This folder of the system is picked up already.",
        ),
    ]

    @api.depends("file_ids.state")
    def _compute_rejected_count(self):
        groups = self.env["mfg.integration.file"]._read_group(
            [("folder_id", "in", self.ids), ("state", "=", "rejected")],
            ["folder_id"],
            ["__count"],
        )
        counts = {folder.id: count for folder, count in groups}
        for folder in self:
            folder.rejected_count = counts.get(folder._origin.id, 0)

    def _compute_problem(self):
        for folder in self:
            folder.problem = folder.id and folder._why_not_ready()

    @api.constrains("path", "system_id")
    def _check_own_path(self):
        for folder in self:
            self._check_path(folder.system_id, folder.path, folder.display_name)

    @api.constrains("system_id")
    def _check_service_user(self):
        self.system_id._check_can_send()

    @api.constrains("interface_id")
    def _check_interface(self):
        for folder in self:
            if folder.interface_id.direction != "inbound":
                raise ValidationError(
                    _(
                        "%(interface)s is an outbound interface. Choose one that takes "
                        "messages in.",
                        interface=folder.interface_id.name,
                    )
                )

    def action_open_files(self):
        """Open what was found in the folder."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_file_action"
        )
        action["domain"] = [("folder_id", "=", self.id)]
        action["context"] = {}
        return action

    @api.model
    def _check_path(self, system, path, name):
        """Refuse a path that does not lie below the folder of the system.

        :param name: of the endpoint or folder that has the path
        :raises ValidationError: it does not, the server has no directory for files, or
            messages are both written and picked up there
        """
        try:
            file_folder.root()
            file_folder.steps(path or "")
        except file_folder.FolderError as error:
            raise ValidationError(
                _(
                    "Folder of %(name)s of system %(system)s: %(cause)s.",
                    name=name,
                    system=system.name,
                    cause=error,
                )
            ) from error
        # sudo: archived ones count, they may come back
        everything = self.sudo().with_context(active_test=False)
        here = [("system_id", "=", system.id)]
        if everything.search_count([*here, ("path", "=", path)], limit=1) and (
            everything.env["mfg.integration.endpoint"].search_count(
                [*here, ("transport", "=", "file"), ("folder", "=", path)], limit=1
            )
        ):
            raise ValidationError(
                _(
                    "Messages for %(system)s are written into folder %(path)s, and would "
                    "be picked up there again. Choose another folder.",
                    system=system.name,
                    path=path,
                )
            )

    def _open(self):
        """Return the open :class:`..engine.file_folder.Folder`.

        :raises FolderError: it cannot be reached
        """
        self.ensure_one()
        return file_folder.Folder.open(self.system_id.code, self.path)

    def _why_not_ready(self):
        """Return in words why the folder is not picked up, or False."""
        self.ensure_one()
        interface, system = self.interface_id, self.system_id
        if not self.env["mfg.integration.activation"]._is_active():
            return _("This database was not activated for the exchange with systems.")
        if not self.active:
            return _("The folder is archived.")
        if not system.active or not system.user_id.active:
            return _("System %(name)s has no service user.", name=system.name)
        if self.env["mfg.integration.handler"]._for_type(interface.code) is None:
            return _("No installed module handles %(type)s.", type=interface.code)
        if not self.env["mfg.integration.inbox"]._route(interface.code)["version_id"]:
            return _("%(name)s has no approved contract.", name=interface.name)
        try:
            with self._open():
                return False
        except file_folder.FolderError as error:
            return str(error)

    def _accept(self, name, data):
        """Put every message of a file into the inbox, or none.

        :param str name: of the file; with the position it makes the idempotency key of
            messages that bear none of their own
        :param bytes data: what was checked against the control file
        :return: (messages that are new, messages known before)
        :raises UnusableFile: at least one message is refused
        """
        self.ensure_one()
        inbox = self.env["mfg.integration.inbox"]
        # Files wait for nobody's answer.
        route = {**inbox._route(self.interface_id.code), "mode": "async"}
        caller = {
            "id": None,
            "system_id": self.system_id.id,
            "system_code": self.system_id.code,
            "company_id": self.company_id.id,
            "user_id": self.system_id.user_id.id,
        }
        new, known, refused = 0, 0, []
        bodies = getattr(self, f"_split_{self.file_format}")(data)
        if not 0 < len(bodies) <= MAX_MESSAGES:
            raise UnusableFile(
                _(
                    "A file may have 1 to %(limit)s messages, this one has %(count)s.",
                    limit=MAX_MESSAGES,
                    count=len(bodies),
                )
            )
        with self.env.cr.savepoint():
            for position, body in bodies:
                headers = self._headers(name, position, body)
                message = inbox._new_message(
                    caller, route, headers, body, f"{self.path}/{name}"
                )
                try:
                    if len(body) > inbound_request.MAX_BODY:
                        raise Problem("IN-413")
                    _answer, replayed = inbox._receive_once(
                        caller, route, message, headers, None
                    )
                except Problem as problem:
                    refused.append(
                        _(
                            "Message %(position)s: %(cause)s",
                            position=position,
                            cause=problem.explanation(),
                        )
                    )
                else:
                    known += replayed
                    new += not replayed
            if refused:
                raise UnusableFile("\n".join(refused[:20]))
        return new, known

    def _split_json(self, data):
        """Return [(position, body)] of a file that is one message."""
        return [(1, data)] if data else []

    def _split_lines(self, data):
        """Return [(line number, body), …] of a file with a message per line."""
        return [
            (number, line)
            for number, line in enumerate(data.splitlines(), start=1)
            if line.strip()
        ]

    def _headers(self, name, position, body):
        """Return the headers the message would have come with over HTTP."""
        try:
            is_event = "specversion" in strict_json.loads(body)
        except strict_json.Unreadable:
            is_event = False  # refused with its reason further on
        if is_event:
            return {"content-type": inbound_request.CLOUD_EVENT}
        return {
            "content-type": inbound_request.JSON,
            "idempotency-key": f"file:{self.id}:{name}:{position}",
        }

    @api.model
    def _ready_ids(self):
        """Return the ids of the folders to look into."""
        # Files in the folders of the original are none of a copy's business.
        if not self.env["mfg.integration.activation"]._is_active():
            return []
        # sudo: asked by the worker
        return self.sudo().search([]).filtered(lambda each: not each.problem).ids  # pylint: disable=no-search-all

    @api.model
    def _cron_pick_up(self):
        """Look into the folders, if no worker process does."""
        if not workers_alive(self.env.cr):
            FilePickup(self.env.cr.dbname).run_once()
