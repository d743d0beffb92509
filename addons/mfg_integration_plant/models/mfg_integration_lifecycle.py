from datetime import datetime, time

import pytz

from odoo import _, api, fields, models


class MfgIntegrationLifecycle(models.AbstractModel):
    """The life of a document in steps: what is done, what is late and whose turn it is.

    Base of one model per kind of document, which yields its steps in their order. Other
    modules add steps by inheriting from that model.
    """

    _name = "mfg.integration.lifecycle"
    _description = "Lifecycle"

    @api.model
    def _of(self, document):
        """Return the life of a document as its reader may see it.

        :param document: one record that the user may read
        :return: list of ``{"key", "title", "state", "text", "at", "due", "turn",
            "record"}``. States are done, current, waiting, late and problem; moments are
            UTC in Odoo's format or False; ``record`` is ``{"model", "id"}`` of what the
            reader may open, or False.
        :raises AccessError: the user may not read the document
        """
        document.check_access_rights("read")
        document.check_access_rule("read")
        # sudo: whoever reads the document may know where it stands, also where a
        # neighbouring department goes on with it; of their documents only names and dates
        # are told, and only who may read them can open them. In the language and company
        # that apply, without anything else in the context, which callers over RPC choose.
        context = {"lang": self.env.context.get("lang")}
        told = document.with_env(self.env(su=True, context=context))
        steps = list(self._steps(told.with_company(told.company_id)))
        now = self.env.cr.now()
        open_before = False
        for step in steps:
            step["state"] = self._state(step, now, open_before)
            open_before = open_before or step["state"] != "done"
        return [self._shown(step) for step in steps]

    @api.model
    def _steps(self, document):
        """Yield the steps of a document, see :meth:`_step`; to be overridden."""
        raise NotImplementedError

    @api.model
    def _step(self, key, title, **values):
        """Return a step; what is not given is not known.

        :param bool done: nothing more is to do
        :param str text: how it stands, in words
        :param at: when it was done
        :param due: when it should be done
        :param str turn: who goes on, named as people say it
        :param bool problem: somebody must decide before it goes on
        :param record: what to open
        """
        return {
            "key": key,
            "title": title,
            "done": False,
            "text": False,
            "at": False,
            "due": False,
            "turn": False,
            "problem": False,
            "record": None,
            **values,
        }

    @api.model
    def _state(self, step, now, open_before):
        if step["problem"]:
            return "problem"
        if step["done"]:
            return "done"
        if step["due"] and step["due"] < now:
            return "late"
        return "waiting" if open_before else "current"

    @api.model
    def _shown(self, step):
        """Return a step as the web client takes it."""
        over = step["state"] == "done"
        return {
            "key": step["key"],
            "title": step["title"],
            "state": step["state"],
            "text": step["text"] or False,
            "at": fields.Datetime.to_string(step["at"]) if over else False,
            "due": False if over else fields.Datetime.to_string(step["due"]),
            "turn": False if over else step["turn"],
            "record": self._openable(step["record"]),
        }

    @api.model
    def _openable(self, record):
        """Return what opens a record for the user, or False."""
        if not record:
            return False
        seen = self.env[record._name].browse(record.id)
        if not seen.check_access_rights("read", raise_exception=False):
            return False
        if not seen._filter_access_rules("read"):
            return False
        return {"model": seen._name, "id": seen.id}

    # steps that documents share

    @api.model
    def _sent(self, document, code, title):
        """Yield the step of telling other systems, if one was told.

        :param str code: interface over which the document is told
        """
        # The document comes as superuser, see _of: who reads it need not see messages.
        event = document.env["mfg.integration.event"].search(
            [
                ("res_model", "=", document._name),
                ("res_id", "=", document.id),
                ("interface_id.code", "=", code),
            ],
            limit=1,
        )
        deliveries = document.env["mfg.integration.delivery"].search(
            [("event_id", "in", event.ids)]
        )
        # A message that was sent again has a delivery of its own, which is the newest.
        newest = {each.endpoint_id: each for each in deliveries.sorted("id")}
        latest = deliveries.browse([each.id for each in newest.values()])
        if not latest:
            return
        open_ = latest.filtered(lambda each: each.state != "delivered")
        dead = open_.filtered(lambda each: each.state in ("dead", "dead_waiting"))
        letters = document.env["mfg.integration.dead"].search(
            [("delivery_ref", "in", dead.ids), ("state", "=", "open")]
        )
        systems = ", ".join((open_ or latest).system_id.mapped("name"))
        if letters:
            text = _("%(systems)s did not accept it.", systems=systems)
        elif open_:
            text = _("On its way to %(systems)s.", systems=systems)
        else:
            text = _("%(systems)s has received it.", systems=systems)
        yield self._step(
            "sent",
            title,
            done=not open_,
            text=text,
            at=not open_ and max(latest.mapped("finished_at")),
            turn=", ".join(letters.owner_id.mapped("name")) or systems,
            problem=bool(letters),
            record=letters[:1],
        )

    @api.model
    def _reported(self, documents, code):
        """Return the newest message of an interface that is linked to one of them."""
        inbox = documents.env["mfg.integration.inbox"]
        return inbox._linked_to(documents).filtered(lambda each: each.type == code)[:1]

    @api.model
    def _exceptions(self, document):
        """Yield the step of messages about the document that somebody must decide on."""
        found = document.env["mfg.integration.exception"].search(
            [
                ("direction", "=", "inbound"),
                ("res_model", "=", document._name),
                ("res_id", "=", document.id),
            ]
        )
        if found:
            yield self._step(
                "exception",
                _("Exception"),
                text=" ".join(dict.fromkeys(found.filtered("detail").mapped("detail"))),
                problem=True,
                turn=", ".join(found.owner_id.mapped("name")),
                record=found[0],
            )

    @api.model
    def _quality(self, document):
        """Yield the step of quality; nothing where no module holds stock."""
        return ()

    @api.model
    def _transfers(self, key, title, transfers, **values):
        """Return a step that a set of transfers makes."""
        open_ = transfers.filtered(lambda each: each.state not in ("done", "cancel"))
        done = transfers.filtered(lambda each: each.state == "done")
        next_ = open_.sorted("scheduled_date")[:1]
        return self._step(
            key,
            title,
            **{
                "done": bool(done) and not open_,
                "at": done and max(done.mapped("date_done")),
                "due": next_.scheduled_date,
                "turn": next_.user_id.name or next_.picking_type_id.warehouse_id.name,
                "record": next_ or done[-1:],
                **values,
            },
        )

    @api.model
    def _cancelled(self, document):
        return self._step("cancelled", _("Cancelled"), problem=True, record=document)

    @api.model
    def _end_of(self, day):
        """Return the moment a day ends where the user is, in UTC."""
        zone = pytz.timezone(self.env.user.tz or "UTC")
        end = zone.localize(datetime.combine(day, time.max))
        return end.astimezone(pytz.utc).replace(tzinfo=None)
