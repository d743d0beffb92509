import json

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from .mfg_integration_interface import CLASSES, CRITICALITIES, PATTERNS

#: what a new interface and its first version take over
_INTERFACE = (
    "name",
    "code",
    "direction",
    "pattern",
    "latency_class",
    "criticality",
    "system_of_record",
    "recovery_tolerance_hours",
    "fallback_procedure",
    "runbook",
)
_VERSION = ("schema", "example", "mapping_select", "mapping_shape")


class MfgIntegrationTemplate(models.Model):
    """A proven contract to begin with: card, schema and example of a common message."""

    _name = "mfg.integration.template"
    _description = "Integration Template"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    summary = fields.Text(translate=True, help="What it is for, in a sentence.")
    code = fields.Char(required=True, help="Code of the interfaces made from it.")
    direction = fields.Selection(
        [("outbound", "Outbound"), ("inbound", "Inbound")], required=True
    )
    pattern = fields.Selection(
        PATTERNS,
        required=True,
    )
    latency_class = fields.Selection(
        CLASSES,
        required=True,
    )
    criticality = fields.Selection(CRITICALITIES, required=True)
    system_of_record = fields.Char(string="System of Record")
    recovery_tolerance_hours = fields.Integer(string="Business Goes On For (h)")
    fallback_procedure = fields.Text(string="Meanwhile", translate=True)
    runbook = fields.Html(translate=True)
    schema = fields.Text(string="JSON Schema", required=True, default="{}")
    example = fields.Text(required=True, default="{}")
    mapping_select = fields.Text(string="Fields to Keep")
    mapping_shape = fields.Text(string="Shape")
    active = fields.Boolean(default=True)

    @api.constrains("schema", "example")
    def _check_json(self):
        for template in self:
            for name in ("schema", "example"):
                try:
                    json.loads(template[name])
                except ValueError as error:
                    raise ValidationError(
                        _(
                            "“%(field)s” of template %(template)s is not JSON: %(cause)s.",
                            field=template._fields[name]._description_string(self.env),
                            template=template.name,
                            cause=error,
                        )
                    ) from error

    def action_create_interface(self):
        """Create an interface and the draft of its contract, and open it.

        :raises UserError: there is an interface with the template's code
        """
        self.ensure_one()
        interfaces = self.env["mfg.integration.interface"]
        existing = interfaces.with_context(active_test=False).search(
            [("code", "=", self.code)]
        )
        if existing:
            raise UserError(
                _(
                    "Interface %(interface)s (%(code)s) is there already. Subscribe "
                    "endpoints to it, or give keys for it.",
                    interface=existing.name,
                    code=self.code,
                )
            )
        interface = interfaces.create(
            {
                **{name: self[name] for name in _INTERFACE},
                "owner_id": self.env.uid,
                "version_ids": [(0, 0, {name: self[name] for name in _VERSION})],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": interface._name,
            "res_id": interface.id,
            "view_mode": "form",
        }
