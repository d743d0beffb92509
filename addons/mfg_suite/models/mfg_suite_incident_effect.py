from odoo import _, api, models


class MfgSuiteIncidentEffect(models.AbstractModel):
    """What data was affected: documents that failed messages told of, and documents that
    came out of inbound ones or of what these set off."""

    _name = "mfg.suite.incident.effect"
    _inherit = "mfg.suite.incident.part"
    _description = "Documents in an Incident's Story"

    @api.model
    def _find(self, failures):
        """Return the documents, each once.

        :return: {(model, id): {"at", "name", "messages" (their ids, in order), "how"}}
        """
        documents = {}
        for event in failures.events:
            self._note(
                documents,
                (event.res_model, event.res_id),
                event.created_at,
                event.subject,
                event.uuid,
                _("Its message failed"),
            )
        for message, link in self._links(failures.messages):
            self._note(
                documents,
                (link["model"], link["id"]),
                message.finished_at or message.created_at,
                link.get("name"),
                message.uuid,
                _("Made or changed by the message"),
            )
        for event in self._caused(failures):
            self._note(
                documents,
                (event.res_model, event.res_id),
                event.created_at,
                event.subject,
                event.uuid,
                _("Told of in consequence of the message"),
            )
        return documents

    @api.model
    def _rows(self, documents):
        kinds = self._kinds({model for model, _id in documents})
        return [
            self._row(
                "effect",
                found["at"],
                model=model in self.env and model,
                res_id=res_id,
                what=kinds.get(model, model),
                about=found["name"],
                detail=found["how"],
                message=", ".join(found["messages"]),
            )
            for (model, res_id), found in documents.items()
        ]

    @api.model
    def _note(self, documents, key, at, name, message, how):
        if not all(key):
            return
        found = documents.setdefault(
            key, {"at": at, "name": name or f"#{key[1]}", "messages": {}, "how": how}
        )
        found["at"] = min(found["at"], at)
        found["messages"][message] = True

    @api.model
    def _links(self, messages):
        """Yield (message, document) of what messages were processed into."""
        self.env.cr.execute(
            "SELECT id, links FROM mfg_integration_inbox"
            " WHERE id = ANY(%s) AND links IS NOT NULL",
            [messages.ids],
        )
        links = dict(self.env.cr.fetchall())
        for message in messages:
            for link in links.get(message.id, ()):
                yield message, link

    @api.model
    def _caused(self, failures):
        """Return the events that continue the trace of inbound messages."""
        traces = list(set(failures.messages.mapped("trace_id")) - {False, None})
        events = self.env["mfg.integration.event"]
        if not traces:
            return events
        return events.search([("trace_id", "in", traces)], order="id") - failures.events

    @api.model
    def _kinds(self, names):
        """Return {model: what people call it}."""
        # sudo: the names of models are no business data
        found = self.env["ir.model"].sudo().search([("model", "in", list(names))])
        return {each.model: each.name for each in found}
