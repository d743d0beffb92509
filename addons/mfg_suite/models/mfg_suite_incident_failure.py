from dataclasses import dataclass
from datetime import datetime

from odoo import _, api, models
from odoo.models import BaseModel
from odoo.tools import format_datetime

from .mfg_suite_incident_part import LIMIT


@dataclass(frozen=True)
class Failures:
    """What failed in the period of an incident, as far as the reader may know it."""

    #: (delivery, error code, first and last failure, how many) of failed attempts
    attempts: list
    letters: BaseModel
    exceptions: BaseModel
    #: inbound messages that were not even taken in, or are tried again
    refused: BaseModel
    #: outbound messages that failed, what they told, and inbound messages that failed
    deliveries: BaseModel
    events: BaseModel
    messages: BaseModel

    @property
    def first(self) -> datetime | None:
        """When it began."""
        moments = [
            *(first for _delivery, _code, first, _last, _count in self.attempts),
            *self.letters.mapped("create_date"),
            *self.exceptions.mapped("create_date"),
            *self.refused.mapped("created_at"),
        ]
        return min(moments, default=None)

    @property
    def undecided(self):
        """How many messages still wait for a person."""
        return sum(
            each.state == "open"
            for records in (self.letters, self.exceptions)
            for each in records
        )


class MfgSuiteIncidentFailure(models.AbstractModel):
    """When a transaction failed: attempts, dead letters, inbound messages not processed."""

    _name = "mfg.suite.incident.failure"
    _inherit = "mfg.suite.incident.part"
    _description = "Failures in an Incident's Story"

    @api.model
    def _find(self, incident):
        """Return the :class:`Failures` of an incident."""
        attempts = self.env["mfg.integration.attempt"]._read_group(
            [
                *self._messages_of(incident, "started_at"),
                ("error_code", "!=", False),
            ],
            ["delivery_id", "error_code"],
            ["started_at:min", "started_at:max", "__count"],
            limit=LIMIT,
            order="started_at:min",
        )
        dead = self._messages_of(incident, "create_date")
        letters = self.env["mfg.integration.dead"].search(dead, order="id", limit=LIMIT)
        exceptions = self.env["mfg.integration.inbox.exception"].search(
            dead, order="id", limit=LIMIT
        )
        inbox = self.env["mfg.integration.inbox"]
        refused = inbox.search(
            [
                *self._messages_of(incident, "created_at"),
                ("state", "in", ("rejected", "retry")),
            ],
            order="id",
            limit=LIMIT,
        )
        numbers = {each[0].id for each in attempts} | set(
            letters.mapped("delivery_ref")
        )
        # Those that are not kept any more, or not the reader's, are left out.
        deliveries = self.env["mfg.integration.delivery"].search(
            [("id", "in", list(numbers))]
        )
        told = {*deliveries.event_id.ids, *letters.mapped("event_ref")}
        return Failures(
            attempts=attempts,
            letters=letters,
            exceptions=exceptions,
            refused=refused,
            deliveries=deliveries,
            events=self.env["mfg.integration.event"].search(
                [("id", "in", list(told))], order="id"
            ),
            messages=refused
            | inbox.search([("id", "in", exceptions.mapped("inbox_ref"))]),
        )

    @api.model
    def _rows(self, failures):
        return [
            *self._of_attempts(failures),
            *self._of_letters(failures.letters),
            *self._of_exceptions(failures),
            *self._of_refused(failures.refused),
        ]

    @api.model
    def _of_attempts(self, failures):
        known = {each.id: each for each in failures.deliveries}
        buried = set(failures.letters.mapped("delivery_ref"))
        rows = []
        for delivery, code, first, last, count in failures.attempts:
            message = known.get(delivery.id)
            # The only attempt of a dead letter is what the letter tells of.
            if not message or (count == 1 and delivery.id in buried):
                continue
            rows.append(
                self._row(
                    "failure",
                    first,
                    message,
                    who=message.endpoint_id.name,
                    what=self._words(code),
                    about=message.subject or "",
                    message=message.uuid,
                    detail=_(
                        "%(count)s attempts, the last one %(last)s",
                        count=count,
                        last=format_datetime(self.env, last),
                    )
                    if count > 1
                    else _("Attempt"),
                )
            )
        return rows

    @api.model
    def _of_letters(self, letters):
        reasons = dict(letters._fields["reason"]._description_selection(self.env))
        return [
            self._row(
                "failure",
                letter.create_date,
                letter,
                who=letter.endpoint_id.name or "",
                what=_("Dead letter: %(what)s", what=self._words(letter.error_code)),
                about=letter.subject or "",
                message=letter.event_uuid or "",
                detail=self._joined(reasons.get(letter.reason), letter._cause()),
            )
            for letter in letters
        ]

    @api.model
    def _of_exceptions(self, failures):
        exceptions = failures.exceptions
        known = {message.id: message.uuid for message in failures.messages}
        reasons = dict(exceptions._fields["reason"]._description_selection(self.env))
        return [
            self._row(
                "failure",
                exception.create_date,
                exception,
                who=exception.system_id.name or "",
                what=_(
                    "Not processed: %(what)s", what=self._words(exception.error_code)
                ),
                about=exception.subject or "",
                message=known.get(exception.inbox_ref, ""),
                detail=self._joined(reasons.get(exception.reason), exception._cause()),
            )
            for exception in exceptions
        ]

    @api.model
    def _of_refused(self, refused):
        return [
            self._row(
                "failure",
                message.created_at,
                message,
                who=message.system_id.name or "",
                what=_("Refused: %(what)s", what=self._words(message.error_code)),
                about=message.subject or "",
                message=message.uuid,
                detail=message.error or "",
            )
            for message in refused
        ]

    @api.model
    def _words(self, code):
        return self.env["mfg.integration.error.code"]._for_code(code).name or code or ""

    @api.model
    def _joined(self, *texts):
        return ": ".join(text for text in texts if text)
