from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import history, observation

#: transactions that are shown at once
PAGE = 40
#: transactions that a comparison of two dates looks through
COMPARED = 5000
#: what a timeline tells about; who looked at a record is in the list of events
OPERATIONS = "IUDTBXP"
MODES = ("net", "detailed")


class MfgAuditTimeline(models.AbstractModel):
    """Everything that happened to a record and its lines, for the screen."""

    _name = "mfg.audit.timeline"
    _description = "Audit Timeline"

    @api.model
    def get_timeline(self, model, res_id, mode="net", before=None):
        """What happened to a record, its lines and deleted lines, newest first.

        :param str model: technical name
        :param int res_id: id of the record, which may be gone
        :param str mode: ``net`` (what a transaction changed in the end) or ``detailed``
            (each step)
        :param int before: ``next`` of the answer before, to go on
        :return: {"title", "kind", "name", "groups", "next"}; name is kind and title in
            one; a group is a transaction with
            ``date`` (UTC), ``user``, ``on_behalf_of``, ``origin``, ``reason``, ``request``,
            ``attested`` and ``entries``, each with ``operation``, ``kind``, ``link``,
            ``record``, ``own`` and ``changes``
        :raises AccessError: the user is no auditor
        :raises UserError: model or mode is unknown
        """
        self._check_reader(model, res_id)
        if mode not in MODES:
            raise UserError(
                _("A timeline is net or detailed, not %(mode)s.", mode=mode)
            )
        keys = self._keys(model, res_id)
        found = self._events(keys, limit=PAGE + 1, before=before)
        pages = self._by_transaction(found)
        following = pages[PAGE - 1][-1]["last"] if len(pages) > PAGE else None
        groups = self._groups(pages[:PAGE], mode, keys, (model, res_id))
        return {**self._heading(model, res_id), "groups": groups, "next": following}

    @api.model
    def compare(self, model, res_id, since, until):
        """What is different between two moments.

        :param str since: date and time in UTC, as ``2026-01-31 08:00:00``
        :param str until: date and time in UTC
        :return: as :meth:`get_timeline`, with one group for the whole period
        :raises AccessError: the user is no auditor
        :raises UserError: the second moment is not after the first one, or too much
            happened in between
        """
        self._check_reader(model, res_id)
        since, until = (fields.Datetime.to_datetime(each) for each in (since, until))
        if not since or not until or since >= until:
            raise UserError(_("Choose a second date after the first one."))
        keys = self._keys(model, res_id)
        found = self._events(keys, limit=COMPARED + 1, since=since, until=until)
        if len(self._by_transaction(found)) > COMPARED:
            raise UserError(
                _(
                    "More than %(count)s transactions changed this record in the period."
                    " Choose dates closer to each other.",
                    count=COMPARED,
                )
            )
        found = [each for each in found if since <= each["date"] < until]
        merged = history.net(sorted(found, key=lambda event: event["id"]))
        entries = self._entries(merged, keys, (model, res_id))
        return {**self._heading(model, res_id), "groups": [{"entries": entries}]}

    @api.model
    def action_open(self, model, res_id):
        """Open the timeline of a record.

        :return: client action
        """
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_timeline_action"
        )
        action["context"] = {"active_model": model, "active_id": res_id}
        return action

    @api.model
    def _check_reader(self, model, res_id):
        if not self.env.user.has_group("mfg_audit_trail.group_auditor"):
            raise AccessError(
                _(
                    "The audit trail is read by users with the right Audit Trail: Auditor."
                )
            )
        if model not in self.env or self.env[model]._abstract:
            raise UserError(
                _("There are no records of the kind %(model)s.", model=model)
            )

        observation.observe(
            self.env,
            "R",
            model,
            [res_id],
            company=self.env.company.id,
            of=_("Timeline"),
        )

    @api.model
    def _keys(self, model, res_id):
        """(table, id) of the record and of what makes it up: a product has its variants,
        which hold its values per company, and a variant its product."""
        Model = self.env[model]
        keys = [(Model._table, res_id)]
        # Which rows belong together is followed as superuser; events are bounded by company.
        record = Model.sudo().browse(res_id).exists()
        for parent, link in Model._inherits.items():
            if record[link]:
                keys.append((self.env[parent]._table, record[link].id))
        for name in Model._inherits_children:
            child = self.env[name]
            link = child._inherits.get(model)
            if not link or not child._auto:
                continue
            ids = set(history.lines(self.env.cr, keys[:1], child._table))
            if child._fields[link].store:
                # The rows are followed as superuser; events are bounded by company.
                found = child.sudo().with_context(active_test=False)
                ids |= set(found.search([(link, "=", res_id)]).ids)
            keys += [(child._table, each) for each in sorted(ids)]
        return keys

    @api.model
    def _events(self, keys, **options):
        self.env.flush_all()
        return history.events(
            self.env.cr, keys, self.env.companies.ids, OPERATIONS, **options
        )

    @api.model
    def _heading(self, model, res_id):
        words = self.env["mfg.audit.words"]
        last = 2**62
        name = words._names({(model, res_id, last)}).get((model, res_id, last))
        kind = words._kind_of(model)
        return {
            "title": name or f"#{res_id}",
            "kind": kind,
            "name": words._called(kind, name, res_id),
        }

    @api.model
    def _by_transaction(self, found):
        pages = {}
        for event in found:
            pages.setdefault((event["cluster"], event["xid"]), []).append(event)
        return list(pages.values())

    @api.model
    def _groups(self, pages, mode, keys, subject):
        if mode == "net":
            merged = [(page, history.net(page)) for page in pages]
        else:
            merged = [(page, page) for page in pages]
        shown = [event for _page, events in merged for event in events]
        words = self.env["mfg.audit.words"]._describe(shown, keys)
        people = self._people(pages)
        return [
            {
                **self._who(page, people),
                "entries": [self._entry(event, words, subject) for event in events],
            }
            for page, events in merged
            if events
        ]

    @api.model
    def _entries(self, events, keys, subject):
        words = self.env["mfg.audit.words"]._describe(events, keys)
        return [self._entry(event, words, subject) for event in events]

    @api.model
    def _entry(self, event, words, subject):
        said = words[event["id"]]
        model, res_id = subject
        return {
            "id": event["id"],
            "operation": event["op"],
            "kind": said["kind"],
            "link": said["link"],
            "record": said["record"],
            "own": said["key"] == (self.env[model]._table, res_id),
            "changes": said["changes"],
        }

    @api.model
    def _people(self, pages):
        """{id: name} of everybody who is named; who did it is what the trail is about."""
        ids = set()
        for page in pages:
            ids |= {page[0]["login_uid"]} | {event["eff_uid"] for event in page}
            ids.add((page[0]["context"] or {}).get("impersonator"))
        # Auditors of a company need not be able to read users of others.
        users = self.env["res.users"].sudo().with_context(active_test=False)
        return {user.id: user.name for user in users.browse(ids - {None}).exists()}

    @api.model
    def _who(self, page, people):
        head = page[0]
        reasons = {event["reason"]: True for event in page if event["reason"]}
        context = head["context"] or {}
        origins = dict(
            self.env["mfg.audit.transaction"]
            ._fields["origin"]
            ._description_selection(self.env)
        )
        login = head["login_uid"]
        effective = head["eff_uid"]
        behalf = effective if effective and effective != login else None
        return {
            "id": head["last"],
            "date": fields.Datetime.to_string(head["date"]),
            "user": people.get(login) or (login and f"#{login}") or head["db_user"],
            "user_id": login,
            "on_behalf_of": behalf and (people.get(behalf) or f"#{behalf}"),
            "impersonator": people.get(context.get("impersonator")),
            "origin": origins.get(head["origin"], head["origin"]),
            "file": context.get("file"),
            "reason": ", ".join(reasons),
            "request": head["request"],
            "client": context.get("ip") or head["client"],
            "attested": head["attested"],
        }
