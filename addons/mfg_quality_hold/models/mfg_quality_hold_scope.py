from odoo import _, api, fields, models
from odoo.exceptions import AccessError


class MfgQualityHoldScope(models.AbstractModel):
    """What bears the flag *On Quality Hold* because a hold line names it.

    The inheriting model says in ``_hold_kind`` which kind of line, and has the one2many
    ``hold_line_ids``. The flag is what the guards read; it follows the lines.
    """

    _name = "mfg.quality.hold.scope"
    _description = "Scope of Quality Holds"
    _hold_kind = None

    is_on_hold = fields.Boolean(
        "On Quality Hold", compute="_compute_is_on_hold", store=True, copy=False
    )

    @api.depends("hold_line_ids.state", "hold_line_ids.kind")
    def _compute_is_on_hold(self):
        for record in self:
            record.is_on_hold = bool(record._hold_lines_here())

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_flag(*vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_flag(vals)
        return super().write(vals)

    def action_place_on_hold(self):
        """Open the dialog that places the records on hold."""
        return self.env["mfg.quality.hold.place"]._action_for(self)

    def action_view_holds(self):
        """Show the holds that name the records, open and closed ones.

        :raises AccessError: the user may not look at quality holds
        """
        return self.env["mfg.quality.hold"]._action_of_lines(self._hold_lines_to_show())

    def _hold_lines_to_show(self):
        """Hold lines behind the warning on the form."""
        return self.hold_line_ids

    def _hold_lines_here(self):
        """Active lines that name the records themselves."""
        return self.hold_line_ids.filtered(
            lambda line: line.state == "active" and line.kind == self._hold_kind
        )

    @api.model
    def _repair_flags(self):
        """Bring flags that plain SQL has changed back in line with the holds."""
        records = self.with_context(active_test=False)
        wrong = records._search_held() | records.search([("is_on_hold", "=", True)])
        self.env.add_to_compute(self._fields["is_on_hold"], wrong)
        wrong.flush_recordset(["is_on_hold"])

    @api.model
    def _search_held(self):
        """Records that may have to bear the flag, as their hold lines have it."""
        return self.search(
            [
                ("hold_line_ids.state", "=", "active"),
                ("hold_line_ids.kind", "=", self._hold_kind),
            ]
        )

    @api.model
    def _refuse_flag(self, *vals_list):
        """The flag follows the holds; nobody writes it, with or without sudo."""
        if any("is_on_hold" in vals for vals in vals_list):
            raise AccessError(
                _(
                    "%(what)s: whether it is on hold follows from its holds. Place or "
                    "release one.",
                    what=self._description,
                )
            )
