import json
from collections import defaultdict

from odoo import _, api, models, tools
from odoo.tools import format_date, format_datetime, html2plaintext

from ..engine import baseline, history, observation

#: characters of a value that are shown
SHOWN = 200
PROPERTY = "ir_property"
#: in place of the names of records of other companies
HIDDEN = (None, None)


class MfgAuditWords(models.AbstractModel):
    """Says in the reader's words what the log holds in those of the database."""

    _name = "mfg.audit.words"
    _description = "Words of the Audit Trail"

    @api.model
    def _describe(self, events, focus=()):
        """Put events into words.

        :param events: dicts with ``id``, ``tbl``, ``model``, ``op``, ``res_id``, ``old``,
            ``new``, ``links`` as the log has them
        :param focus: (table, id) of the records that are looked at; pairs of many2many
            fields and values per company are told from their side
        :return: {id of event: {"kind", "link", "record", "title", "model", "res_id",
            "key", "changes"}}; link says which kinds of records a pair links, None of other
            events; title is the kind with the record; changes is a list of {"field",
            "label", "old", "new"}, a value None where there was none
        """
        focus = set(focus)
        # Events of one page are about the same few fields and values.
        said = {}
        described = {
            event["id"]: {**self._interpret(event, focus), "said": said}
            for event in events
        }
        self._find_property_fields(described.values())
        wanted = set()
        for each in described.values():
            wanted.add((each["model"], each["res_id"], each["event"]["id"]))
            wanted |= self._mentioned(each)
        names = self._names(wanted)
        return {
            event_id: {
                "kind": self._kind(each),
                "link": self._link(each),
                "record": self._record_name(each, names),
                "title": self._title(each, names),
                "model": each["model"],
                "res_id": each["res_id"],
                "key": each["key"],
                "changes": self._changes(each, names),
            }
            for event_id, each in described.items()
        }

    # -- which record an event is about -------------------------------------------------

    def _interpret(self, event, focus):
        """Whose change this is: the row's own, or that of the record it belongs to."""
        # what was exported or printed need not be captured
        model = event["model"] or self._model_of(event["tbl"])
        found = {
            "event": event,
            "model": model if model in self.env else None,
            "res_id": event["res_id"],
            "key": (event["tbl"], event["res_id"]),
            "field": None,
            "old": event["old"] or {},
            "new": event["new"] or {},
        }
        if event["tbl"] == PROPERTY:
            self._interpret_property(found)
        elif not model:
            self._interpret_pair(found, focus)
        return found

    def _interpret_property(self, found):
        for link in found["event"]["links"] or ():
            table, _colon, res_id = link.partition(":")
            model = self._model_of(table)
            if model and res_id.isdigit():
                found.update(model=model, res_id=int(res_id), key=(table, int(res_id)))
                found["property"] = found["event"]["res_id"]

    def _interpret_pair(self, found, focus):
        """The side of a pair that is looked at, else that of the field's own model."""
        row = found["old"] | found["new"]
        sides = []
        for model, name in self._pair_fields(found["event"]["tbl"]):
            field = self.env[model]._fields[name]
            ends = row.get(field.column1), row.get(field.column2)
            if all(ends):
                key = (self.env[model]._table, int(ends[0]))
                sides.append((key, model, field, int(ends[1])))
        chosen = next((side for side in sides if side[0] in focus), None)
        if chosen is None and sides:
            key, model, field, other = sides[0]
            there = (self.env[field.comodel_name]._table, other)
            if there in focus:
                # only the other side has a field for it
                chosen = (there, field.comodel_name, field, key[1])
                found["reverse"] = model
            else:
                chosen = sides[0]
        if chosen:
            found["key"], found["model"], found["field"], found["other"] = chosen
            found["res_id"] = found["key"][1]

    @api.model
    @tools.ormcache("table")
    def _pair_fields(self, table):
        """(model, field) of the many2many fields that keep their pairs in a table."""
        return tuple(
            (model, field.name)
            for model, klass in sorted(self.env.registry.items())
            if not klass._abstract and klass._auto
            for field in klass._fields.values()
            if field.type == "many2many"
            and field.store
            and not field.inherited
            and field.relation == table
        )

    @api.model
    @tools.ormcache("table")
    def _model_of(self, table):
        names = (name for name, klass in self.env.registry.items() if klass._auto)
        return next((name for name in names if self.env[name]._table == table), None)

    def _find_property_fields(self, described):
        """A changed value does not repeat which field it is of."""
        by_id = defaultdict(list)
        for each in described:
            if "property" in each:
                by_id[each["property"]].append(each)
        if not by_id:
            return
        # Which field a value is of is structure, no business data.
        Fields = self.env["ir.model.fields"].sudo()
        for res_id, field in history.property_fields(self.env.cr, by_id).items():
            found = Fields.browse(field).exists()
            for each in by_id[res_id]:
                each["field"] = self.env[each["model"]]._fields.get(found.name)
        unknown = [key for key, found in by_id.items() if not found[0]["field"]]
        # Only which field the value is of is read, again.
        for row in self.env["ir.property"].sudo().browse(unknown).exists():
            for each in by_id[row.id]:
                each["field"] = self.env[each["model"]]._fields.get(row.fields_id.name)

    # -- what records were called -------------------------------------------------------

    def _mentioned(self, each):
        """(model, id, event) of the records that the values of an event point to."""
        event_id = each["event"]["id"]
        if "other" in each:
            model = each.get("reverse") or each["field"].comodel_name
            return {(model, each["other"], event_id)}
        found = set()
        for values in (each["old"], each["new"]):
            for name, value in values.items():
                target = self._target(each, name, value)
                if target:
                    found.add((*target, event_id))
        return found

    def _target(self, each, name, value):
        """(model, id) that a value points to, None when it is no pointer."""
        if not value:
            return None
        if "property" in each and name == "value_reference":
            model, _comma, res_id = value.partition(",")
        elif each["model"] and "property" not in each:
            field = self.env[each["model"]]._fields.get(name)
            if field and field.type == "many2one":
                model, res_id = field.comodel_name, value
            elif field and field.type == "reference":
                model, _comma, res_id = value.partition(",")
            else:
                return None
        else:
            return None
        if model not in self.env or not res_id.isdigit():
            return None
        return model, int(res_id)

    def _names(self, wanted):
        """Names as of then, within what the reader may know.

        The trail is read by companies: a name is told when an event of the reader's
        companies tells it, or when the record is theirs or nobody's.

        :param wanted: (model, id, event)
        :return: {(model, id, event): name}
        """
        records = defaultdict(set)
        for model, res_id, _event in wanted:
            if model and res_id:
                records[model].add(res_id)
        current, columns = {}, {}
        for model, ids in records.items():
            current |= self._names_now(model, ids)
            if self._is_named_in_text(model):
                columns |= self._name_columns(model, ids)
        told = history.names(self.env.cr, set(columns.values()), self.env.companies.ids)
        names = {}
        for model, res_id, event in wanted:
            if current.get((model, res_id)) == HIDDEN:
                continue
            then = None
            if (model, res_id) in columns:
                table, row, _column = columns[model, res_id]
                then = history.name_at(told.get((table, row), ()), event)
            plain, display = current.get((model, res_id), (None, None))
            then = then and self._in_language(then)
            name = display if not then or then == plain else then
            if name:
                names[model, res_id, event] = name
        return names

    def _names_now(self, model, ids):
        """{(model, id): (plain name, display name)}, or HIDDEN, of those that exist."""
        # Auditors have no business rights; the companies bound what they may know.
        records = self.env[model].sudo().with_context(active_test=False).browse(ids)
        records = records.exists()
        known = records.filtered(self._is_within_companies)
        rec_name = self.env[model]._rec_name
        # Without a name Odoo shows the technical one of the model and the id.
        nameless = {f"{model},{res_id}" for res_id in ids}
        names = {(model, record.id): HIDDEN for record in records - known}
        for record in known:
            plain = rec_name and str(record[rec_name] or "")
            display = record.display_name
            names[model, record.id] = (plain, None if display in nameless else display)
        return names

    def _is_within_companies(self, record):
        allowed = self.env.companies
        if record._name == "res.company":
            return record in allowed
        if "company_ids" in record._fields:
            return not record.company_ids or bool(record.company_ids & allowed)
        if "company_id" in record._fields:
            company = record.company_id
            return not company or company in allowed
        return True

    def _is_named_in_text(self, model):
        """Whether the log holds names of its records; of a link it only holds the number."""
        Model = self.env[model]
        field = Model._fields.get(Model._rec_name)
        return field is None or field.type in ("char", "text")

    def _name_columns(self, model, ids):
        """{(model, id): (table, id, column)} where the name of a record is kept."""
        Model = self.env[model]
        field = Model._fields.get(Model._rec_name)
        if field is None:
            return {(model, res_id): (Model._table, res_id, "name") for res_id in ids}
        if not field.inherited:
            return {
                (model, res_id): (Model._table, res_id, field.name) for res_id in ids
            }
        # The name of a variant is that of its product; the rows that point there are
        # followed whoever asks, the names themselves are bounded later.
        owner = field.related_field
        link = field.related.split(".")[0]
        table = self.env[owner.model_name]._table
        records = Model.sudo().browse(ids).exists()  # as said above
        return {
            (model, record.id): (table, record[link].id, owner.name)
            for record in records
        }

    def _in_language(self, text):
        """A name in the reader's language where it is kept in several."""
        texts = self._texts(text)
        if texts is None:
            return text
        return (
            texts.get(self.env.lang) or texts.get("en_US") or next(iter(texts.values()))
        )

    @staticmethod
    def _texts(text):
        """{language: text} of a translated value, None when it is none."""
        if not text or not text.startswith("{"):
            return None
        try:
            found = json.loads(text)
        except ValueError:
            return None
        return found or None

    # -- labels and values --------------------------------------------------------------

    @staticmethod
    def _once(each, key, say):
        """What was said of the same thing on this page, or else what ``say`` says."""
        said = each["said"]
        if key not in said:
            said[key] = say()
        return said[key]

    def _kind(self, each):
        model, table = each["model"], each["event"]["tbl"]
        if model:
            return self._once(each, model, lambda: self._kind_of(model))
        known = {baseline.TRAIL: _("Audit Trail"), "ir_http": _("Request")}
        return known.get(table) or _("Table %(table)s", table=table)

    def _link(self, each):
        """Which kinds of records a pair links, None for other events."""
        if "other" not in each:
            return None
        field = each["field"]
        # In one order, whichever side it is told from.
        kinds = sorted(map(self._kind_of, (field.model_name, field.comodel_name)))
        return _("Link: %(kind)s – %(other)s", kind=kinds[0], other=kinds[1])

    @api.model
    def _kind_of(self, model):
        """What the records of a model are called."""
        # The names of models are no business data.
        return self.env["ir.model"]._get(model).sudo().name

    @api.model
    def _called(self, kind, name, res_id):
        """Kind and name of a record in one, its number where it has no name."""
        if name:
            return _("%(kind)s: %(name)s", kind=kind, name=name)
        return f"{kind} #{res_id}" if res_id else kind

    def _record_name(self, each, names):
        """What the record was called; its number, or else its kind, where it has no name.

        An event about a whole table says so."""
        whole = {"T": _("All records"), baseline.BULK: _("Many records")}
        if each["event"]["op"] in whole:
            return whole[each["event"]["op"]]
        name = self._known_name(each, names)
        if name:
            return name
        return f"#{each['res_id']}" if each["res_id"] else self._kind(each)

    def _title(self, each, names):
        """The kind of the record and what it was called."""
        name = self._known_name(each, names)
        return self._called(self._kind(each), name, each["res_id"])

    def _known_name(self, each, names):
        name = names.get((each["model"], each["res_id"], each["event"]["id"]))
        if name:
            return name
        row = each["old"] | each["new"]
        told = row.get("name") or row.get("display_name")
        if told and each["key"][0] == each["event"]["tbl"]:
            return self._in_language(told)
        return None

    def _changes(self, each, names):
        if each["event"]["op"] in (*observation.OPERATIONS, baseline.BULK):
            return self._details(each["new"])
        if "other" in each:
            return [self._pair_change(each, names)]
        if "property" in each:
            return self._property_change(each, names)
        changes = []
        for name in sorted(each["old"].keys() | each["new"].keys()):
            old, new = each["old"].get(name), each["new"].get(name)
            if not old and not new and each["event"]["op"] != "U":
                continue  # nothing was entered there
            changes += self._field_changes(each, name, old, new, names)
        return changes

    def _details(self, told):
        labels = {
            "fields": _("Fields"),
            "file": _("File"),
            "key": _("Key"),
            "login": _("Login"),
            "message": _("Message"),
            "method": _("Method"),
            "of": _("What Was Shown"),
            "outcome": _("Outcome"),
            "path": _("Address"),
            "records": _("Records"),
            "report": _("Report"),
            "rows": _("Rows"),
            "scope": _("Scope"),
            "sha256": _("Hash of the Rows"),
            "statement": _("Statement"),
        }
        return [
            {"field": name, "label": labels.get(name, name), "old": None, "new": value}
            for name, value in sorted(told.items())
        ]

    def _field_changes(self, each, name, old, new, names):
        model = each["model"]
        field = self.env[model]._fields.get(name) if model else None
        label = self._label(each, field) or name
        if field is not None and field.translate:
            return self._translated_changes(name, label, old, new)
        old, new = (
            self._readable(each, name, field, value, names) for value in (old, new)
        )
        return [{"field": name, "label": label, "old": old, "new": new}]

    def _translated_changes(self, name, label, old, new):
        """One change per language whose text is another now."""
        olds, news = self._texts(old) or {}, self._texts(new) or {}
        if not olds and not news:
            return [{"field": name, "label": label, "old": old, "new": new}]
        languages = [
            code
            for code in sorted(olds.keys() | news.keys())
            if olds.get(code) != news.get(code)
        ]
        several = len(olds.keys() | news.keys()) > 1
        titles = {code: title for code, title in self.env["res.lang"].get_installed()}
        return [
            {
                "field": name,
                "label": f"{label} ({titles.get(code, code)})" if several else label,
                "old": self._short(olds.get(code)),
                "new": self._short(news.get(code)),
            }
            for code in languages
        ]

    def _pair_change(self, each, names):
        event = each["event"]
        other = each.get("reverse") or each["field"].comodel_name
        label = self._label(each, each["field"])
        if "reverse" in each:
            label = f"{self._kind_of(other)}: {label}"
        name = names.get((other, each["other"], event["id"])) or f"#{each['other']}"
        added = event["op"] == "I"
        return {
            "field": each["field"].name,
            "label": label,
            "old": None if added else name,
            "new": name if added else None,
        }

    def _property_change(self, each, names):
        """The value of a company-dependent field, whichever column holds it."""
        field = each["field"]
        old, new = (
            next(
                (
                    self._readable(each, name, field, value, names)
                    for name, value in sorted(values.items())
                    if name.startswith("value_") and value is not None
                ),
                None,
            )
            for values in (each["old"], each["new"])
        )
        label = self._label(each, field) or _("Value per company")
        company = each["event"]["company_id"]
        if company in self.env.companies.ids:
            label = f"{label} ({self.env['res.company'].browse(company).name})"
        name = field.name if field else "value"
        return [{"field": name, "label": label, "old": old, "new": new}]

    def _label(self, each, field):
        return field and self._once(
            each,
            field,
            lambda: field.get_description(self.env, ["string"])["string"],
        )

    def _readable(self, each, name, field, value, names):
        """A value as the reader knows it from the screen."""
        if value is None:
            return None
        target = self._target(each, name, value)
        if target:
            known = names.get((*target, each["event"]["id"]))
            return known or f"#{target[1]}"
        if not isinstance(value, str):  # the trail's own events tell of lists, too
            return self._said(field, value)
        return self._once(each, (field, value), lambda: self._said(field, value))

    def _said(self, field, value):
        """A value that names no record."""
        kind = field.type if field is not None else None
        if kind == "boolean":
            return _("Yes") if value in ("t", "true") else _("No")
        if kind == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if kind == "datetime":
            return format_datetime(self.env, value[:19], dt_format=False)
        if kind == "date":
            return format_date(self.env, value)
        if kind == "html":
            return self._short(html2plaintext(value))
        return self._short(value)

    @staticmethod
    def _short(value):
        if value and len(value) > SHOWN:
            return value[: SHOWN - 1] + "…"
        return value
