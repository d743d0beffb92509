from odoo import models
from odoo.tools import float_is_zero

from ..messages import production_completed, production_released

COMPLETED = "production.completed"
_PENDING = "mfg_integration_plant.completed_production_ids"


class MrpProduction(models.Model):
    _name = "mrp.production"
    _inherit = [
        "mrp.production",
        "mfg.integration.timeline.mixin",
        "mfg.integration.told.mixin",
        "mfg.integration.lifecycle.mixin",
    ]
    _mfg_lifecycle_model = "mfg.integration.lifecycle.production"

    _mfg_messages = {
        COMPLETED: production_completed.build,
        "production.released": production_released.build,
    }

    # Why these two methods: the state of a manufacturing order changes either by being
    # assigned (button_mark_done and its wizards, subcontracting receipts, a flexible
    # order closed by its cancellation, RPC) or by being computed from stock moves that
    # were posted elsewhere. `write` and `_compute_state` are the only two places all of
    # these meet, and the only ones that still know the state before. An order created
    # as done is an opening record, not a completion.

    def _compute_state(self):
        unfinished = self._mfg_unfinished()
        result = super()._compute_state()
        unfinished._mfg_note_completion()
        return result

    def write(self, vals):
        if vals.get("state") != "done":
            return super().write(vals)
        unfinished = self._mfg_unfinished()
        result = super().write(vals)
        unfinished._mfg_note_completion()
        return result

    def action_confirm(self):
        """Messages that came while the order was a draft have their turn now."""
        res = super().action_confirm()
        self.env["mfg.integration.inbox"]._wake(
            [f"{order._name},{order.id}" for order in self]
        )
        return res

    def _mfg_unfinished(self):
        return self.filtered(lambda production: production.state != "done")

    def _mfg_note_completion(self):
        """Remember the orders of ``self`` that became done and are listened to.

        The message waits for the end of the transaction: state turns to done before
        Odoo has written the real finishing time, and subcontracting moves dates
        afterwards.
        """
        completed = [
            # orders in a form that was not saved have no integer id
            production.id
            for production in self
            if production.state == "done"
            and isinstance(production.id, int)
            and self._mfg_is_listened_to(production.company_id)
        ]
        if not completed:
            return
        precommit = self.env.cr.precommit
        if _PENDING not in precommit.data:
            precommit.data[_PENDING] = set()
            precommit.add(self.browse()._mfg_emit_completions)
        precommit.data[_PENDING].update(completed)

    def _mfg_is_listened_to(self, company):
        return self.env["mfg.integration.interface"]._has_subscribers(
            COMPLETED, company
        )

    def _mfg_emit_completions(self):
        """Emit one ``production.completed`` for each remembered order."""
        pending = self.env.cr.precommit.data.pop(_PENDING, ())
        # sudo: who finishes an order need not see the work centers, transfers or
        # companies its message tells about, and the message must not depend on who
        # clicked. Asking the database again leaves out orders whose completion was
        # rolled back to a savepoint.
        productions = self.sudo().search(
            [("id", "in", list(pending)), ("state", "=", "done")], order="id"
        )
        event = self.env["mfg.integration.event"]
        for production in productions:
            if production._mfg_has_produced():
                event.emit(COMPLETED, production, occurred_at=production.date_finished)

    def _mfg_has_produced(self):
        return not float_is_zero(
            production_completed.produced_quantity(self),
            precision_rounding=self.product_uom_id.rounding,
        )
