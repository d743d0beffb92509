import base64

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..messages import facility_sheet


class MfgIntegrationFacilityTemplate(models.Model):
    """What a kind of plant system hears and tells, so that a new one is connected in a form."""

    _name = "mfg.integration.facility.template"
    _description = "Facility Template"
    _inherit = ["mail.thread"]
    _order = "sequence, name"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10)
    summary = fields.Text(translate=True, help="What it is for, in a sentence.")
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: every company may use the template."
    )
    kind = fields.Selection(
        selection="_selection_kind", required=True, default="other", tracking=True
    )
    transport = fields.Selection(
        [("https", "Messages over HTTPS"), ("file", "Files in folders")],
        string="Exchange",
        required=True,
        default="https",
        tracking=True,
    )
    outbound_interface_ids = fields.Many2many(
        "mfg.integration.interface",
        relation="mfg_integration_facility_template_out_rel",
        string="It Hears Of",
        domain="[('direction', '=', 'outbound')]",
        check_company=True,
        help="The company's messages of these interfaces are sent to the plant.",
    )
    inbound_interface_ids = fields.Many2many(
        "mfg.integration.interface",
        relation="mfg_integration_facility_template_in_rel",
        string="It May Tell",
        domain="[('direction', '=', 'inbound')]",
        check_company=True,
        help="What the key of the plant may send, or which folders are picked up.",
    )
    layout_ids = fields.Many2many(
        "mfg.integration.file.layout",
        relation="mfg_integration_facility_template_layout_rel",
        string="File Layouts",
        domain="[('interface_id', 'in', inbound_interface_ids)]",
        check_company=True,
        help="Files of these interfaces consist of columns. All others are JSON, one "
        "message a file.",
    )
    retry_policy_id = fields.Many2one(
        "mfg.integration.retry.policy",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env[
            "mfg.integration.endpoint"
        ]._default_retry_policy_id(),
    )
    timeout_read = fields.Float(string="Answer Timeout (s)", default=15, required=True)
    concurrency = fields.Integer(string="Parallel Requests", default=8, required=True)
    rate_limit = fields.Float(
        string="Messages per Second", help="Sent to the plant. 0: any number."
    )
    batch_from = fields.Float(string="Batches From")
    batch_to = fields.Float(
        string="Batches Until",
        help="Messages of the class “Batch” are sent between these times only. "
        "Both 0: at any time.",
    )
    quota_per_minute = fields.Integer(
        string="Messages a Minute",
        default=6000,
        required=True,
        help="That the plant may send. 0: as many as it likes, such as an edge buffer "
        "that catches up.",
    )
    stock_role = fields.Selection(
        selection="_selection_stock_role", required=True, default="compare"
    )
    master_role = fields.Selection(
        selection="_selection_master_role", required=True, default="odoo"
    )
    service_rights = fields.Text(
        translate=True, help="What the service user of such a system needs."
    )
    map_ids = fields.One2many(
        "mfg.integration.facility.map", "template_id", string="Value Maps", copy=True
    )
    active = fields.Boolean(default=True)
    empty_sheet = fields.Binary(
        string="Sheet to Fill",
        compute="_compute_empty_sheet",
        help="An empty spreadsheet with the columns and, on its second page, what may stand "
        "in them.",
    )

    _sql_constraints = [
        (
            "batch_range",
            "CHECK((batch_from = 0 AND batch_to = 0) "
            "OR (batch_from >= 0 AND batch_from < batch_to AND batch_to <= 24))",
            "Enter times between 00:00 and 24:00 with “Batches Until” after “Batches From”.",
        )
    ]

    @api.model
    def _selection_kind(self):
        return self._selection_of_systems("kind")

    @api.model
    def _selection_stock_role(self):
        return self._selection_of_systems("stock_role")

    @api.model
    def _selection_master_role(self):
        return self._selection_of_systems("master_role")

    @api.model
    def _selection_of_systems(self, name):
        field = self.env["mfg.integration.system"]._fields[name]
        return field._description_selection(self.env)

    @api.depends(
        "map_ids.name", "map_ids.required", "map_ids.kind", "map_ids.allowed_values"
    )
    def _compute_empty_sheet(self):
        for template in self:
            template.empty_sheet = base64.b64encode(
                facility_sheet.empty(template.map_ids)
            )

    # The name is there from the beginning, so that a new template is looked at, too.
    @api.constrains("name", "outbound_interface_ids", "inbound_interface_ids")
    def _check_carries_something(self):
        for template in self:
            if not template.outbound_interface_ids | template.inbound_interface_ids:
                raise ValidationError(
                    _(
                        "Template %(template)s connects nothing yet. Choose at least one "
                        "interface on the tab Interfaces, in “It Hears Of” or “It May "
                        "Tell”.",
                        template=template.name,
                    )
                )

    @api.constrains("outbound_interface_ids", "inbound_interface_ids", "layout_ids")
    def _check_interfaces(self):
        for template in self:
            swapped = template.outbound_interface_ids.filtered(
                lambda each: each.direction != "outbound"
            ) | template.inbound_interface_ids.filtered(
                lambda each: each.direction != "inbound"
            )
            if swapped:
                raise ValidationError(
                    _(
                        "Interface %(interface)s of template %(template)s goes the other "
                        "way.",
                        interface=swapped[0].name,
                        template=template.name,
                    )
                )
            layouts = template.layout_ids
            if len(layouts.interface_id) != len(layouts) or (
                layouts.interface_id - template.inbound_interface_ids
            ):
                raise ValidationError(
                    _(
                        "Template %(template)s: choose one layout at most for each "
                        "interface that it may tell.",
                        template=template.name,
                    )
                )

    def action_connect(self):
        """Open the dialog that connects a plant by this template.

        :return: window action
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_plant.mfg_integration_facility_connect_action"
        )
        action["context"] = {"default_template_id": self.id}
        return action
