from odoo import _, api, models

from odoo.addons.mfg_quality_hold.models.mfg_quality_hold import OPEN_STATES


class MfgIntegrationLifecycle(models.AbstractModel):
    """What is on hold has a step of its own in the life of its document."""

    _inherit = "mfg.integration.lifecycle"

    @api.model
    def _quality(self, document):
        yield from super()._quality(document)
        # The document comes as superuser: that it is held back everybody sees, why does not
        # show here.
        lines = document.env["mfg.quality.hold.line"].search(
            self._hold_domain(document)
        )
        holds = lines.hold_id.filtered(
            lambda each: each.state not in ("draft", "cancelled")
        )
        if not holds:
            return
        open_ = holds.filtered(lambda each: each.state in OPEN_STATES)
        deadlines = [each for each in open_.mapped("deadline") if each]
        closed = [each for each in holds.mapped("closed_on") if each]
        yield self._step(
            "quality",
            _("Quality release"),
            done=not open_,
            text=_("On hold: %(holds)s", holds=", ".join(open_.mapped("name")))
            if open_
            else _("Released: %(holds)s", holds=", ".join(holds.mapped("name"))),
            at=closed and max(closed),
            due=deadlines and min(deadlines),
            turn=", ".join(open_.responsible_id.mapped("name")) or _("Quality"),
            record=open_[:1] or holds[:1],
        )

    @api.model
    def _hold_domain(self, document):
        """Return which hold lines are about the document; none by default."""
        return [("id", "=", False)]
