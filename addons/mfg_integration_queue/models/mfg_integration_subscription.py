from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgIntegrationSubscription(models.Model):
    """Whose events of an interface go to which endpoint."""

    _name = "mfg.integration.subscription"
    _inherit = "mfg.integration.setting"
    _description = "Integration Subscription"
    _order = "interface_id, company_id, endpoint_id"

    interface_version_id = fields.Many2one(
        "mfg.integration.interface.version",
        string="Contract",
        required=True,
        ondelete="restrict",
        domain=[("state", "=", "approved")],
    )
    interface_id = fields.Many2one(
        related="interface_version_id.interface_id", store=True, index=True
    )
    endpoint_id = fields.Many2one(
        "mfg.integration.endpoint", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        index=True,
        help="Events of this company's documents are sent.",
    )
    active = fields.Boolean(default=True)

    _sql_constraints = [
        (
            "once",
            "unique(interface_id, endpoint_id, company_id)",
            "This company's events of the interface already go to this endpoint.",
        )
    ]

    @api.depends("interface_id.name", "endpoint_id.name")
    def _compute_display_name(self):
        for subscription in self:
            subscription.display_name = (
                f"{subscription.interface_id.name} → {subscription.endpoint_id.name}"
            )

    @api.constrains("interface_version_id", "endpoint_id", "company_id", "active")
    def _check_can_deliver(self):
        for subscription in self.filtered("active"):
            interface = subscription.interface_id
            if subscription.interface_version_id.state != "approved":
                raise ValidationError(
                    _(
                        "Contract %(version)s is not approved. Have it approved before "
                        "anything is sent under it.",
                        version=subscription.interface_version_id.display_name,
                    )
                )
            if interface.direction != "outbound":
                raise ValidationError(
                    _(
                        "Interface %(interface)s is inbound: only outbound interfaces are "
                        "sent to endpoints.",
                        interface=interface.name,
                    )
                )
            if not subscription.endpoint_id.active:
                raise ValidationError(
                    _(
                        "Endpoint %(endpoint)s is archived. Restore it, or choose another.",
                        endpoint=subscription.endpoint_id.name,
                    )
                )
            if interface.company_id and interface.company_id != subscription.company_id:
                raise ValidationError(
                    _(
                        "Interface %(interface)s serves %(owner)s only, not %(company)s.",
                        interface=interface.name,
                        owner=interface.company_id.name,
                        company=subscription.company_id.name,
                    )
                )
