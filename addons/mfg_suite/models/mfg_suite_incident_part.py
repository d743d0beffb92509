from odoo import api, fields, models

#: what an incident answers, in the order in which things happen
QUESTIONS = ("change", "failure", "effect", "remedy")
#: rows of one kind that a story tells
LIMIT = 300


class MfgSuiteIncidentPart(models.AbstractModel):
    """What the parts of an incident's story share.

    Each part reads as the current user: nobody learns from a story what the documents
    themselves would not show.
    """

    _name = "mfg.suite.incident.part"
    _description = "Part of an Incident's Story"

    @api.model
    def _period(self, incident, moment):
        """Return the domain of what happened in the period of an incident.

        :param str moment: field with the time
        """
        return [(moment, ">=", incident.since), (moment, "<=", incident._until())]

    @api.model
    def _messages_of(self, incident, moment):
        """Return the domain of messages of the interface, plant and period."""
        return [
            ("interface_id", "=", incident.interface_id.id),
            ("company_id", "=", incident.company_id.id),
            *self._period(incident, moment),
        ]

    @api.model
    def _row(self, question, at, record=None, **told):
        """Return a row of the story.

        :param str question: which of :data:`QUESTIONS` it answers
        :param datetime at: UTC
        :param record: what the row opens
        :param told: ``who``, ``what``, ``about``, ``detail``, ``message`` (its id) as texts,
            ``changes`` as :meth:`mfg.audit.words._describe` tells them
        """
        return {
            "questions": [question],
            "moment": at,
            "at": fields.Datetime.to_string(at),
            "who": "",
            "what": "",
            "about": "",
            "detail": "",
            "message": "",
            "changes": [],
            "model": record._name if record else False,
            "res_id": record.id if record else False,
            **told,
        }

    @api.model
    def _may_read(self, *models_):
        return all(
            self.env[name].check_access_rights("read", raise_exception=False)
            for name in models_
        )

    @api.model
    def _reads_trail(self):
        return self.env.user.has_group("mfg_audit_trail.group_auditor")

    @api.model
    def _trail_rows(self, question, keys, subject, found):
        """Return the rows of audit events, one for each record that a transaction changed.

        :param keys: (table, id) of the records that are looked at
        :param subject: record in whose words the changes are told
        :param found: events as :func:`mfg_audit_trail.engine.history.events` gives them
        """
        timeline = self.env["mfg.audit.timeline"]
        events = self.env["mfg.audit.event"]
        operations = dict(events._fields["operation"]._description_selection(self.env))
        pages = timeline._by_transaction(found)
        moments = {page[0]["last"]: page[0]["date"] for page in pages}
        groups = timeline._groups(pages, "net", keys, (subject._name, subject.id))
        return [
            self._row(
                question,
                moments[group["id"]],
                events.browse(entry["id"]),
                who=self._person(group),
                what=operations[entry["operation"]],
                about=f"{entry['kind']}: {entry['record']}",
                detail=group["reason"],
                changes=self._values(entry),
            )
            for group in groups
            for entry in group["entries"]
        ]

    @api.model
    def _values(self, entry):
        """Return the changes of an entry; of what is gone the values that it had."""
        changes = [each for each in entry["changes"] if each["field"] != "id"]
        if entry["operation"] != "D":
            return changes
        return [
            {**each, "old": None, "new": each["old"]} for each in changes if each["old"]
        ]

    @api.model
    def _person(self, group):
        """Return who stands behind a transaction, in words."""
        people = (group["user"], group["on_behalf_of"], group["impersonator"])
        return " / ".join(each for each in people if each)
