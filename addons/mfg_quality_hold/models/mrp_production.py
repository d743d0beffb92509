from odoo import _, fields, models


class MrpProduction(models.Model):
    _name = "mrp.production"
    _inherit = ["mrp.production", "mfg.quality.hold.scope"]
    _hold_kind = "production"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "production_id", "Hold Lines", readonly=True
    )
    quality_disposition_id = fields.Many2one(
        "mfg.quality.disposition",
        "Rework by",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )

    def write(self, vals):
        if vals.get("qty_producing") or vals.get("state") in (
            "done",
            "cancel",
            "to_close",
            "progress",
        ):
            self._check_not_held()
        return super().write(vals)

    def _check_not_held(self):
        """Refuse any progress of a held order.

        :raises UserError: names the order and the hold
        """
        for order in self:
            if order.is_on_hold:
                # The message names the hold to people who may not open it.
                lines = order.sudo()._hold_lines_here()
                raise lines.hold_id.with_env(self.env)._refusal(
                    _(
                        "%(order)s is on quality hold %(hold)s. It cannot be planned, "
                        "worked on, finished, split or cancelled until the hold is "
                        "released.",
                        order=order.name,
                        hold=", ".join(lines.hold_id.mapped("name")),
                    )
                )

    def action_assign(self):
        self._check_not_held()
        return super().action_assign()

    def button_plan(self):
        self._check_not_held()
        return super().button_plan()

    def action_cancel(self):
        self._check_not_held()
        return super().action_cancel()

    def action_split(self):
        self._check_not_held()
        return super().action_split()

    def action_merge(self):
        self._check_not_held()
        return super().action_merge()

    def pre_button_mark_done(self):
        self._check_not_held()
        return super().pre_button_mark_done()

    def _split_productions(
        self, amounts=False, cancel_remaining_qty=False, set_consumed_qty=False
    ):
        self._check_not_held()
        return super()._split_productions(
            amounts=amounts,
            cancel_remaining_qty=cancel_remaining_qty,
            set_consumed_qty=set_consumed_qty,
        )

    def _post_inventory(self, cancel_backorder=False):
        self._check_not_held()
        res = super()._post_inventory(cancel_backorder=cancel_backorder)
        # Reworked by whoever: what comes out is on hold again.
        for order in self.sudo().filtered("quality_disposition_id"):
            order.quality_disposition_id.hold_id._hold_again(order)
        return res
