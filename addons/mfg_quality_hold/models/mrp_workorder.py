from odoo import _, api, fields, models


class MrpWorkorder(models.Model):
    _name = "mrp.workorder"
    _inherit = ["mrp.workorder", "mfg.quality.hold.scope"]
    _hold_kind = "workorder"

    hold_line_ids = fields.One2many(
        "mfg.quality.hold.line", "workorder_id", "Hold Lines", readonly=True
    )

    @api.depends("production_id.is_on_hold")
    def _compute_is_on_hold(self):
        res = super()._compute_is_on_hold()
        for workorder in self:
            if workorder.production_id.is_on_hold:
                workorder.is_on_hold = True
        return res

    def write(self, vals):
        if vals.get("state") in ("progress", "done"):
            self._check_not_held()
        return super().write(vals)

    def _hold_lines_to_show(self):
        """A held order stops its work orders as well."""
        return super()._hold_lines_to_show() | self.production_id.hold_line_ids

    @api.model
    def _search_held(self):
        """Also those of orders that bear the flag."""
        return super()._search_held() | self.search(
            [("production_id.is_on_hold", "=", True)]
        )

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

    def button_start(self):
        self._check_not_held()
        return super().button_start()

    def button_finish(self):
        self._check_not_held()
        return super().button_finish()

    def action_mark_as_done(self):
        self._check_not_held()
        return super().action_mark_as_done()
