from odoo import api, fields, models


class MfgIcAgreementSide(models.Model):
    _inherit = "mfg.ic.agreement.side"

    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        tracking=True,
        help="Where the seller delivers from.",
    )

    @api.model
    def _prepare_defaults(self, agreement, side, company):
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        return {
            **super()._prepare_defaults(agreement, side, company),
            "warehouse_id": warehouse.id,
        }
