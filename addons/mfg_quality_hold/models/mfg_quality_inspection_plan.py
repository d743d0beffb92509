from odoo import api, fields, models


class MfgQualityInspectionPlan(models.Model):
    """What is looked at when stock of certain products, vendors or operations is inspected."""

    _name = "mfg.quality.inspection.plan"
    _description = "Quality Inspection Plan"
    _inherit = "mfg.quality.applicability"
    _check_company_auto = True
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: every company.")
    sample_size = fields.Integer(
        "Units to Inspect",
        default=1,
        required=True,
        help="Of each lot; never more than the lot has.",
    )
    fail_kind = fields.Selection(
        [
            ("rework", "Rework"),
            ("scrap", "Scrap"),
            ("return_vendor", "Return to vendor"),
        ],
        "Proposed When It Fails",
        default="scrap",
        required=True,
        help="What is proposed to the approver. Nothing happens before it is signed.",
    )
    instructions = fields.Html()
    characteristic_ids = fields.One2many(
        "mfg.quality.inspection.characteristic", "plan_id", copy=True
    )
    inspection_count = fields.Integer(compute="_compute_inspection_count")

    _sql_constraints = [
        (
            "sample_size_positive",
            "CHECK(sample_size > 0)",
            "At least one unit is inspected: enter one or more in Units to Inspect.",
        ),
    ]

    def _compute_inspection_count(self):
        groups = self.env["mfg.quality.inspection"]._read_group(
            [("plan_id", "in", self.ids)], ["plan_id"], ["__count"]
        )
        counts = {plan.id: count for plan, count in groups}
        for plan in self:
            plan.inspection_count = counts.get(plan.id, 0)

    def action_view_inspections(self):
        """Show what was inspected by the plan."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_inspection_action"
        )
        return dict(action, domain=[("plan_id", "=", self.id)], context={})

    @api.model
    def _for(self, product, company, vendor=None, operation=None):
        """The plan that fits best: one of the product before one of its category.

        :param vendor: the ``res.partner`` who delivered it, if any
        :param operation: the ``stock.picking.type``, if any
        :return: a plan or an empty recordset
        """
        vendor = vendor or self.env["res.partner"]
        operation = operation or self.env["stock.picking.type"]
        plans = self.search([("company_id", "in", (False, company.id))])
        plans = plans.filtered(
            lambda plan: plan._applies_to(product, vendor, operation)
        )
        return plans.sorted(
            lambda plan: (
                not plan.product_ids,
                not plan.categ_id,
                not plan.vendor_id,
                not plan.picking_type_id,
                plan.sequence,
            )
        )[:1]
