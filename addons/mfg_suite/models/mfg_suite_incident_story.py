from odoo import _, api, fields, models

from .mfg_suite_incident_part import LIMIT, QUESTIONS


class MfgSuiteIncidentStory(models.AbstractModel):
    """Puts the parts of an incident together, in the order of time."""

    _name = "mfg.suite.incident.story"
    _inherit = "mfg.suite.incident.part"
    _description = "Story of an Incident"

    @api.model
    def _tell(self, incident):
        """Return what happened, as the current user may know it, within the plant.

        :param incident: one record that the user may read
        :return: {"questions": {name: {"question", "answer"} in words}; "rows": see
            :meth:`_row`, from old to new; "notes": what is missing, in words; "undecided":
            messages that still wait for a person}
        :raises AccessError: plant or interface are not the user's, as may be asked for
            before an incident is saved
        """
        # The plant alone, whatever else the reader has chosen. Odoo refuses a company that
        # is not the user's, here and not only where a part happens to ask for it.
        incident = incident.with_context(allowed_company_ids=incident.company_id.ids)
        incident.env.companies.ensure_one()
        if self._may_read("mfg.integration.interface"):
            incident.interface_id.check_access_rule("read")
        part = {name: incident.env[f"mfg.suite.incident.{name}"] for name in QUESTIONS}
        changes, notes = part["change"]._rows(incident)
        undecided, others = 0, []
        if self._may_read("mfg.integration.delivery", "mfg.integration.inbox"):
            failures = part["failure"]._find(incident)
            documents = part["effect"]._find(failures)
            undecided = failures.undecided
            self._mark_remedies(changes, failures.first)
            others = [
                *part["failure"]._rows(failures),
                *part["effect"]._rows(documents),
                *part["remedy"]._rows(incident, failures, documents),
            ]
            if self._is_cut(failures):
                notes.append(
                    _(
                        "More happened than is shown: of each kind the first %(limit)s."
                        " Choose a shorter period to see all of it.",
                        limit=LIMIT,
                    )
                )
        else:
            notes.append(
                _("Messages are shown to users with the right Integration: Viewer.")
            )
        rows = sorted(changes + others, key=self._position)
        for row in rows:
            del row["moment"]
        return {
            "questions": self._questions(),
            "rows": rows,
            "notes": notes,
            "undecided": undecided,
        }

    @api.model
    def _questions(self):
        """Return what is asked, and what an answer to it is called."""
        words = {
            "change": (_("Who changed the interface"), _("Change")),
            "failure": (_("What failed, and when"), _("Failure")),
            "effect": (_("Which data were affected"), _("Data")),
            "remedy": (_("How it was put right"), _("Remedy")),
        }
        return {
            name: dict(zip(("question", "answer"), words[name], strict=True))
            for name in QUESTIONS
        }

    @api.model
    def _mark_remedies(self, changes, first):
        """What was changed after the first failure may be what put it right: such a change
        answers both questions."""
        for row in changes:
            if first and row["moment"] > first:
                row["questions"].append("remedy")

    @api.model
    def _position(self, row):
        """By the second, as decisions are noted; within it, causes before consequences."""
        return (
            fields.Datetime.to_string(row["moment"]),
            QUESTIONS.index(row["questions"][-1]),
            row["moment"],
        )

    @api.model
    def _is_cut(self, failures):
        found = (
            failures.attempts,
            failures.letters,
            failures.exceptions,
            failures.refused,
        )
        return any(len(each) >= LIMIT for each in found)
