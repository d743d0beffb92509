from odoo import api, fields, models

# States in which an order takes effect.
LIVE = ("purchase", "done")
DIGITS = 6


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "mfg.release.mixin"]

    # -- what a release stands for -------------------------------------------------------

    def _mfg_plant(self):
        return self.env["mfg.plant"]._plant_of(
            self.company_id, self.picking_type_id.warehouse_id
        )

    def _mfg_gate_quantity(self):
        return sum(self.order_line.mapped("product_uom_qty"))

    def _mfg_gate_value(self):
        return self.currency_id._convert(
            self.amount_untaxed,
            self.company_id.currency_id,
            self.company_id,
            self.date_order or fields.Date.context_today(self),
        )

    def _mfg_release_content(self):
        return {
            "vendor": self.partner_id.id,
            "currency": self.currency_id.id,
            "operation_type": self.picking_type_id.id,
            "lines": sorted(
                [
                    line.id,
                    line.product_id.id,
                    line.product_uom.id,
                    round(line.product_qty, DIGITS),
                    round(line.price_unit, DIGITS),
                    round(line.discount, DIGITS),
                    sorted(line.taxes_id.ids),
                ]
                for line in self.order_line
                if not line.display_type
            ),
        }

    # -- every way into effect -----------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state in LIVE)._mfg_check_released()
        return orders

    def write(self, vals):
        if vals.get("state") in LIVE:
            self.filtered(lambda order: order.state not in LIVE)._mfg_check_released()
        return super().write(vals)

    def button_confirm(self):
        self.filtered(
            lambda order: order.state in ("draft", "sent")
        )._mfg_check_released()
        return super().button_confirm()
