from odoo import _, api, models
from odoo.tools import html2plaintext

from odoo.addons.mfg_audit_trail.engine import history

from .mfg_suite_incident_part import LIMIT

#: where people change documents by hand
BY_HAND = ("ui", "rpc", "import")


class MfgSuiteIncidentRemedy(models.AbstractModel):
    """How it was put right: decisions and their notes, retries that arrived, remarks, and
    edits of the affected documents."""

    _name = "mfg.suite.incident.remedy"
    _inherit = "mfg.suite.incident.part"
    _description = "Remedies in an Incident's Story"

    @api.model
    def _rows(self, incident, failures, documents):
        rows = []
        if self._may_read("mfg.integration.decision"):
            rows += self._decisions(incident)
        return [
            *rows,
            *self._arrived(incident, failures.events),
            *self._processed(incident, failures.exceptions, failures.messages),
            *self._remarks(incident, failures.letters),
            *self._remarks(incident, failures.exceptions),
            *self._edits(incident, failures.first, documents),
        ]

    @api.model
    def _decisions(self, incident):
        decisions = self.env["mfg.integration.decision"].search(
            self._messages_of(incident, "decided_at"), order="id", limit=LIMIT
        )
        actions = dict(decisions._fields["action"]._description_selection(self.env))
        return [
            self._row(
                "remedy",
                decision.decided_at,
                decision,
                # sudo: who decided is what the record is about
                who=decision.sudo().user_id.name,
                what=actions[decision.action],
                about=_("Messages: %(count)s", count=decision.message_count),
                detail=decision.note or _("No note was written."),
            )
            for decision in decisions
        ]

    @api.model
    def _arrived(self, incident, events):
        """Return the rows of messages that failed and were taken in the end."""
        deliveries = self.env["mfg.integration.delivery"].search(
            [
                ("event_id", "in", events.ids),
                ("state", "=", "delivered"),
                *self._messages_of(incident, "finished_at"),
            ],
            order="id",
        )
        return [
            self._row(
                "remedy",
                delivery.finished_at,
                delivery,
                who=delivery.endpoint_id.name,
                what=_("Taken by the other side"),
                about=delivery.subject or "",
                message=delivery.uuid,
                detail=_("at attempt %(number)s", number=delivery.attempts),
            )
            for delivery in deliveries
        ]

    @api.model
    def _processed(self, incident, exceptions, messages):
        """Return the rows of inbound messages that were processed after all."""
        numbers = set(exceptions.mapped("inbox_ref"))
        until = incident._until()
        return [
            self._row(
                "remedy",
                message.finished_at,
                message,
                who=message.system_id.name,
                what=_("Processed"),
                about=message.subject or "",
                message=message.uuid,
            )
            for message in messages
            if message.id in numbers
            and message.state == "processed"
            and message.finished_at <= until
        ]

    @api.model
    def _remarks(self, incident, waiting):
        """Return the rows of what people wrote on dead letters and inbound exceptions."""
        remarks = self.env["mail.message"].search(
            [
                ("model", "=", waiting._name),
                ("res_id", "in", waiting.ids),
                ("message_type", "=", "comment"),
                *self._period(incident, "date"),
            ],
            order="id",
            limit=LIMIT,
        )
        subjects = {each.id: each.subject for each in waiting}
        return [
            self._row(
                "remedy",
                remark.date,
                waiting.browse(remark.res_id),
                # sudo: who reads a remark knows whose it is
                who=remark.sudo().author_id.name or "",
                what=_("Remark"),
                about=subjects[remark.res_id] or "",
                detail=html2plaintext(remark.body or ""),
            )
            for remark in remarks
        ]

    @api.model
    def _edits(self, incident, first, documents):
        """Return the rows of changes that people made to affected documents."""
        if not first or not documents or not self._reads_trail():
            return []
        keys = {
            (self.env[model]._table, res_id)
            for model, res_id in documents
            if model in self.env
        }
        self.env.flush_all()
        found = history.events(
            self.env.cr,
            keys,
            incident.env.companies.ids,
            "UD",
            LIMIT,
            since=max(first, incident.since),
            until=incident._until(),
        )
        own = [
            event
            for event in found
            if event["origin"] in BY_HAND and (event["tbl"], event["res_id"]) in keys
        ]
        return self._trail_rows("remedy", keys, incident, own)
