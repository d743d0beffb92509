from odoo import api, fields, models
from odoo.tools import format_datetime


class MfgAuditTransaction(models.Model):
    """A transaction of the database that changed something: who, from where, through what."""

    _name = "mfg.audit.transaction"
    _description = "Audited Transaction"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "request"

    date = fields.Datetime(readonly=True)
    xid = fields.Char(string="Transaction", readonly=True)
    login_id = fields.Many2one("res.users", string="User", readonly=True)
    origin = fields.Selection(
        [
            ("ui", "Screen"),
            ("web", "Website"),
            ("rpc", "External API"),
            ("import", "Import"),
            ("cron", "Scheduled Action"),
            ("queue", "Integration"),
            ("shell", "Shell"),
            ("module", "Module Load"),
            ("process", "Server Process"),
            ("sql", "Plain SQL"),
        ],
        readonly=True,
    )
    request = fields.Char(readonly=True)
    context = fields.Text(readonly=True)
    db_user = fields.Char(string="Database User", readonly=True)
    application = fields.Char(readonly=True)
    client = fields.Char(string="Client Address", readonly=True)
    attested = fields.Boolean(
        readonly=True,
        help="An entry of Odoo vouched for this transaction. Plain SQL and restored"
        " data are not attested.",
    )
    event_ids = fields.One2many("mfg.audit.event", "transaction_id", string="Events")

    @property
    def _table_query(self):
        # The number of a transaction counts per cluster; together they make one id.
        return """
            SELECT t.xid * 8 + t.cluster AS id, t.ts AT TIME ZONE 'UTC' AS date,
                   t.xid::text AS xid, t.login_uid AS login_id, t.origin, t.request,
                   jsonb_pretty(t.context) AS context, t.db_user::text AS db_user,
                   t.application, host(t.client_addr) AS client,
                   r.mac IS NOT NULL AS attested
              FROM mfg_audit.tx t
         LEFT JOIN mfg_audit.receipt r ON r.cluster = t.cluster AND r.xid = t.xid
        """

    @api.depends("date", "login_id", "origin")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        origins = dict(self._fields["origin"]._description_selection(self.env))
        for each in self:
            # Auditors of a company need not be able to read users of others.
            who = each.login_id.sudo().name or origins.get(each.origin) or each.db_user
            moment = format_datetime(self.env, each.date, dt_format=False)
            each.display_name = " ".join(filter(None, (moment, who)))
