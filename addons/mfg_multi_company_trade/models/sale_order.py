from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.mfg_multi_company.engine.ledger import ledger


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "mfg.ic.document"]

    def write(self, vals):
        if {"state", "partner_id", "currency_id", "pricelist_id"} & set(vals):
            self._mfg_ic_check_alone(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_alone_only(self):
        if self._mfg_ic_held():
            raise UserError(
                _("The buyer relies on this order. Use “Cancel”, which asks the buyer.")
            )

    def _action_cancel(self):
        """Cancel; where a buyer of the group relies on the order, ask that buyer."""
        held = self._mfg_ic_held()
        res = super(SaleOrder, self - held)._action_cancel() if self - held else True
        if not held:
            return res
        changes = self.env["mfg.ic.change"]
        for order in held:
            changes |= changes._ask_to_cancel(order.mfg_ic_flow_id, order.company_id)
        return changes._notification()

    @api.depends("partner_id", "company_id")
    def _compute_pricelist_id(self):
        return super(SaleOrder, self - self._mfg_ic_agreed())._compute_pricelist_id()

    @api.depends("pricelist_id", "company_id")
    def _compute_currency_id(self):
        return super(SaleOrder, self - self._mfg_ic_agreed())._compute_currency_id()

    def _mfg_ic_agreed(self):
        """Orders of a flow, whose prices are the agreement's, in its currency."""
        return self.filtered(
            lambda order: order._mfg_ic_other_company() and order.mfg_ic_flow_id
        )

    # -- the other company ---------------------------------------------------------------

    def _mfg_ic_held(self):
        """Orders in effect that come from a purchase order of the group."""
        if ledger(self.env.cr).agreeing:
            return self.browse()
        return self.filtered(
            lambda order: (
                order._mfg_ic_other_company()
                and order.state != "cancel"
                and order.mfg_ic_flow_id
            )
        )

    def _mfg_ic_check_alone(self, vals):
        """:raises UserError: one side would change what both agreed on"""
        if ledger(self.env.cr).agreeing:
            return
        for order in self._mfg_ic_held():
            back = vals.get("state") in ("draft", "sent", "cancel")
            if (back and order.state == "sale") or any(
                name in vals and vals[name] != order[name].id
                for name in ("partner_id", "currency_id", "pricelist_id")
            ):
                raise UserError(
                    _(
                        "The buyer relies on %(order)s. Use “Cancel”, which asks the "
                        "buyer, or propose a change on the intercompany flow.",
                        order=order.display_name,
                    )
                )

    def action_confirm(self):
        res = super().action_confirm()
        for order in self:
            if order._mfg_ic_other_company() and order.mfg_ic_flow_id:
                flow = order.mfg_ic_flow_id.sudo()  # users write no flows
                order.picking_ids._mfg_ic_link(flow, "seller", "delivery")
                flow._reach("confirmed", side="seller")
        return res

    def _mfg_ic_transit(self):
        """Where the goods go, empty for customers outside of the group."""
        if not self._mfg_ic_other_company():
            return self.env["stock.location"]
        # Settings of the agreement bind whoever cannot read them.
        agreement = self.mfg_ic_flow_id.sudo().agreement_id
        if not agreement:
            return self.env["stock.location"]
        return self.env["stock.location"].browse(agreement._pair_transit().id)

    def _mfg_ic_confirm_chain(self):
        """Confirm what stock rules ordered for this sale from a third company."""
        lines = self.env["purchase.order.line"].search(
            [
                "|",
                ("move_dest_ids.sale_line_id.order_id", "in", self.ids),
                ("order_id.group_id.sale_id", "in", self.ids),
            ]
        )
        for order in lines.order_id.filtered(lambda order: order.state == "draft"):
            seller = order._mfg_ic_other_company()
            if not seller:
                continue
            agreement = self.env["mfg.ic.agreement"]._mfg_ic_lookup(
                seller, order.company_id, order._mfg_ic_date()
            )
            if agreement.mirror_orders and agreement.confirm_chain:
                order._mfg_ic_confirm()

    def _mfg_ic_retry(self, step):
        """Repeat what an exception is about, as the service user of the seller."""
        self.ensure_one()
        flow = self.mfg_ic_flow_id.sudo()  # as above
        flow._mfg_ic_carry_delivery(close=step == "close")
