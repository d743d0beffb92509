from odoo import fields, models, tools


class MfgIcTransit(models.Model):
    """What is on its way between two companies, at the price of the deal."""

    _name = "mfg.ic.transit"
    _description = "Goods in Intercompany Transit"
    _auto = False
    _order = "date, id"
    _rec_name = "flow_id"

    flow_id = fields.Many2one("mfg.ic.flow", readonly=True)
    line_id = fields.Many2one("mfg.ic.flow.line", "Item", readonly=True)
    label = fields.Char(related="line_id.label", related_sudo=False, string="Item Name")
    seller_company_id = fields.Many2one("res.company", "Seller", readonly=True)
    buyer_company_id = fields.Many2one("res.company", "Buyer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    date = fields.Date(readonly=True)
    shipped = fields.Float(digits="Product Unit of Measure", readonly=True)
    quantity = fields.Float(
        "In Transit", digits="Product Unit of Measure", readonly=True
    )
    value = fields.Monetary(readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            f"""
            CREATE VIEW {self._table} AS
            SELECT line.id, line.id AS line_id, flow.id AS flow_id,
                   flow.seller_company_id, flow.buyer_company_id, flow.currency_id,
                   line.seller_uom_id AS uom_id, flow.date,
                   line.qty_shipped AS shipped, line.qty_transit AS quantity,
                   line.qty_transit * line.price_seller AS value
              FROM mfg_ic_flow_line line
              JOIN mfg_ic_flow flow ON flow.id = line.flow_id
             WHERE line.qty_transit <> 0
            """
        )
