import re

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import ValidationError

CODE = re.compile(r"[a-z0-9][a-z0-9_-]*")


class MfgIntegrationSystem(models.Model):
    """The other party: a plant's ERP, MES, WMS or accounting."""

    _name = "mfg.integration.system"
    _description = "Integration System"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "code"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True,
        tracking=True,
        help="Short name of the plant's system in messages: lower case letters, digits, "
        "dashes. Receivers may rely on it, so it should not change.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        tracking=True,
        help="Company whose users look after this system.",
    )
    kind = fields.Selection(
        [
            ("odoo", "Odoo"),
            ("erp", "ERP"),
            ("mes", "Manufacturing execution (MES)"),
            ("wms", "Warehouse management (WMS)"),
            ("3pl", "Logistics provider (3PL)"),
            ("accounting", "Accounting"),
            ("supplier", "Supplier portal"),
            ("plm", "Product life cycle (PLM)"),
            ("qms", "Quality and laboratory (QMS, LIMS)"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test")],
        required=True,
        default="production",
        tracking=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Contact", help="Whom to call when it does not answer."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Service User",
        check_company=True,
        tracking=True,
        help="User under whose rights messages of this system are processed.",
    )
    residency = fields.Char(
        string="Data Residency", help="Region the system keeps its data in, e.g. EU."
    )
    note = fields.Html()
    active = fields.Boolean(default=True)
    endpoint_ids = fields.One2many("mfg.integration.endpoint", "system_id")
    endpoint_count = fields.Integer(compute="_compute_endpoint_count")
    credential_ids = fields.One2many("mfg.integration.credential", "system_id")

    _sql_constraints = [
        ("code_uniq", "unique(code)", "Another system already has this code.")
    ]

    @api.depends("endpoint_ids")
    def _compute_endpoint_count(self):
        for system in self:
            system.endpoint_count = len(system.endpoint_ids)

    @api.constrains("code")
    def _check_code(self):
        for system in self:
            if not CODE.fullmatch(system.code):
                raise ValidationError(
                    _(
                        "Code “%(code)s” of system %(system)s: use lower case letters, "
                        "digits, dashes and underscores, starting with a letter or digit.",
                        code=system.code,
                        system=system.name,
                    )
                )

    @api.constrains("user_id")
    def _check_user_rights(self):
        # Whoever connects systems would lend them rights that nobody gave him.
        for system in self:
            if system.user_id and system.user_id.has_group("base.group_erp_manager"):
                raise ValidationError(
                    _(
                        "Service user %(name)s administers Odoo. Give the system %(system)s a "
                        "user with no more rights than its messages need.",
                        name=system.user_id.name,
                        system=system.name,
                    )
                )

    def write(self, vals):
        """Tell the workers when something they send changes."""
        res = super().write(vals)
        if {"code", "active", "company_id", "user_id"} & vals.keys():
            self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    def _check_can_send(self):
        """Make sure that messages of these systems can be processed.

        :raises ValidationError: a system has no service user of its own, one who
            administers Odoo, or one in whose name nothing can be noted
        """
        for system in self:
            if not system.user_id or system.user_id.id == SUPERUSER_ID:
                raise ValidationError(
                    _(
                        "Give the system %(system)s a service user of its own first: its "
                        "messages are processed with that user's rights.",
                        system=system.name,
                    )
                )
            # sudo: who connects systems need not see the addresses of users
            if not system.sudo().user_id.email:
                # Odoo refuses the notes that messages leave on documents.
                raise ValidationError(
                    _(
                        "Service user %(name)s has no e-mail address, and nothing can be "
                        "noted on documents in that name. Enter one in the user's form.",
                        name=system.user_id.name,
                    )
                )
        self._check_user_rights()  # they may have been promoted since

    def action_open_endpoints(self):
        """Open the endpoints of this system."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_endpoint_action"
        )
        action["domain"] = [("system_id", "=", self.id)]
        action["context"] = {"default_system_id": self.id}
        return action
