import json

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine import mapping, strict_json


class MfgIntegrationMappingPreview(models.TransientModel):
    """Shows what the mapping of a contract makes of a message."""

    _name = "mfg.integration.mapping.preview"
    _description = "Try Mapping"

    version_id = fields.Many2one(
        "mfg.integration.interface.version",
        string="Contract",
        required=True,
        ondelete="cascade",
    )
    system_id = fields.Many2one(
        "mfg.integration.system",
        ondelete="cascade",
        help="Entries and cross references of this system are used.",
    )
    message = fields.Text(
        compute="_compute_message", store=True, readonly=False, precompute=True
    )
    result = fields.Text(compute="_compute_result")
    missing = fields.Text(compute="_compute_result")

    @api.depends("version_id")
    def _compute_message(self):
        for preview in self:
            example = json.loads(preview.version_id.example or "{}")
            preview.message = json.dumps(example, ensure_ascii=False, indent=2)

    @api.depends("version_id", "system_id", "message")
    def _compute_result(self):
        for preview in self:
            preview.result = preview.missing = False
            try:
                preview.result = preview._mapped()
            except (mapping.Unmapped, UserError) as error:
                preview.missing = str(error.args[0])

    def _mapped(self):
        self.ensure_one()
        self.version_id.check_access_rule("read")
        self.system_id.check_access_rule("read")
        try:
            document = strict_json.loads((self.message or "").encode())
        except ValueError as error:
            raise UserError(
                _("The message cannot be read: %(cause)s", cause=error)
            ) from error
        # sudo: value maps are no secret to whoever sees the contract that uses them
        plan = self.version_id.sudo()._plan(self.system_id)
        result = mapping.map_one(self.env.cr, plan, document)
        return json.dumps(result, ensure_ascii=False, indent=2)
