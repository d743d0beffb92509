from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MrpWorkorder(models.Model):
    _inherit = "mrp.workorder"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "workorder_id", "Hold Lines", readonly=True
    )
    is_on_hold = fields.Boolean(
        "On Quality Hold", compute="_compute_is_on_hold", store=True, copy=False
    )

    @api.depends(
        "hold_line_ids.state", "hold_line_ids.kind", "production_id.is_on_hold"
    )
    def _compute_is_on_hold(self):
        for workorder in self:
            workorder.is_on_hold = workorder.production_id.is_on_hold or any(
                line.state == "active" and line.kind == "workorder"
                for line in workorder.hold_line_ids
            )

    def write(self, vals):
        if "is_on_hold" in vals:
            raise UserError(
                _("Whether work is on hold follows from its holds. Release the hold.")
            )
        if vals.get("state") in ("progress", "done"):
            self._check_not_held()
        return super().write(vals)

    def _check_not_held(self):
        """Refuse any progress of held work.

        :raises UserError: names the work order and the hold
        """
        for workorder in self:
            if workorder.is_on_hold:
                # The message names the hold to people who may not open it.
                known = workorder.sudo()
                lines = known.hold_line_ids | known.production_id.hold_line_ids
                lines = lines.filtered(lambda line: line.state == "active")
                raise lines.hold_id.with_env(self.env)._refusal(
                    _(
                        "%(work)s of %(order)s is on quality hold %(hold)s. It cannot be "
                        "started, finished or logged until the hold is released.",
                        work=workorder.name,
                        order=workorder.production_id.name,
                        hold=", ".join(lines.hold_id.mapped("name")),
                    )
                )

    def action_place_on_hold(self):
        """Open the dialog that places the work orders on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)

    def button_start(self):
        self._check_not_held()
        return super().button_start()

    def button_finish(self):
        self._check_not_held()
        return super().button_finish()

    def action_mark_as_done(self):
        self._check_not_held()
        return super().action_mark_as_done()
