from odoo import api, fields, models

from .mfg_ic_price_rule import METHODS


class MfgIcPriceLog(models.Model):
    """How a price that a document uses came about. Written once, never changed."""

    _name = "mfg.ic.price.log"
    _description = "Transfer Price Trace"
    _order = "id desc"
    _rec_name = "product_id"

    flow_id = fields.Many2one("mfg.ic.flow", index="btree_not_null", readonly=True)
    agreement_id = fields.Many2one(
        "mfg.ic.agreement", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", "Seller", required=True, index=True, readonly=True
    )
    buyer_company_id = fields.Many2one("res.company", "Buyer", readonly=True)
    rule_id = fields.Many2one("mfg.ic.price.rule", readonly=True, index=True)
    rule_version = fields.Integer("Version", readonly=True)
    method = fields.Selection(METHODS, readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, index=True)
    quantity = fields.Float(digits="Product Unit of Measure", readonly=True)
    uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    price_date = fields.Date("Day of the Price", readonly=True)
    basis = fields.Float(
        digits=(16, 6), readonly=True, help="Per unit, in the seller's currency."
    )
    basis_currency_id = fields.Many2one("res.currency", readonly=True)
    rate = fields.Float(digits=(16, 12), readonly=True)
    rate_date = fields.Date(readonly=True)
    price = fields.Float(digits=(16, 6), readonly=True, help="Per unit.")
    currency_id = fields.Many2one("res.currency", readonly=True)
    margin_percent = fields.Float("Margin (%)", digits=(16, 4), readonly=True)

    @api.model
    def _note(self, traces, flow=None):
        """Keep how prices came about, in one go.

        :param traces: as ``_mfg_ic_price`` returned them
        :param flow: ``mfg.ic.flow`` that uses them
        """
        # Buyers note what they themselves may not see.
        return self.sudo().create(
            [
                {
                    "flow_id": flow and flow.id,
                    **{name: trace[name] for name in trace if name != "public"},
                }
                for trace in traces
            ]
        )
