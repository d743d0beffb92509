from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine.values import to_json, to_text


class MfgChangeRequestLine(models.Model):
    """One field of a change request: what it was seen to be and what it should be."""

    _name = "mfg.change.request.line"
    _description = "Field of a Change Request"

    request_id = fields.Many2one(
        "mfg.change.request", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="request_id.company_id", store=True, precompute=True
    )
    res_model = fields.Char(related="request_id.res_model")
    field_id = fields.Many2one(
        "ir.model.fields",
        required=True,
        ondelete="cascade",
        domain="[('model', '=', res_model), ('id', 'in', governed_field_ids)]",
    )
    governed_field_ids = fields.Many2many(
        "ir.model.fields", compute="_compute_governed_field_ids"
    )
    mode = fields.Selection(
        [("global", "Global"), ("inherited", "Inherited"), ("local", "Local")],
        compute="_compute_mode",
    )
    current = fields.Char("Now", compute="_compute_current")
    seen_text = fields.Char("Seen", readonly=True)
    value_seen = fields.Json(readonly=True)
    value_wanted = fields.Char(
        "Wanted", help="As you would type it; names of records, several with commas."
    )

    _sql_constraints = [
        ("field_uniq", "unique(request_id, field_id)", "Name each field once."),
    ]

    @api.depends("res_model")
    def _compute_governed_field_ids(self):
        for line in self:
            # Everybody may ask for a change of what is governed.
            rows = self.env["mfg.data.policy.line"].sudo()
            found = rows.search(
                [("policy_id.model", "=", line.res_model), ("mode", "!=", "local")]
            )
            line.governed_field_ids = found.field_id

    @api.depends("field_id")
    def _compute_mode(self):
        for line in self:
            line.mode = line._policy_lines()[:1].mode

    @api.depends("field_id", "request_id.res_id")
    def _compute_current(self):
        for line in self:
            record = line.request_id._target() if line.request_id else None
            known = record and line.field_id and record.exists()
            line.current = to_text(record, line.field_id.name) if known else False

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [
            {key: vals[key] for key in vals if key not in ("value_seen", "seen_text")}
            for vals in vals_list
        ]
        lines = super().create(vals_list)
        for line in lines:
            line.request_id._check_open(["line_ids"])
            line._note_seen()
        return lines

    def write(self, vals):
        self.request_id._check_open(["line_ids"])
        if {"value_seen", "seen_text"} & set(vals):
            raise UserError(_("What was seen is noted by the system."))
        res = super().write(vals)
        if "field_id" in vals:
            for line in self:
                line._note_seen()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_open_only(self):
        self.request_id._check_open(["line_ids"])

    def _note_seen(self):  # pylint: disable=missing-return
        record, name = self.request_id._target(), self.field_id.name
        record.with_env(self.env).check_field_access_rights("read", [name])
        super().write(  # pylint: disable=super-method-mismatch
            {
                "value_seen": {"value": to_json(record, name)},
                "seen_text": to_text(record, name),
            }
        )

    def _policy_lines(self):
        """The lines of policies that govern these fields, the deciding one per field."""
        policy_line = self.env["mfg.data.policy.line"]
        found = set()
        for line in self:
            guard = line._guard()
            if guard:
                found.add(guard.modes[line.field_id.name][2])
        # What governs a field is no secret to whoever asks for a change of it.
        return policy_line.sudo().browse(sorted(filter(None, found)))

    def _guard(self):
        """The policy that decides on the field, None if there is none."""
        self.ensure_one()
        record = self.request_id._target()
        if not record or not self.field_id:
            return None
        policy = record.env["mfg.data.policy"]
        name = self.field_id.name
        for guard in policy._governed().get(record._name, ()):
            if name in guard.modes and policy._governed_records(guard, record, name):
                return guard if guard.modes[name][0] != "local" else None
        return None

    def _check_deviation(self, record):
        """:raises UserError: the field knows no deviation, or cannot have one here"""
        line = self._policy_lines()
        if line.mode != "inherited" or line.override != "approval":
            raise UserError(
                _(
                    "Data policy %(policy)s knows no deviation of %(field)s. Ask for a "
                    "change for all.",
                    policy=line.policy_id.name,
                    field=self.field_id.field_description,
                )
            )
        own = "company_id" in record._fields and record.company_id
        if not record._fields[self.field_id.name].company_dependent and not own:
            raise UserError(
                _(
                    "All companies share %(field)s of %(record)s, so one company cannot "
                    "deviate. Ask for a change for all.",
                    field=self.field_id.field_description,
                    record=record.display_name,
                )
            )

    def _note_override(self):
        """Remember the deviation that was just written."""
        request = self.request_id
        # An earlier deviation of the same value ends with the new one.
        overrides = self.env["mfg.data.override"].sudo()
        earlier = overrides.search(
            [
                ("res_model", "=", request.res_model),
                ("res_id", "=", request.res_id),
                ("field_id", "=", self.field_id.id),
                ("company_id", "=", request.company_id.id),
                ("state", "=", "active"),
            ]
        )
        before = earlier.value_before if earlier else self.value_seen["value"]
        earlier.write({"state": "ended"})
        earlier.flush_recordset()
        overrides.create(
            {
                "request_id": request.id,
                "policy_id": self._policy_lines().policy_id.id,
                "company_id": request.company_id.id,
                "res_model": request.res_model,
                "res_id": request.res_id,
                "record_name": request.record_name,
                "field_id": self.field_id.id,
                "value": self.value_wanted,
                "value_before": before,
                "date_to": request.valid_until,
            }
        )
