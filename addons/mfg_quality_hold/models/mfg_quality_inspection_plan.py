from odoo import api, fields, models


class MfgQualityInspectionPlan(models.Model):
    """What is looked at when stock of certain products, vendors or operations is inspected."""

    _name = "mfg.quality.inspection.plan"
    _description = "Quality Inspection Plan"
    _check_company_auto = True
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: every company.")
    product_ids = fields.Many2many(
        "product.product", string="Products", help="Empty: every product."
    )
    categ_id = fields.Many2one(
        "product.category",
        "Product Category",
        help="With its subcategories. Empty: every category.",
    )
    vendor_id = fields.Many2one("res.partner", help="Empty: whoever delivered it.")
    picking_type_id = fields.Many2one(
        "stock.picking.type",
        "Operation Type",
        check_company=True,
        help="Empty: every operation.",
    )
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
        plans = self.search(
            [
                ("company_id", "in", (False, company.id)),
                ("product_ids", "in", (False, product.id)),
                (
                    "vendor_id",
                    "in",
                    (False, *vendor.ids, *vendor.commercial_partner_id.ids),
                ),
                ("picking_type_id", "in", (False, *operation.ids)),
                "|",
                ("categ_id", "=", False),
                ("categ_id", "parent_of", product.categ_id.id),
            ]
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
