import json

import jsonschema

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..engine import compatibility, contract, mapping, masking, paths

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

#: what the change log of contracts follows
_LOGGED = (*sorted(_CONTRACT), "changelog", "impact_assessment", "masked_paths")

#: activities that ask for a decision, and for another attempt
APPROVE = "mfg_integration_queue.mail_activity_type_approve"
REVISE = "mfg_integration_queue.mail_activity_type_revise"


class MfgIntegrationInterfaceVersion(models.Model):
    """What the messages of an interface look like, as agreed with the other side."""

    _name = "mfg.integration.interface.version"
    _description = "Integration Interface Version"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "interface_id, major desc, minor desc"

    interface_id = fields.Many2one(
        "mfg.integration.interface", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="interface_id.company_id", store=True, precompute=True
    )
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
    impact_assessment = fields.Text(
        help="Who and what is concerned by this version, what was tested, how to go back."
    )
    card_gaps = fields.Text(string="Missing", compute="_compute_card_gaps")
    differences = fields.Text(
        string="Compared With the Version Before", compute="_compute_differences"
    )
    is_breaking = fields.Boolean(compute="_compute_differences")
    masked_paths = fields.Text(
        string="Confidential Fields",
        help="One field a line, as in 1. Fields to Keep. Their values are hidden from "
        "everybody without the right Confidential Content, and kept out of the answers "
        "and errors that are stored.",
    )
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
            code = version.interface_id.code
            version.display_name = code and f"{code} v{version.major}.{version.minor}"

    @api.depends("impact_assessment", "interface_id")
    def _compute_card_gaps(self):
        for version in self:
            version.card_gaps = ", ".join(version._gaps())

    @api.depends("schema", "major", "minor", "interface_id")
    def _compute_differences(self):
        for version in self:
            predecessor = version._predecessor()
            direction = version.interface_id.direction
            found = version._differences_to(predecessor) if predecessor else []
            version.is_breaking = any(each.breaks(direction) for each in found)
            lines = [
                _("%(difference)s (breaks the other side)", difference=each)
                if each.breaks(direction)
                else str(each)
                for each in found
            ]
            if predecessor:
                lines.insert(0, predecessor.display_name)
            version.differences = "\n".join(lines)

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

    @api.constrains("mapping_select", "mapping_shape", "masked_paths")
    def _check_mapping(self):
        for version in self:
            for name, check in (
                ("mapping_select", paths.parse_lines),
                ("masked_paths", paths.parse_lines),
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

    @api.model
    def default_get(self, fields_list):
        """No caller chooses by `default_…` keys what a version may not begin with."""
        guarded = {"state", "author_id", "approver_id"} & set(fields_list)
        values = super().default_get([n for n in fields_list if n not in guarded])
        for field in map(self._fields.get, guarded):
            if field.default:
                first = field.convert_to_cache(field.default(self), self)
                values[field.name] = field.convert_to_write(first, self)
        return values

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
        self.env["mfg.integration.contract.change"]._note(versions, "created")
        self.env["mfg.integration.endpoint"]._settings_changed()
        return versions

    def write(self, vals):
        """Keep what was agreed: an approved contract is replaced, not changed."""
        self.filtered(lambda each: each._would_change(vals))._check_draft()
        # Confidentiality may be tightened at any time, also for messages that are there,
        # but not loosened by whoever wrote the contract.
        retouched = "masked_paths" in vals and not self.env.su
        if retouched and any(each.state != "draft" for each in self):
            self._require_approver()
        if {"state", "author_id", "approver_id"} & vals.keys() and not self.env.su:
            raise UserError(_("Use the buttons to move a version through its states."))
        changes = self.env["mfg.integration.contract.change"]
        names = [name for name in _LOGGED if name in vals]
        before = changes._values_of(self, names)
        res = super().write(vals)
        changes._note_differences(self, before, "edited")
        self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(version.state != "draft" for version in self):
            raise UserError(
                _("Only drafts can be deleted. Retire the version instead.")
            )

    def action_submit(self):
        """Ask everybody who may approve."""
        self._move(("draft",), "review")
        # sudo: whoever submits need not see the activities of others
        self.sudo().activity_unlink([REVISE])
        for version in self:
            version._ask_approvers()

    def action_approve(self):
        """Approve as somebody other than the author, with the approver's rights.

        :raises UserError: the approver is the author or has no right to approve, the card
            has gaps, the example does not pass, or the other side would break unwarned
        """
        self._require_approver()
        own = self.filtered(lambda each: each.author_id == self.env.user)
        if own:
            raise UserError(
                _(
                    "You wrote %(version)s: somebody else has to approve it.",
                    version=own[0].display_name,
                )
            )
        for version in self:
            version._check_card()
            version._check_example_passes()
            version._check_compatible()
        self._move(("review",), "approved", approver_id=self.env.uid)
        # sudo: whoever decides need not see the activities of others
        known = self.sudo()
        known.activity_feedback([APPROVE], user_id=self.env.uid)
        known.activity_unlink([APPROVE])

    def action_back_to_draft(self):
        """Send a version in review back to its author."""
        self._move(("review",), "draft")
        # sudo: whoever decides need not see the activities of others
        known = self.sudo()
        known.activity_unlink([APPROVE])
        for version in known:
            if version.author_id.active and version.author_id != self.env.user:
                version.activity_schedule(REVISE, user_id=version.author_id.id)

    def action_deprecate(self):
        """Announce the end of an approved version; messages still go under it."""
        self._require_approver()
        self._move(("approved",), "deprecated")

    def action_retire(self):
        """Take an approved or deprecated version out of use."""
        self._require_approver()
        self._move(("approved", "deprecated"), "retired")

    def _ask_approvers(self):
        """Give everybody who may approve this version the activity to decide."""
        self.ensure_one()
        # sudo: groups and companies of other users
        version = self.sudo()
        approvers = self.env.ref("mfg_integration_queue.group_approver").sudo().users
        company = version.company_id
        for user in approvers - version.author_id:
            if not company or company in user.company_ids:
                version.activity_schedule(APPROVE, user_id=user.id)

    def _gaps(self):
        """Return the labels of what the card of this version does not say."""
        # sudo: whoever sees a version may know what its card lacks
        gaps = self.interface_id.sudo()._card_gaps() if self.interface_id else []
        if not self.impact_assessment:
            gaps.append(self._fields["impact_assessment"]._description_string(self.env))
        return gaps

    def _check_card(self):
        gaps = self._gaps()
        if gaps:
            raise UserError(
                _(
                    "%(version)s cannot be approved before its card is complete. Missing: "
                    "%(gaps)s.",
                    version=self.display_name,
                    gaps=", ".join(gaps),
                )
            )

    def _check_example_passes(self):
        """Check that the example goes the way of a message.

        :raises UserError: it does not fit the schema, a value of it has no translation, or
            no installed module handles it
        """
        example = self._parse("example")
        try:
            problems = [
                f"{each['pointer']}: {each['detail']}"
                for each in contract.errors(self.schema, example)
            ]
        except contract.Unusable as error:
            problems = [str(error)]
        if not problems and self._is_mapped():
            # sudo: the approver need not see the systems that use the interface
            problems = self.sudo()._unmapped(example)
        interface = self.interface_id
        if interface.direction == "inbound" and not self.env[
            "mfg.integration.handler"
        ]._for_type(interface.code):
            problems.append(
                _("No installed module handles %(type)s.", type=interface.code)
            )
        if problems:
            raise UserError(
                _(
                    "The example of %(version)s does not pass:\n%(problems)s",
                    version=self.display_name,
                    problems="\n".join(problems),
                )
            )

    def _unmapped(self, example):
        """Return what of an example has no translation, for any system that uses the
        interface; as long as there is none, translations for one system are enough."""

        def missing(system):
            try:
                mapping.map_one(self.env.cr, self._plan(system), example)
            except mapping.Unmapped as error:
                return error.cause.splitlines()
            return []

        systems = self._systems()
        if systems:
            return [cause for system in systems for cause in missing(system)]
        general = missing(systems)
        others = self.env["mfg.integration.system"].search([("active", "=", True)])
        return general if all(missing(system) for system in others) else []

    def _systems(self):
        """Return the systems the messages of the interface go to or come from."""
        interface = self.interface_id
        if interface.direction == "outbound":
            return interface.subscription_ids.endpoint_id.system_id
        return (
            self.env["mfg.integration.credential"]
            .search([("interface_ids", "in", interface.ids)])
            .system_id
        )

    def _check_compatible(self):
        predecessor = self._predecessor()
        if predecessor.major == self.major and self.is_breaking:
            raise UserError(
                _(
                    "%(version)s breaks the other side of the interface. Give it a new "
                    "major version.\n%(differences)s",
                    version=self.display_name,
                    differences=self.differences,
                )
            )

    def _predecessor(self):
        """Return the version that is in force before this one, if any."""
        number = (self.major, self.minor)
        return self.interface_id.version_ids.filtered(
            lambda each: (
                each.state in ("approved", "deprecated")
                and each._origin != self._origin
                and (each.major, each.minor) < number
            )
        ).sorted(lambda each: (each.major, each.minor))[-1:]

    def _differences_to(self, predecessor):
        try:
            new = json.loads(self.schema or "")
        except ValueError:  # while it is being typed
            return []
        return compatibility.differences(json.loads(predecessor.schema), new)

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

    def _move(self, origins, target, **vals):
        self.check_access_rights("write")
        self.check_access_rule("write")
        wrong = self.filtered(lambda each: each.state not in origins)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                _(
                    "%(version)s is “%(state)s”, this needs “%(origin)s”.",
                    version=wrong[0].display_name,
                    state=labels[wrong[0].state],
                    origin=labels[origins[0]],
                )
            )
        # sudo: states change through these buttons only; rights are checked above
        self.sudo().write({"state": target, **vals})
        self.env["mfg.integration.contract.change"]._note(self, target)

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

    # confidentiality

    @api.model
    @tools.ormcache("version_id")
    def _masks(self, version_id):
        """Return the parsed paths of a version's confidential fields."""
        if not version_id:
            return ()
        # sudo: what is hidden depends on the reader, not on his rights on contracts
        return paths.parse_lines(self.sudo().browse(version_id).masked_paths)

    @api.model
    def _hidden_paths(self, version_id):
        """Return the paths whose values the current user must not see.

        Asked about the user, not about sudo(): screens read through related fields.
        """
        masks = self._masks(version_id)
        if masks and not self.env.user.has_group(
            "mfg_integration_queue.group_confidential"
        ):
            return masks
        return ()

    @api.model
    def _shown(self, text, version_id):
        """Return a JSON text as the current user may see it."""
        hidden = self._hidden_paths(version_id)
        return masking.masked_text(text, hidden) if hidden and text else text

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

    def _unknown_values(self, system, document):
        """Return what no value map of this contract translates.

        :param document: decoded content of a message
        :return: set of (``mfg.integration.value.map``, value as text)
        """
        self.ensure_one()
        selected = paths.tree(paths.parse_lines(self.mapping_select))
        document = paths.pruned(document, selected)
        direction = self.interface_id.direction
        return {
            (line.value_map_id, value)
            for line in self.mapping_line_ids.filtered("value_map_id")
            for value in line._step(system, direction).unknown(document)
        }

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
