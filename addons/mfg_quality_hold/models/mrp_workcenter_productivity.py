from odoo import api, models


class MrpWorkcenterProductivity(models.Model):
    _inherit = "mrp.workcenter.productivity"

    @api.model_create_multi
    def create(self, vals_list):
        workorders = self.env["mrp.workorder"].browse(
            {vals["workorder_id"] for vals in vals_list if vals.get("workorder_id")}
        )
        workorders._check_not_held()
        return super().create(vals_list)
