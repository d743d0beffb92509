from odoo import fields, models


class MfgIntegrationSystem(models.Model):
    _inherit = "mfg.integration.system"

    stock_role = fields.Selection(
        [
            ("compare", "Odoo is right: compare and report differences"),
            ("mirror", "They are right: show their stock beside ours"),
        ],
        string="Stock They Report",
        required=True,
        default="compare",
        tracking=True,
        help="What happens with the stock snapshots of this system. Choose the second for "
        "a plant whose stock is not kept in Odoo.",
    )
    master_role = fields.Selection(
        [
            ("odoo", "Odoo is right: refuse"),
            ("own", "They are right about what belongs to their company"),
            ("shared", "They are right, also about what companies share"),
        ],
        string="Master Data They Report",
        required=True,
        default="odoo",
        tracking=True,
        help="What happens with items and partners that this system reports: who is the "
        "system of record.",
    )
    difference_count = fields.Integer(compute="_compute_difference_count")

    def _compute_difference_count(self):
        groups = self.env["mfg.integration.stock.difference"]._read_group(
            [("system_id", "in", self.ids), ("state", "=", "open")],
            ["system_id"],
            ["__count"],
        )
        counts = {system.id: count for system, count in groups}
        for system in self:
            system.difference_count = counts.get(system.id, 0)

    def action_open_differences(self):
        """Open the differences between this system's stock and ours.

        :return: window action
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_plant.mfg_integration_stock_difference_action"
        )
        action["domain"] = [("system_id", "=", self.id)]
        return action
