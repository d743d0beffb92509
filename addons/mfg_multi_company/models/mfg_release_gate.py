from collections import namedtuple

from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools.safe_eval import safe_eval

Gate = namedtuple("Gate", "id company_id plant_id filter min_quantity min_value")


class MfgReleaseGate(models.Model):
    """Which documents wait for a second person, and what must be true before."""

    _name = "mfg.release.gate"
    _description = "Release Gate"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    model = fields.Selection(
        [("mrp.production", "Manufacturing Orders")],
        "Documents",
        required=True,
        default="mrp.production",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    plant_id = fields.Many2one(
        "mfg.plant", check_company=True, help="Empty: all plants of the company."
    )
    filter_domain = fields.Char("Only", default="[]")
    currency_id = fields.Many2one(related="company_id.currency_id")
    min_quantity = fields.Float("From Quantity", digits="Product Unit of Measure")
    min_value = fields.Monetary("From Value", help="At cost.")
    check_bom = fields.Boolean(
        "Bill of Materials in Force",
        default=True,
        help="The order has one, and it is neither archived nor of another product.",
    )
    min_availability = fields.Integer(
        "Components Available (%)",
        help="So much of each component must be free in stock; 0 does not look.",
    )
    approver_role_id = fields.Many2one(
        "mfg.plant.role",
        "Released by",
        required=True,
        default=lambda self: self.env.ref(
            "mfg_multi_company.role_release", raise_if_not_found=False
        ),
        help="Who has this role in the plant, and did not ask for the release.",
    )

    @api.constrains("model", "filter_domain")
    def _check_filter(self):
        for gate in self:
            try:
                # Only tries the filter; whoever configures need not see the documents.
                self.env[gate.model].sudo().search(gate._filter(), limit=1)
            except Exception as error:
                raise ValidationError(
                    _("The filter Only cannot be used: %(error)s", error=error)
                ) from error

    @api.constrains("min_availability")
    def _check_availability(self):
        for gate in self:
            if not 0 <= gate.min_availability <= 100:
                raise ValidationError(
                    _("Components Available: a share between 0 and 100 %.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        gates = super().create(vals_list)
        self.env.registry.clear_cache()
        return gates

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def _filter(self):
        return safe_eval(self.filter_domain or "[]")

    @api.model
    @tools.ormcache()
    def _by_model(self):
        """{model name: {company id: (Gate, …)}}; empty where nothing waits."""
        found = {}
        # Gates bind everybody, also those who may not read them. Kept for everybody, so
        # without what one caller's context asks for, such as archived ones.
        gates = self.with_env(self.env(context={})).sudo()
        for gate in gates.search([]):  # pylint: disable=no-search-all
            found.setdefault(gate.model, {}).setdefault(gate.company_id.id, []).append(
                Gate(
                    gate.id,
                    gate.company_id.id,
                    gate.plant_id.id,
                    gate._filter(),
                    gate.min_quantity,
                    gate.min_value,
                )
            )
        return found
