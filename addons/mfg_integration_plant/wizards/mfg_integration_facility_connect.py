import base64
import binascii
from collections import namedtuple
from types import SimpleNamespace
from urllib.parse import urlencode

from markupsafe import Markup

from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..messages import facility_sheet, spreadsheet
from ..messages.names import Names
from ..messages.table import BadTable

#: what a connected plant consists of; ``maps``: value map → its new lines
Facility = namedtuple(
    "Facility", "system endpoint subscriptions folders credential key maps references"
)


class _TakenBackError(Exception):
    """Ends a trial that is to leave nothing behind."""


class MfgIntegrationFacilityConnect(models.TransientModel):
    """Connects a plant: its system, addresses, interfaces, key and maps in one step."""

    _name = "mfg.integration.facility.connect"
    _description = "Connect a Facility"
    _check_company_auto = True

    state = fields.Selection(
        [("draft", "Draft"), ("preview", "Preview")], required=True, default="draft"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    template_id = fields.Many2one(
        "mfg.integration.facility.template",
        required=True,
        ondelete="cascade",
        check_company=True,
    )
    transport = fields.Selection(related="template_id.transport")
    summary = fields.Text(related="template_id.summary")
    service_rights = fields.Text(related="template_id.service_rights")
    outbound_interface_ids = fields.Many2many(
        related="template_id.outbound_interface_ids"
    )
    inbound_interface_ids = fields.Many2many(
        related="template_id.inbound_interface_ids"
    )
    name = fields.Char(required=True, help="Of the system, e.g. Rockford MES.")
    code = fields.Char(
        required=True,
        help="Short name of the system in messages and folders: lower case letters, "
        "digits, dashes. It should not change.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Service User",
        required=True,
        check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="User under whose rights messages of this system are processed.",
    )
    url = fields.Char(string="Address", help="Where messages are sent to.")
    allow_http = fields.Boolean(
        string="Allow Plain HTTP",
        help="Only for systems inside the plant that cannot speak HTTPS.",
    )
    allowed_networks = fields.Text(
        help="Private networks the address may resolve to, one a line, e.g. 10.20.0.0/16."
    )
    key_networks = fields.Text(
        string="Key Used From",
        help="Networks from which the plant may send, one a line. Empty: from anywhere.",
    )
    folder = fields.Char(
        help="Path below the folder of the system, e.g. night. Empty: files lie in the "
        "folders in and out of the system itself."
    )
    maps_file = fields.Binary(
        string="Value Maps",
        attachment=False,
        help="Spreadsheet (.xlsx or .csv) with the columns map, theirs, ours and, for "
        "units, factor.",
    )
    maps_name = fields.Char()
    names_file = fields.Binary(
        string="Items and Partners",
        attachment=False,
        help="Spreadsheet with the columns map, theirs and ours. Their map is item, "
        "partner, unit, location, work_center, loss, journal or account.",
    )
    names_name = fields.Char()
    # Of the template: a file of the dialog could be had only once the dialog is saved.
    empty_sheet_url = fields.Char(
        string="Sheet to Fill",
        compute="_compute_empty_sheet_url",
        help="An empty spreadsheet with the columns and, on its second page, what may stand "
        "in them.",
    )
    preview = fields.Html(readonly=True)

    @api.depends("template_id")
    def _compute_empty_sheet_url(self):
        for wizard in self:
            template = wizard.template_id
            query = {"download": "1", "filename": f"{template.name}.xlsx"}
            wizard.empty_sheet_url = template and (
                f"/web/content/{template._name}/{template.id}/empty_sheet?"
                + urlencode(query)
            )

    def action_preview(self):
        """Check everything and show what would be created, without creating it.

        :raises UserError: a value or a row of the spreadsheets cannot be used
        :return: window action
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                preview = self._describe(self._build())
                raise _TakenBackError
        except _TakenBackError:
            self.write({"state": "preview", "preview": preview})
        return self._reopen()

    def action_back(self):
        """Go back to the questions.

        :return: window action
        """
        self.ensure_one()
        self.state = "draft"
        return self._reopen()

    def action_connect(self):
        """Create everything, and show the new key or the new system.

        :raises UserError: as :meth:`action_preview`; then nothing was created
        :return: window action
        """
        self.ensure_one()
        facility = self._build()
        facility.system.message_post(
            body=_("Connected by template %(name)s.", name=self.template_id.name)
        )
        if facility.key:
            return facility.credential._reveal(facility.key, _("New API Key"))
        return {
            "type": "ir.actions.act_window",
            "res_model": facility.system._name,
            "res_id": facility.system.id,
            "view_mode": "form",
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": _("Connect a Facility"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _build(self):
        """Create everything with the rights of the user; return the :class:`Facility`."""
        self._check_code_free()
        system = self._create_system()
        entries, references = self._read_sheets(system)
        endpoint = self._create_endpoint(system)
        credential, key = self._create_credential(system)
        return Facility(
            system,
            endpoint,
            self._create_subscriptions(endpoint),
            self._create_folders(system),
            credential,
            key,
            self._create_maps(system, entries),
            self._create_references(system, references),
        )

    def _check_code_free(self):
        systems = self.env["mfg.integration.system"].with_context(active_test=False)
        # sudo: a code is taken whoever's system has it
        taken = systems.sudo().search([("code", "=", self.code)], limit=1)
        if not taken:
            return
        if not systems.search([("id", "=", taken.id)]):
            raise UserError(
                _(
                    "A system of another company has the code “%(code)s”. Choose another.",
                    code=self.code,
                )
            )
        raise UserError(
            _(
                "System %(name)s has the code “%(code)s” already. Change that system, or "
                "choose another code.",
                name=taken.name,
                code=self.code,
            )
        )

    def _create_system(self):
        template = self.template_id
        return self.env["mfg.integration.system"].create(
            {
                "name": self.name,
                "code": self.code,
                "company_id": self.company_id.id,
                "kind": template.kind,
                "user_id": self.user_id.id,
                "stock_role": template.stock_role,
                "master_role": template.master_role,
            }
        )

    def _create_endpoint(self, system):
        endpoints = self.env["mfg.integration.endpoint"]
        template = self.template_id
        if not template.outbound_interface_ids:
            return endpoints
        values = {
            "name": _("%(name)s: messages", name=self.name),
            "system_id": system.id,
            "transport": template.transport,
            "retry_policy_id": template.retry_policy_id.id,
            "timeout_read": template.timeout_read,
            "concurrency": template.concurrency,
            "rate_limit": template.rate_limit,
        }
        if template.batch_to:
            window = {"hour_from": template.batch_from, "hour_to": template.batch_to}
            values["batch_window_ids"] = [Command.create(window)]
        if template.transport == "file":
            values["folder"] = self._path("out")
        else:
            values |= {
                "url": self.url,
                "allow_http": self.allow_http,
                "allowed_networks": self.allowed_networks,
            }
        return endpoints.create(values)

    def _create_subscriptions(self, endpoint):
        interfaces = self.template_id.outbound_interface_ids
        unapproved = interfaces.filtered(lambda each: not each.current_version_id)
        if unapproved:
            raise ValidationError(
                _(
                    "Interface %(name)s has no approved contract. Have one approved, or "
                    "take the interface out of the template.",
                    name=unapproved[0].name,
                )
            )
        return self.env["mfg.integration.subscription"].create(
            [
                {
                    "interface_version_id": interface.current_version_id.id,
                    "endpoint_id": endpoint.id,
                    "company_id": self.company_id.id,
                }
                for interface in interfaces
            ]
        )

    def _create_folders(self, system):
        folders = self.env["mfg.integration.folder"]
        template = self.template_id
        if template.transport != "file":
            return folders
        layouts = {each.interface_id: each for each in template.layout_ids}
        return folders.create(
            [
                {
                    "system_id": system.id,
                    "path": self._path(f"in/{interface.code}"),
                    "interface_id": interface.id,
                    "file_format": "table" if interface in layouts else "json",
                    "layout_id": interface in layouts and layouts[interface].id,
                }
                for interface in template.inbound_interface_ids
            ]
        )

    def _path(self, name):
        return f"{self.folder.strip('/')}/{name}" if self.folder else name

    def _create_credential(self, system):
        """Return (credential, key), both empty if the plant sends nothing over HTTP."""
        credentials = self.env["mfg.integration.credential"]
        template = self.template_id
        if template.transport == "file" or not template.inbound_interface_ids:
            return credentials, None
        credentials.check_access_rights("write")
        system.check_access_rule("write")
        return credentials._issue(
            {
                "name": self.name,
                "system_id": system.id,
                "interface_ids": [Command.set(template.inbound_interface_ids.ids)],
                "allowed_networks": self.key_networks,
                "quota_per_minute": template.quota_per_minute,
            }
        )

    def _read_sheets(self, system):
        """Return (map of the template → values of entries, values of references)."""
        files = [
            (name or _("Spreadsheet"), self._decoded(name, content))
            for name, content in (
                (self.maps_name, self.maps_file),
                (self.names_name, self.names_file),
            )
            if content
        ]
        system._check_can_send()
        # What the messages of this system will find, nothing else, is found here.
        env = self.with_user(self.user_id).with_company(self.company_id).env
        names = Names(
            env, SimpleNamespace(system_id=system.id, system_code=system.code)
        )
        try:
            return facility_sheet.FacilitySheet(self.template_id.map_ids, names).parse(
                files
            )
        except BadTable as error:
            raise UserError(
                _("Nothing was created. Correct the spreadsheet:\n%(rows)s", rows=error)
            ) from error

    def _decoded(self, name, content):
        if len(content) > spreadsheet.MAX_BYTES * 2:
            raise UserError(_("%(name)s is too large for a list of names.", name=name))
        try:
            return base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise UserError(_("%(name)s was not uploaded whole.", name=name)) from error

    def _create_maps(self, system, entries):
        """Return value map → lines of this system."""
        created = {}
        for each, lines in entries.items():
            if not lines:
                continue
            value_map = each._value_map(self.company_id) or self.env[
                "mfg.integration.value.map"
            ].with_context(lang=None).create(
                {
                    "name": each.name,
                    "kind": each.kind,
                    "direction": each.direction,
                    "company_id": self.company_id.id,
                }
            )
            created[value_map] = self.env["mfg.integration.value.map.line"].create(
                [
                    {**line, "map_id": value_map.id, "system_id": system.id}
                    for line in lines
                ]
            )
        return created

    def _create_references(self, system, references):
        models_ = self.env["ir.model"]
        return self.env["mfg.integration.xref"].create(
            [
                {
                    "system_id": system.id,
                    "model_id": models_._get_id(each["model"]),
                    "res_id": each["res_id"],
                    "external_id": each["external_id"],
                    "is_primary": each["is_primary"],
                }
                for each in references
            ]
        )

    def _describe(self, facility):
        """Return what was built as a table in HTML."""
        system, endpoint = facility.system, facility.endpoint
        rows = [
            (_("System"), f"{system.name} ({system.code})"),
            (_("Company"), self.company_id.name),
            (_("Service user"), self.user_id.name),
        ]
        if endpoint:
            rows += [
                (_("Messages are sent to"), endpoint.url or endpoint.folder),
                (_("It hears of"), self._listed(facility.subscriptions.interface_id)),
            ]
        if facility.credential:
            rows.append(
                (_("A key for"), self._listed(facility.credential.interface_ids))
            )
        if facility.folders:
            rows.append(
                (
                    _("Files are picked up from"),
                    ", ".join(facility.folders.mapped("path")),
                )
            )
        rows += [
            (
                _("Value map %(name)s", name=value_map.name),
                self._about(value_map, lines),
            )
            for value_map, lines in facility.maps.items()
        ]
        rows += [
            (_("Cross references: %(kind)s", kind=model.name), len(references))
            for model, references in facility.references.grouped("model_id").items()
        ]
        return Markup("<table class='table table-sm'>%s</table>") % Markup().join(
            Markup("<tr><th>%s</th><td>%s</td></tr>") % row for row in rows
        )

    def _listed(self, interfaces):
        return ", ".join(interfaces.mapped("name"))

    def _about(self, value_map, lines):
        text = _("%(count)s entries", count=len(lines))
        # sudo: also a contract that the user does not see makes use of the map
        used = (
            self.env["mfg.integration.mapping.line"]
            .sudo()
            .search_count([("value_map_id", "=", value_map.id)], limit=1)
        )
        if used:
            return text
        return _("%(text)s; no contract uses the map yet", text=text)
