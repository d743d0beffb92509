from odoo import api, fields, models

LOCKED_COMPANIES = "mfg_quality_hold_locked_companies"


class MfgQualityHoldGuard(models.Model):
    """One row per company on which holds and validations meet.

    Holds of lots meet validations on the row of the lot. Locations, packages and
    quantities have no row of their own that Odoo does not update for other reasons, so
    placing such a hold updates the company's row here and each validation share-locks it:
    whoever is second gets a serialization failure and starts again, seeing the other.
    """

    _name = "mfg.quality.hold.guard"
    _description = "Quality Hold Guard Row"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    epoch = fields.Integer(help="Number of holds that concerned more than lots.")

    _sql_constraints = [
        ("company_uniq", "unique(company_id)", "A company has one guard row."),
    ]

    @api.model
    def _create_missing(self):
        """Add the rows of companies that have none."""
        self.env["res.company"].flush_model()
        self.env.cr.execute(
            """
            INSERT INTO mfg_quality_hold_guard (company_id, epoch)
            SELECT id, 0 FROM res_company
            ON CONFLICT (company_id) DO NOTHING
            """
        )

    @api.model
    def _lock_exclusively(self, company):
        """A hold begins: validations that are under way must start again."""
        self.env.cr.execute(
            "UPDATE mfg_quality_hold_guard SET epoch = epoch + 1 WHERE company_id = %s",
            [company.id],
        )

    @api.model
    def _lock_shared(self, companies):
        """Stock leaves: a hold that begins meanwhile makes this transaction fail."""
        # Cleared by every flush and rollback to a savepoint, which may release locks.
        locked = self.env.cr.precommit.data.setdefault(LOCKED_COMPANIES, set())
        wanted = set(companies.ids) - locked
        if wanted:
            self.env.cr.execute(
                "SELECT 1 FROM mfg_quality_hold_guard WHERE company_id IN %s FOR SHARE",
                [tuple(wanted)],
            )
            locked |= wanted
