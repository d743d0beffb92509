import json

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .mfg_audit_rule import CLASS_SELECTION, EVIDENCE

OPERATIONS = [
    ("I", "Created"),
    ("U", "Changed"),
    ("D", "Deleted"),
    ("T", "Emptied"),
    ("B", "Changed in Bulk"),
    ("S", "Columns Changed"),
    ("G", "Capture Gap"),
    ("K", "Clock Set Back"),
    ("C", "Trail Set Up"),
    ("L", "Login"),
    ("F", "Failed Login"),
    ("O", "Logout"),
    ("A", "API Key Used"),
    ("X", "Exported"),
    ("P", "Printed"),
    ("R", "Read"),
    ("N", "Access Denied"),
    ("M", "Import Failed"),
]
SIDES = ("old", "new")


class MfgAuditEvent(models.Model):
    """One change of one row, as the database recorded it. Nobody can write here."""

    _name = "mfg.audit.event"
    _description = "Audit Event"
    _auto = False
    _order = "id desc"
    _rec_name = "table_name"

    date = fields.Datetime(readonly=True)
    operation = fields.Selection(OPERATIONS, readonly=True)
    table_name = fields.Char(string="Table", readonly=True)
    model = fields.Char(readonly=True)
    model_id = fields.Many2one(
        "ir.model",
        string="Kind of Record",
        readonly=True,
        help="Of a link between records: the kind whose field it is.",
    )
    res_id = fields.Many2oneReference(
        string="Record Id", model_field="model", readonly=True
    )
    kind = fields.Char(
        compute="_compute_readable",
        help="Of a link between records: the kinds that it links.",
    )
    record_name = fields.Char(string="Record", compute="_compute_readable")
    changes = fields.Html(compute="_compute_readable", sanitize=False)
    old_values = fields.Text(readonly=True)
    new_values = fields.Text(readonly=True)
    reason = fields.Char(readonly=True)
    retention_class = fields.Selection(
        CLASS_SELECTION, string="Retention", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    effective_id = fields.Many2one(
        "res.users",
        string="On Behalf Of",
        readonly=True,
        help="The user the code worked as, where it is known.",
    )
    login_id = fields.Many2one("res.users", string="User", readonly=True)
    origin = fields.Selection(
        lambda self: self.env["mfg.audit.transaction"]._fields["origin"].selection,
        readonly=True,
    )
    request = fields.Char(readonly=True)
    attested = fields.Boolean(
        readonly=True,
        help="An entry of Odoo vouched for the transaction of this event.",
    )
    transaction_id = fields.Many2one("mfg.audit.transaction", readonly=True)
    links = fields.Char(string="Belongs To", readonly=True)
    link = fields.Char(string="Part Of", compute="_compute_link", search="_search_link")

    @property
    def _table_query(self):
        # Partitioned and outside Odoo's schema, hence never the table of a model.
        return """
            SELECT e.id, e.ts AT TIME ZONE 'UTC' AS date, e.op::text AS operation,
                   e.tbl AS table_name, m.model, COALESCE(m.id, pair.model) AS model_id,
                   e.res_id,
                   jsonb_pretty(e.old) AS old_values, jsonb_pretty(e.new) AS new_values,
                   e.reason, e.class AS retention_class, e.company_id,
                   receipt.mac IS NOT NULL AS attested,
                   e.eff_uid AS effective_id, t.login_uid AS login_id, t.origin,
                   t.request, e.xid * 8 + e.cluster AS transaction_id,
                   array_to_string(e.links, ' ') AS links
              FROM mfg_audit.event e
              JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
         LEFT JOIN mfg_audit.receipt
                ON receipt.cluster = e.cluster AND receipt.xid = e.xid
         LEFT JOIN mfg_audit.relation r ON r.name = e.tbl
         LEFT JOIN ir_model m ON m.model = COALESCE(r.model, CASE
                       WHEN e.op IN ('L', 'F', 'O', 'A', 'X', 'P', 'R', 'N', 'M')
                       THEN replace(e.tbl, '_', '.') END)
         LEFT JOIN (SELECT name, MIN(model) AS model FROM ir_model_relation GROUP BY name)
                   pair ON pair.name = e.tbl
        """

    @api.depends("record_name")
    @api.depends_context("lang", "tz", "allowed_company_ids")
    def _compute_display_name(self):
        words = self.env["mfg.audit.words"]._describe([each._row() for each in self])
        for event in self:
            event.display_name = words[event.id]["title"]

    @api.depends("model", "res_id", "old_values", "new_values")
    @api.depends_context("lang", "tz", "allowed_company_ids")
    def _compute_readable(self):
        words = self.env["mfg.audit.words"]._describe([each._row() for each in self])
        for event in self:
            said = words[event.id]
            event.kind = said["link"] or said["kind"]
            event.record_name = said["record"]
            event.changes = event._rendered(said["changes"])

    def _compute_link(self):
        # only searched: an event may belong to several documents
        self.link = False

    def action_open_record(self):
        """Open the record as it is now.

        :raises UserError: it does not exist any more
        """
        self.ensure_one()
        if (
            self.model not in self.env
            or not self.env[self.model].browse(self.res_id).exists()
        ):
            raise UserError(
                _(
                    "%(record)s does not exist any more. Its values are in the events of"
                    " this trail.",
                    record=self.record_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_open_transaction(self):
        """Open everything the same transaction changed."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_event_action"
        )
        action["domain"] = [("transaction_id", "=", self.transaction_id.id)]
        action["context"] = {}
        return action

    def action_open_timeline(self):
        """Open everything that happened to the record, which may be gone.

        Of several records, as an export has, the events of all of them are listed, and so
        are those who looked at the trail itself.

        :raises UserError: the event is about no record
        """
        self.ensure_one()
        # A pair or a value per company has no timeline: it is told by the record it is of.
        said = self.env["mfg.audit.words"]._describe([self._row()])[self.id]
        model, res_id = said["model"], said["res_id"]
        if model and res_id and model not in EVIDENCE:
            return self.env["mfg.audit.timeline"].action_open(model, res_id)
        own = f"{self.table_name}:"
        ids = [
            int(link.removeprefix(own))
            for link in (self.links or "").split()
            if link.startswith(own)
        ]
        ids = ids or ([res_id] if res_id else [])
        if not ids:
            raise UserError(_("This event is about no record."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_event_action"
        )
        if len(ids) > 1:
            action["name"] = _("Events of %(count)s Records", count=len(ids))
        action["domain"] = [
            ("table_name", "=", self.table_name),
            ("res_id", "in", ids),
        ]
        action["context"] = {}
        return action

    def _search_link(self, operator, value):
        if operator != "=":
            raise UserError(_("Search what an event belongs to with '='."))
        query = "SELECT id FROM mfg_audit.event WHERE links @> ARRAY[%s]"
        return [("id", "inselect", (query, [value]))]

    def _row(self):
        """The event as the log has it."""
        self.ensure_one()
        return {
            "id": self.id,
            "tbl": self.table_name,
            "model": self.model,
            "op": self.operation,
            "res_id": self.res_id,
            "company_id": self.company_id.id,
            "links": (self.links or "").split(),
            "old": json.loads(self.old_values or "null"),
            "new": json.loads(self.new_values or "null"),
        }

    def _rendered(self, changes):
        """The changes as a list of label, old and new value."""
        self.ensure_one()
        line = Markup("<div><b>%s</b> %s</div>")
        if self.operation == "U":
            both = Markup("<span class='text-muted'>%s</span> → %s")
            return Markup().join(
                line
                % (
                    each["label"],
                    both % tuple(each[side] or _("none") for side in SIDES),
                )
                for each in changes
            )
        return Markup().join(
            line % (each["label"], each["new"] or each["old"] or "") for each in changes
        )
