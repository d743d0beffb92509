from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

KINDS = [
    ("outbound", "Message not delivered"),
    ("inbound", "Message not processed"),
    ("mapping", "Translation missing"),
    ("hold", "Hold overdue"),
    ("inspection", "To inspect"),
    ("signature", "To sign"),
    ("execution", "To carry out"),
    ("intercompany", "Plants disagree"),
    ("release", "To release"),
    ("data", "Data issue"),
    ("audit", "Audit alert"),
]
SEVERITIES = [("0", "Notice"), ("1", "Warning"), ("2", "Critical")]
AGES = [
    # Groups come in the order of these keys.
    ("0", "Up to a day"),
    ("1", "Up to 3 days"),
    ("2", "Up to a week"),
    ("3", "Over a week"),
]
#: what a source may say; the rest follows from it
COLUMNS = {
    "kind": "varchar",
    "severity": "varchar",
    "name": "varchar",
    "reference": "varchar",
    "detail": "text",
    "company_id": "integer",
    "other_company_id": "integer",
    "owner_id": "integer",
    "other_owner_id": "integer",
    "since": "timestamp",
    "due_at": "timestamp",
}
_NOW = SQL("timezone('UTC', now())")


class MfgSuiteException(models.Model):
    """Whatever waits for a person, of all modules, in one list.

    A query over the documents themselves, with the rights and the record rules of each
    kind of document in it; nothing is stored twice. What is resolved is not here any more.
    """

    _name = "mfg.suite.exception"
    _description = "Exception"
    _auto = False
    _order = "severity desc, due_at, since, id"

    #: room for the numbers of sources in the ids of rows
    _sources_at_most = 64

    kind = fields.Selection(KINDS, readonly=True)
    severity = fields.Selection(SEVERITIES, readonly=True)
    name = fields.Char("What Happened", readonly=True)
    reference = fields.Char("Document", readonly=True)
    detail = fields.Text("Cause", readonly=True)
    company_id = fields.Many2one("res.company", "Plant", readonly=True)
    other_company_id = fields.Many2one(
        "res.company",
        "Other Plant",
        readonly=True,
        help="Of what does not fit between two plants: the one that buys.",
    )
    owner_id = fields.Many2one("res.users", "Responsible", readonly=True)
    other_owner_id = fields.Many2one(
        "res.users", "Responsible at the Other Plant", readonly=True
    )
    since = fields.Datetime(readonly=True)
    due_at = fields.Datetime("Due", readonly=True)
    overdue = fields.Boolean(readonly=True)
    age_days = fields.Integer("Age (Days)", readonly=True, group_operator="avg")
    age = fields.Selection(AGES, readonly=True)
    is_mine = fields.Boolean(
        "Mine",
        compute="_compute_is_mine",
        search="_search_is_mine",
        help="You are responsible, or an activity asks you for it.",
    )

    @property
    def _table_query(self):
        self.env.flush_all()
        empty = SQL(", ").join(
            SQL("NULL::%s AS %s", SQL(kind), SQL.identifier(name))
            for name, kind in {"id": "bigint", **COLUMNS}.items()
        )
        parts = [SQL("SELECT %s WHERE FALSE", empty)]
        for source in self._readable_sources():
            query = source._search(source._exception_domain())
            parts.append(self._part(source, query))
        return SQL(
            """
            (SELECT part.*, COALESCE(due_at < %(now)s, FALSE) AS overdue,
                    age.days AS age_days,
                    CASE WHEN age.days < 1 THEN '0' WHEN age.days < 3 THEN '1'
                         WHEN age.days < 7 THEN '2' ELSE '3' END AS age
               FROM (%(parts)s) part
         CROSS JOIN LATERAL (
                    SELECT floor(GREATEST(0, EXTRACT(epoch FROM %(now)s - since))
                                 / 86400)::integer AS days) age)
            """,
            now=_NOW,
            parts=SQL(" UNION ALL ").join(parts),
        )

    @api.model
    def _part(self, source, query):
        """Return the SELECT of the rows of one source."""
        columns = source._exception_columns(query)
        selected = [
            SQL("CAST(%s AS %s)", columns.get(name, SQL("NULL")), SQL(kind))
            for name, kind in COLUMNS.items()
        ]
        row_id = SQL(
            "%s::bigint * %s + %s",
            SQL.identifier(query.table, "id"),
            self._sources_at_most,
            source._exception_number,
        )
        return query.select(row_id, *selected)

    @api.model
    def _readable_sources(self):
        """Yield the sources whose documents the user may read at all."""
        for name in sorted(self.pool.descendants(["mfg.suite.source"], "_inherit")):
            source = self.env[name]
            if not source._abstract and source.check_access_rights(
                "read", raise_exception=False
            ):
                yield source

    @api.depends("owner_id", "other_owner_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        asked = set(self._asked_ids())
        for row in self:
            people = row.owner_id | row.other_owner_id
            row.is_mine = self.env.user in people or row.id in asked

    @api.model
    def _search_is_mine(self, operator, value):
        if operator not in ("=", "!=") or not isinstance(value, bool):
            raise UserError(_("“Mine” is searched by yes or no."))
        domain = [
            "|",
            "|",
            ("owner_id", "=", self.env.uid),
            ("other_owner_id", "=", self.env.uid),
            ("id", "in", self._asked_ids()),
        ]
        return domain if (operator == "=") == value else ["!", *domain]

    @api.model
    def _asked_ids(self):
        """Return the ids of the rows whose document has an activity for the user."""
        numbers = {
            source._name: source._exception_number
            for source in self._readable_sources()
        }
        activities = self.env["mail.activity"].search_fetch(
            [("user_id", "=", self.env.uid), ("res_model", "in", list(numbers))],
            ["res_model", "res_id"],
        )
        return [
            activity.res_id * self._sources_at_most + numbers[activity.res_model]
            for activity in activities
        ]

    def check_access_rule(self, operation):
        """Look the rows up as the user, since memory may hold those of somebody else.

        :raises AccessError: the user does not find one of them, or it is resolved
        """
        if not self.env.su and self._filter_access_rules(operation) != self:
            raise AccessError(
                _("Some of these exceptions are resolved, or you may not see them.")
            )

    def action_resolve(self):
        """Open what resolves the exception: the document, or a dialog of its own.

        :return: action
        :raises AccessError: the user may not see the document
        :raises UserError: somebody else has resolved it
        """
        return self._waiting()._resolve_exception()

    def action_report_incident(self):
        """Open the incident of the interface that the message behind the row belongs to.

        :return: window action
        :raises AccessError: the user may not see the document
        :raises UserError: somebody else has resolved it, or it is about no message
        """
        return self._waiting()._report_incident()

    def _waiting(self):
        """Return the document behind the row, if it still waits.

        :raises AccessError: the user may not see it
        :raises UserError: somebody else has resolved it
        """
        self.ensure_one()
        self.check_access_rights("read")
        row = self.exists()
        if not row:
            raise UserError(
                _("This is resolved already. Load the list again to see what is left.")
            )
        row.check_access_rule("read")
        return row._document()

    def _document(self):
        """Return the document behind the row."""
        self.ensure_one()
        document, number = divmod(self.id, self._sources_at_most)
        for source in self._readable_sources():
            if source._exception_number == number:
                return source.browse(document)
        raise UserError(_("What this was about is not installed any more."))
