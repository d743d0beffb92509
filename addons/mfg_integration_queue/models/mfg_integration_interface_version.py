import json

import jsonschema

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..engine import mapping, paths

#: fields that make up the contract: they do not change once it is approved
_CONTRACT = {
    "interface_id",
    "major",
    "minor",
    "schema",
    "example",
    "mapping_select",
    "mapping_shape",
}


class MfgIntegrationInterfaceVersion(models.Model):
    """What the messages of an interface look like, as agreed with the other side."""

    _name = "mfg.integration.interface.version"
    _description = "Integration Interface Version"
    _inherit = ["mail.thread"]
    _order = "interface_id, major desc, minor desc"

    interface_id = fields.Many2one(
        "mfg.integration.interface", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="interface_id.company_id", store=True)
    major = fields.Integer(required=True, default=1)
    minor = fields.Integer(required=True, default=0)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("review", "In review"),
            ("approved", "Approved"),
            ("deprecated", "Deprecated"),
            ("retired", "Retired"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    author_id = fields.Many2one(
        "res.users", required=True, readonly=True, default=lambda self: self.env.user
    )
    approver_id = fields.Many2one("res.users", readonly=True, copy=False, tracking=True)
    schema = fields.Text(string="JSON Schema", required=True, default="{}")
    example = fields.Text(required=True, default="{}")
    changelog = fields.Text(string="What Changed")
    mapping_select = fields.Text(
        string="1. Fields to Keep",
        help="One field a line, names joined by dots, [] for every line of a list: "
        "components[].product.code. Empty: all of them.",
    )
    mapping_line_ids = fields.One2many(
        "mfg.integration.mapping.line",
        "version_id",
        string="2. Translations",
        copy=True,
        help="A value that has no translation stops its message until somebody adds one.",
    )
    mapping_shape = fields.Text(
        string="3. Shape",
        help="JMESPath expression that makes the message of the selected and translated "
        "fields. Empty: they stay as they are arranged.",
    )

    _sql_constraints = [
        (
            "number_uniq",
            "unique(interface_id, major, minor)",
            "This version number is taken.",
        ),
        (
            "number_positive",
            "CHECK(major > 0 AND minor >= 0)",
            "The major version starts at 1, the minor one at 0.",
        ),
    ]

    @api.depends("interface_id.code", "major", "minor")
    def _compute_display_name(self):
        for version in self:
            version.display_name = (
                f"{version.interface_id.code} v{version.major}.{version.minor}"
            )

    @api.constrains("schema", "example")
    def _check_contract(self):
        for version in self:
            schema = version._parse("schema")
            example = version._parse("example")
            try:
                jsonschema.Draft7Validator.check_schema(schema)
                jsonschema.Draft7Validator(schema).validate(example)
            except jsonschema.SchemaError as error:
                raise ValidationError(
                    _(
                        "The schema of %(version)s is not a JSON Schema: %(cause)s at "
                        "%(path)s.",
                        version=version.display_name,
                        cause=error.message,
                        path=error.json_path,
                    )
                ) from error
            except jsonschema.ValidationError as error:
                raise ValidationError(
                    _(
                        "The example of %(version)s does not fit its schema: %(cause)s at "
                        "%(path)s.",
                        version=version.display_name,
                        cause=error.message,
                        path=error.json_path,
                    )
                ) from error

    @api.constrains("mapping_select", "mapping_shape")
    def _check_mapping(self):
        for version in self:
            for name, check in (
                ("mapping_select", paths.parse_lines),
                ("mapping_shape", mapping.compile_shape),
            ):
                try:
                    if version[name]:
                        check(version[name])
                except ValueError as error:
                    raise ValidationError(
                        _(
                            "“%(field)s” of %(version)s cannot be used: %(cause)s",
                            field=self._fields[name]._description_string(self.env),
                            version=version.display_name,
                            cause=error,
                        )
                    ) from error

    @api.model_create_multi
    def create(self, vals_list):
        """Versions begin as drafts; only shipped contracts come approved."""
        if not self.env.su and any(
            vals.get("state", "draft") != "draft" for vals in vals_list
        ):
            raise UserError(_("A new version is a draft. Submit it for review."))
        if not self.env.su and any("author_id" in vals for vals in vals_list):
            raise UserError(_("The author of a version is the user who creates it."))
        versions = super().create(vals_list)
        self.env["mfg.integration.endpoint"]._settings_changed()
        return versions

    def write(self, vals):
        """Keep what was agreed: an approved contract is replaced, not changed."""
        self.filtered(lambda each: each._would_change(vals))._check_draft()
        if {"state", "author_id", "approver_id"} & vals.keys() and not self.env.su:
            raise UserError(_("Use the buttons to move a version through its states."))
        res = super().write(vals)
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(version.state != "draft" for version in self):
            raise UserError(
                _("Only drafts can be deleted. Retire the version instead.")
            )

    def action_submit(self):
        """Ask for approval."""
        self._move("draft", "review")

    def action_approve(self):
        """Approve as somebody other than the author, with the approver's rights."""
        self._require_approver()
        own = self.filtered(lambda each: each.author_id == self.env.user)
        if own:
            raise UserError(
                _(
                    "You wrote %(version)s: somebody else has to approve it.",
                    version=own[0].display_name,
                )
            )
        self._move("review", "approved", approver_id=self.env.uid)

    def action_back_to_draft(self):
        """Send a version in review back to its author."""
        self._move("review", "draft")

    def action_retire(self):
        """Take an approved version out of use."""
        self._require_approver()
        self._move("approved", "retired")

    def _would_change(self, vals):
        """Tell whether ``vals`` have other contents for the contract."""
        return any(
            self._fields[name].convert_to_cache(vals[name], self)
            != self._fields[name].convert_to_cache(self[name], self)
            for name in _CONTRACT & vals.keys()
        )

    def _check_draft(self):
        frozen = self.filtered(lambda each: each.state != "draft")
        if frozen:
            states = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                _(
                    "%(version)s is %(state)s and cannot be changed. Create a new "
                    "version.",
                    version=frozen[0].display_name,
                    state=states[frozen[0].state].lower(),
                )
            )

    def _require_approver(self):
        if not self.env.user.has_group("mfg_integration_queue.group_approver"):
            raise UserError(_("Only integration approvers can decide on a version."))

    def _move(self, origin, target, **vals):
        self.check_access_rights("write")
        self.check_access_rule("write")
        wrong = self.filtered(lambda each: each.state != origin)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                _(
                    "%(version)s is “%(state)s”, this needs “%(origin)s”.",
                    version=wrong[0].display_name,
                    state=labels[wrong[0].state],
                    origin=labels[origin],
                )
            )
        # sudo: states change through these buttons only; rights are checked above
        self.sudo().write({"state": target, **vals})

    def _parse(self, name):
        try:
            return json.loads(self[name] or "")
        except ValueError as error:
            raise ValidationError(
                _(
                    "%(field)s of %(version)s is not JSON: %(cause)s.",
                    field=self._fields[name].string,
                    version=self.display_name,
                    cause=error,
                )
            ) from error

    # mapping

    def action_try_mapping(self):
        """Open a dialog that shows what the mapping makes of an example."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Try Mapping"),
            "res_model": "mfg.integration.mapping.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_version_id": self.id},
        }

    def _is_mapped(self):
        return bool(self.mapping_select or self.mapping_line_ids or self.mapping_shape)

    @api.model
    @tools.ormcache("version_id", "system_id")
    def _inbound_plan(self, version_id, system_id):
        """Return the mapping of messages of a system, or None: plain values, cached."""
        # sudo: asked by the worker, for whoever sends
        version = self.sudo().browse(version_id)
        if not version._is_mapped():
            return None
        return version._plan(self.env["mfg.integration.system"].browse(system_id))

    def _plan(self, system):
        """Return the :class:`.mapping.Plan` of this contract for one system.

        What it refers to may be gone with a module: then nothing passes unmapped.
        """
        self.ensure_one()
        direction = self.interface_id.direction
        try:
            steps = [line._step(system, direction) for line in self.mapping_line_ids]
        except UserError as error:
            steps = [mapping.UnusableStep(str(error))]
        return mapping.Plan(
            select=paths.tree(paths.parse_lines(self.mapping_select)),
            steps=tuple(steps),
            shape=mapping.compile_shape(self.mapping_shape)
            if self.mapping_shape
            else None,
        )
