from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from .mfg_audit_rule import CLASS_SELECTION

SCOPE = {
    "retention_class",
    "model_id",
    "res_id",
    "company_id",
    "date_from",
    "date_to",
}


class MfgAuditLegalHold(models.Model):
    """Events that must not leave the database while a matter is pending."""

    _name = "mfg.audit.legal.hold"
    _description = "Legal Hold"
    _order = "id desc"

    name = fields.Char(string="Matter", required=True)
    note = fields.Text()
    retention_class = fields.Selection(
        CLASS_SELECTION, string="Retention", help="Empty for every class."
    )
    # when an app goes, its holds rather hold everything than nothing
    model_id = fields.Many2one(
        "ir.model", string="Kind of Record", ondelete="set null", help="Empty for all."
    )
    res_id = fields.Integer(string="Record Id", help="0 for all records.")
    company_id = fields.Many2one("res.company", help="Empty for all companies.")
    date_from = fields.Date(string="From", help="Empty for the beginning.")
    date_to = fields.Date(string="To", help="Empty for all that follows.")
    released_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    released_on = fields.Datetime(readonly=True, copy=False)
    state = fields.Selection(
        [("active", "Active"), ("released", "Released")],
        compute="_compute_state",
        store=True,
    )

    @api.depends("released_on")
    def _compute_state(self):
        for hold in self:
            hold.state = "released" if hold.released_on else "active"

    @api.constrains("res_id", "model_id")
    def _check_record(self):
        if any(hold.res_id and not hold.model_id for hold in self):
            raise ValidationError(_("Choose the Kind of Record the Record Id is of."))

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for hold in self:
            if hold.date_from and hold.date_to and hold.date_to < hold.date_from:
                raise ValidationError(_("To must not be before From."))

    @api.model_create_multi
    def create(self, vals_list):
        """Holds begin active, whatever the values say."""
        return super().create([self._without_release(vals) for vals in vals_list])

    def write(self, vals):
        """A hold may be explained; it ends by its action alone.

        :raises UserError: what it covers is to be changed
        """
        if SCOPE & vals.keys():
            raise UserError(
                _(
                    "What a legal hold covers does not change. Place another one, then "
                    "have somebody release this one."
                )
            )
        return super().write(self._without_release(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_released_only(self):
        for hold in self:
            if hold.state == "active":
                raise UserError(
                    _("Release the legal hold %(name)s instead.", name=hold.name)
                )

    def action_release(self):
        """End the holds; somebody else than who placed them has to.

        :raises AccessError: the user is no audit administrator
        :raises UserError: the user placed one of them
        """
        self.check_access_rights("write")
        for hold in self:
            if hold.create_uid == self.env.user:
                raise UserError(
                    _(
                        "You placed the legal hold %(name)s: ask another audit"
                        " administrator to release it.",
                        name=hold.name,
                    )
                )
        return super().write(  # pylint: disable=super-method-mismatch
            {
                "released_on": fields.Datetime.now(),
                "released_by_id": self.env.uid,
            }
        )

    def _without_release(self, vals):
        return {
            key: value
            for key, value in vals.items()
            if key not in ("released_on", "released_by_id", "state")
        }

    @api.model
    def _of_month(self, month):
        """An active hold that concerns a month of events, or none.

        :param month: :class:`..engine.archive.Month`
        """
        # Holds of every company count, whoever archives.
        holds = self.sudo().search(
            [
                ("state", "=", "active"),
                ("retention_class", "in", (False, month.retention)),
                "|",
                ("date_from", "=", False),
                ("date_from", "<", month.end),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", month.first),
            ]
        )
        return next((hold for hold in holds if hold._has_events(month)), self.browse())

    def _has_events(self, month):
        self.ensure_one()
        table = self.model_id and self.env[self.model_id.model]._table
        since, until = month.bounds
        self.env.cr.execute(
            """
            SELECT EXISTS (
                SELECT FROM mfg_audit.event
                 WHERE class = %(class)s
                   AND ts >= %(since)s::timestamptz AND ts < %(until)s::timestamptz
                   AND (%(table)s IS NULL OR (
                            tbl = %(table)s
                            AND (%(record)s IS NULL OR res_id = %(record)s))
                        OR (%(record)s IS NOT NULL
                            AND links @> ARRAY[%(table)s || ':' || %(record)s]))
                   AND (%(company)s IS NULL OR company_id = %(company)s))
            """,
            {
                "class": month.retention,
                "since": since,
                "until": until,
                "table": table or None,
                "record": self.res_id or None,
                "company": self.company_id.id or None,
            },
        )
        return self.env.cr.fetchone()[0]
