from odoo import _, api, models
from odoo.tools import float_compare

from ..engine.ledger import ledger
from ..exceptions import ReleaseRefusal

# States in which an order takes effect.
LIVE = ("confirmed", "progress", "to_close", "done")
# Components change by decimals of their unit when an order is split.
DIGITS = 6


class MrpProduction(models.Model):
    _name = "mrp.production"
    _inherit = ["mrp.production", "mfg.release.mixin"]

    # -- what a release stands for -------------------------------------------------------

    def _mfg_plant(self):
        return self.env["mfg.plant"]._plant_of(
            self.company_id, self.picking_type_id.warehouse_id
        )

    def _mfg_gate_quantity(self):
        return self.product_qty

    def _mfg_gate_value(self):
        # Costs are those of the company of the order.
        product = self.product_id.with_company(self.company_id)
        return product.standard_price * self.product_uom_qty

    def _mfg_release_content(self):
        components = {}
        for move in self.move_raw_ids:
            if move.state != "cancel" and not move.scrapped:
                key = (move.product_id.id, move.product_uom.id)
                components[key] = components.get(key, 0) + move.product_uom_qty
        return {
            "product": self.product_id.id,
            "bom": self.bom_id.id,
            "quantity": round(self.product_qty, DIGITS),
            "uom": self.product_uom_id.id,
            "operation_type": self.picking_type_id.id,
            "components": sorted(
                [product, uom, round(quantity, DIGITS)]
                for (product, uom), quantity in components.items()
            ),
            "operations": sorted(
                workorder.operation_id.id or 0
                for workorder in self.workorder_ids
                if workorder.state != "cancel"
            ),
        }

    def _mfg_findings(self, gates):
        found = super()._mfg_findings(gates)
        if any(gate.check_bom for gate in gates):
            bom = self.bom_id
            product = self.product_id
            if not bom:
                found.append(_("Bill of Material is empty."))
            elif not bom.active:
                found.append(_("Bill of Material %s is archived.", bom.display_name))
            elif product not in (
                bom.product_id or bom.product_tmpl_id.product_variant_ids
            ):
                found.append(
                    _("Bill of Material %s is of another product.", bom.display_name)
                )
        share = max((gate.min_availability for gate in gates), default=0)
        if share:
            found += self._mfg_missing_components(share)
        return found

    def _mfg_missing_components(self, share):
        """Sentences about components of which less than a share is free."""
        found = []
        warehouse = self.picking_type_id.warehouse_id
        for move in self.move_raw_ids.filtered(
            lambda move: move.state != "cancel" and move.product_id.type == "product"
        ):
            product = move.product_id.with_context(warehouse=warehouse.id)
            free = product.free_qty + move.quantity
            wanted = move.product_qty * share / 100
            if (
                float_compare(
                    free, wanted, precision_rounding=move.product_id.uom_id.rounding
                )
                < 0
            ):
                found.append(
                    _(
                        "%(product)s: %(free)s of %(wanted)s %(uom)s are free.",
                        product=move.product_id.display_name,
                        free=free,
                        wanted=move.product_qty,
                        uom=move.product_id.uom_id.name,
                    )
                )
        return found

    # -- every way into effect -----------------------------------------------------------

    @api.depends()
    def _compute_state(self):
        """The net under everything that makes an order live by its parts."""
        gated = self.env["mfg.release.gate"]._by_model().get(self._name)
        drafts = gated and self.filtered(
            lambda order: isinstance(order.id, int) and order.state in (False, "draft")
        )
        res = super()._compute_state()
        if drafts and not ledger(self.env.cr).splitting:
            live = drafts.filtered(lambda order: order.state in LIVE)
            waiting = live._mfg_unreleased()
            # Also for callers that swallow the refusal.
            waiting.state = "draft"
            waiting._mfg_check_released()
        return res

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        gated = self.env["mfg.release.gate"]._by_model().get(self._name)
        if gated and not ledger(self.env.cr).splitting:
            orders.filtered(lambda order: order.state in LIVE)._mfg_check_released()
        return orders

    def write(self, vals):
        if vals.get("state") in LIVE and not ledger(self.env.cr).splitting:
            self.filtered(
                lambda order: order.state != vals["state"]
            )._mfg_check_released()
        elif vals.get("qty_producing"):
            self.filtered(lambda order: order.state != "done")._mfg_check_released()
        return super().write(vals)

    def action_confirm(self):
        orders = self
        if ledger(self.env.cr).scheduling:
            orders -= orders._mfg_unreleased()
        orders._mfg_check_released()
        if not self.env["mfg.release.gate"]._by_model().get(self._name):
            return super().action_confirm()
        with ledger(self.env.cr).running(orders):
            res = super(MrpProduction, orders).action_confirm()
        orders._mfg_restamp()
        return res

    def button_plan(self):
        self._mfg_check_released()
        return super().button_plan()

    def button_mark_done(self):
        self._mfg_check_released()
        self._mfg_check_quantity()
        with ledger(self.env.cr).running(self):
            return super().button_mark_done()

    def _mfg_check_quantity(self):
        """:raises ReleaseRefusal: more would be produced than was released"""
        for order in self._mfg_gates():
            if (
                float_compare(
                    order.qty_producing,
                    order.product_qty,
                    precision_rounding=order.product_uom_id.rounding,
                )
                > 0
            ):
                raise ReleaseRefusal(
                    _(
                        "%(order)s is released for %(quantity)s, not for %(more)s. Change "
                        "the quantity and request its release.",
                        order=order.name,
                        quantity=order.product_qty,
                        more=order.qty_producing,
                    )
                )

    def _split_productions(
        self, amounts=False, cancel_remaining_qty=False, set_consumed_qty=False
    ):
        gates = self._mfg_gates()
        if not gates:
            return super()._split_productions(
                amounts, cancel_remaining_qty, set_consumed_qty
            )
        unreleased = self._mfg_unreleased()
        released = {
            order: order._mfg_current_release()
            for order in self
            if order in gates and order not in unreleased
        }
        before = {order: order.product_qty for order in self}
        with ledger(self.env.cr).split_of_released(), ledger(self.env.cr).running(self):
            orders = super()._split_productions(
                amounts, cancel_remaining_qty, set_consumed_qty
            )
        whole = self.browse()
        parts = {}
        for order in orders:
            whole = order if order in self else whole
            parts.setdefault(whole, self.browse())
            parts[whole] |= order
        for whole, pieces in parts.items():
            release = released.get(whole)
            total = sum(pieces.mapped("product_qty"))
            rounding = whole.product_uom_id.rounding
            if not release or (
                float_compare(total, before[whole], precision_rounding=rounding) > 0
            ):
                continue
            for piece in pieces:
                piece._mfg_pass_release(release)
        live = orders.filtered(lambda order: order.state in LIVE)
        (live - unreleased)._mfg_check_released()
        return orders

    def _mfg_pass_release(self, release):
        """A part of a released order is released as it is."""
        self._mfg_record_release(
            release.gate_ids,
            "approved",
            parent_id=release.id,
            requested_by_id=release.requested_by_id.id,
            requested_on=release.requested_on,
            decided_by_id=release.decided_by_id.id,
            decided_on=release.decided_on,
        )

    def _mfg_restamp(self):
        """What Odoo itself changed while it confirmed a released order stays released.

        Kits among the components become their parts, serial numbers their unit.
        """
        for order, (_gates, state) in self._mfg_release_status().items():
            if state == "revoked":
                order._mfg_pass_release(order._mfg_current_release())
