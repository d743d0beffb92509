import json
from collections import defaultdict

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

OPERATIONS = [
    ("I", "Created"),
    ("U", "Changed"),
    ("D", "Deleted"),
    ("T", "Emptied"),
    ("S", "Columns Changed"),
    ("G", "Capture Gap"),
    ("C", "Trail Set Up"),
]
#: characters of a value that a list shows
SHOWN = 200


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
    model_id = fields.Many2one("ir.model", string="Kind of Record", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record Id", model_field="model", readonly=True
    )
    record_name = fields.Char(string="Record", compute="_compute_readable")
    changes = fields.Html(compute="_compute_readable", sanitize=False)
    old_values = fields.Text(readonly=True)
    new_values = fields.Text(readonly=True)
    reason = fields.Char(readonly=True)
    retention_class = fields.Char(string="Retention", readonly=True)
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
    transaction_id = fields.Many2one("mfg.audit.transaction", readonly=True)
    links = fields.Char(string="Belongs To", readonly=True)
    link = fields.Char(string="Part Of", compute="_compute_link", search="_search_link")

    @property
    def _table_query(self):
        # Partitioned and outside Odoo's schema, hence never the table of a model.
        return """
            SELECT e.id, e.ts AT TIME ZONE 'UTC' AS date, e.op::text AS operation,
                   e.tbl AS table_name, r.model, m.id AS model_id, e.res_id,
                   jsonb_pretty(e.old) AS old_values, jsonb_pretty(e.new) AS new_values,
                   e.reason, e.class AS retention_class, e.company_id,
                   e.eff_uid AS effective_id, t.login_uid AS login_id, t.origin,
                   t.request, e.xid * 8 + e.cluster AS transaction_id,
                   array_to_string(e.links, ' ') AS links
              FROM mfg_audit.event e
              JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
         LEFT JOIN mfg_audit.relation r ON r.name = e.tbl
         LEFT JOIN ir_model m ON m.model = r.model
        """

    @api.depends("model", "res_id", "old_values", "new_values")
    def _compute_readable(self):
        values = {
            event: (
                json.loads(event.old_values or "{}"),
                json.loads(event.new_values or "{}"),
            )
            for event in self
        }
        names = self._names(values)
        for event, (old, new) in values.items():
            event.record_name = names.get((event.model, event.res_id)) or (
                (old | new).get("name")
                or (event.res_id and f"{event.table_name} {event.res_id}")
                or event.links
            )
            event.changes = event._changes(old, new, names)

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

    @api.model
    def action_open_timeline(self, model, res_id):
        """Open everything that is known about one record, its lines included.

        :param str model: technical name
        :param int res_id: id of the record, which may be gone
        """
        table = self.env[model]._table
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_event_action"
        )
        action["domain"] = [
            "|",
            "&",
            ("table_name", "=", table),
            ("res_id", "=", res_id),
            ("link", "=", f"{table}:{res_id}"),
        ]
        action["context"] = {}
        return action

    def _search_link(self, operator, value):
        if operator != "=":
            raise UserError(_("Search what an event belongs to with '='."))
        query = "SELECT id FROM mfg_audit.event WHERE links @> ARRAY[%s]"
        return [("id", "inselect", (query, [value]))]

    def _names(self, values):
        """Names of the records that are mentioned, {(model, id): name}."""
        wanted = defaultdict(set)
        for event, (old, new) in values.items():
            if event.model not in self.env:
                continue
            if event.res_id:
                wanted[event.model].add(event.res_id)
            for name in old.keys() | new.keys():
                field = self.env[event.model]._fields.get(name)
                if field and field.type == "many2one":
                    wanted[field.comodel_name] |= {
                        int(each[name]) for each in (old, new) if each.get(name)
                    }
        found = {}
        for model, ids in wanted.items():
            # An auditor has no rights on the business records; who may read an event may
            # read the names of what it is about.
            records = self.env[model].sudo().browse(ids).exists()
            for record in records.with_context(active_test=False):
                found[model, record.id] = record.display_name
        return found

    def _changes(self, old, new, names):
        """The change in words, as a list of label, old and new value."""
        self.ensure_one()
        fields_ = self.env[self.model]._fields if self.model in self.env else {}
        lines = []
        for name in sorted(old.keys() | new.keys()):
            field = fields_.get(name)
            label = (
                field and field.get_description(self.env, ["string"])["string"]
            ) or name
            was, is_now = (
                self._readable(field, each.get(name), names) for each in (old, new)
            )
            if self.operation == "U":
                text = Markup("%s <span class='text-muted'>%s</span> → %s") % (
                    Markup("<b>%s</b>") % label,
                    was,
                    is_now,
                )
            else:
                text = Markup("<b>%s</b> %s") % (label, was or is_now)
            lines.append(Markup("<div>%s</div>") % text)
        return Markup("").join(lines)

    def _readable(self, field, value, names):
        """A value as the user knows it from the screen."""
        if value is None:
            return _("none") if self.operation == "U" else ""
        if field is None:
            return value[:SHOWN]
        if field.type == "many2one":
            return names.get((field.comodel_name, int(value))) or f"#{value}"
        if field.type == "boolean":
            return _("yes") if value in ("t", "true") else _("no")
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.translate:
            return self._translations(value)
        return value[:SHOWN]

    def _translations(self, value):
        try:
            texts = json.loads(value)
        except ValueError:
            return value[:SHOWN]
        if not isinstance(texts, dict):
            return value[:SHOWN]
        return ", ".join(f"{lang}: {text}" for lang, text in texts.items())[:SHOWN]
