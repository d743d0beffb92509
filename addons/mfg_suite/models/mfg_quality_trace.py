from odoo import _, api, fields, models
from odoo.exceptions import AccessError


class MfgQualityTrace(models.Model):
    """A run goes on behind the borders of companies: one trace in each of them.

    Each trace is seen by people of its company, as any other one. So a run is complete
    for the group, and everybody sees of it what concerns companies of theirs.
    """

    _inherit = "mfg.quality.trace"

    root_id = fields.Many2one(
        "mfg.quality.trace",
        "Began With",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The trace in the company where the run began.",
    )
    across_ids = fields.Many2many(
        "mfg.quality.trace",
        compute="_compute_across_ids",
        string="In Other Companies",
        help="What the same run has found in other companies that you have ticked.",
    )
    goes_on_in = fields.Char(
        compute="_compute_goes_on_in",
        help="Companies of the group to or from which found lots were delivered, as far as "
        "you do not see there what was found.",
    )

    @api.depends("root_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_across_ids(self):
        for trace in self:
            root = trace.root_id.id or trace._origin.id
            trace.across_ids = self.search(
                [
                    ("id", "!=", trace._origin.id),
                    "|",
                    ("id", "=", root),
                    ("root_id", "=", root),
                ]
            )

    @api.depends("across_ids", "line_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_goes_on_in(self):
        for trace in self:
            # Who delivered to whom stands on the transfers of both; no more is told.
            lots = trace._other_side(trace.sudo().line_ids.lot_id)
            unseen = lots.company_id - trace.company_id - trace.across_ids.company_id
            trace.goes_on_in = ", ".join(unseen.mapped("name"))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            if any(vals.get("root_id") for vals in vals_list):
                self._refuse_root()
            # Named here, so that no default of the caller's context takes effect.
            vals_list = [{**vals, "root_id": False} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if "root_id" in vals and not self.env.su:
            self._refuse_root()
        return super().write(vals)

    @api.model
    def _refuse_root(self):
        raise AccessError(
            _("Began With follows from the run that made the trace; nobody enters it.")
        )

    # -- business ----------------------------------------------------------------------

    def _of_one_run(self):
        return super()._of_one_run() | self.across_ids

    def _hold_reason_code(self):
        """As where the run began, if the reason is one that all companies have."""
        # The hold may be another company's; of it no more than the reason is used.
        reason = self.root_id.sudo().hold_id.reason_id
        if reason and not reason.company_id:
            return reason.code
        return super()._hold_reason_code()

    def _run(self):
        """Run with superuser rights, see :meth:`action_run`: complete for the group."""
        if not self.root_id:
            self._run_across()
        return super()._run()

    def _run_across(self):
        """Make and run the traces in the other companies."""
        before = {trace.company_id: trace for trace in self.previous_id.across_ids}
        for company, lots in self._starts_across().grouped("company_id").items():
            if company == self.company_id:
                self.lot_ids |= lots  # came back, maybe as part of something else
                continue
            trace = self.with_company(company).create(
                {
                    "company_id": company.id,
                    "root_id": self.id,
                    "direction": self.direction,
                    "lot_ids": [fields.Command.set(lots.ids)],
                    "previous_id": before.get(company, self.browse()).id,
                }
            )
            trace._run()

    def _starts_across(self):
        """Lots in which found lots go on behind the border of a company, however often."""
        self.env["stock.move.line"].flush_model()
        starts = self.env["stock.lot"]
        known = frontier = self.lot_ids
        while frontier:
            reached = self.env["stock.lot"]
            for company, lots in frontier.grouped("company_id").items():
                found = self._follow(lots, company)
                reached |= reached.browse(
                    [lot_id for lot_id, _product in found if lot_id]
                )
            known |= reached
            frontier = self._other_side(reached) - known
            starts |= frontier
        return starts

    def _other_side(self, lots):
        """The same goods at those who bought them, or at whom they were bought of."""
        if self.direction == "forward":
            return lots.mfg_mirror_lot_ids
        return lots.mfg_origin_lot_id
