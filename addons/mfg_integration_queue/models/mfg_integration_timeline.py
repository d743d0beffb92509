from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime, format_time

from .mfg_integration_dead import BigInteger

#: newest messages of a document that are shown
LIMIT = 200


class MfgIntegrationTimeline(models.TransientModel):  # pylint: disable=no-wizard-in-models
    """What was said about a document, in business words and in the order of time.

    Made anew each time somebody opens it, as that user: it shows what the user may see.
    """

    _name = "mfg.integration.timeline"
    _description = "Message Timeline"
    _order = "at desc, id desc"
    _rec_name = "text"

    at = fields.Datetime(string="When", readonly=True)
    direction = fields.Selection(
        [("outbound", "Outbound"), ("inbound", "Inbound")], readonly=True
    )
    text = fields.Char(string="What Happened", readonly=True)
    status = fields.Selection(
        [
            ("waiting", "Under way"),
            ("done", "Confirmed"),
            ("failed", "Needs a decision"),
            ("cancelled", "Given up"),
        ],
        readonly=True,
    )
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    system_id = fields.Many2one("mfg.integration.system", readonly=True)
    endpoint_id = fields.Many2one("mfg.integration.endpoint", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    trace_id = fields.Char(readonly=True)
    message_ref = BigInteger(string="Message Number", readonly=True)

    def action_open(self):
        """Open the message.

        :return: window action
        :raises UserError: it is not kept any more
        """
        self.ensure_one()
        name = "inbox" if self.direction == "inbound" else "delivery"
        message = self.env[f"mfg.integration.{name}"].browse(self.message_ref)
        if not message.exists():
            raise UserError(_("This message is not kept any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": message._name,
            "res_id": message.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    @api.model
    def _for_record(self, record):
        """Return the timeline of a document as the current user may see it."""
        events = self.env["mfg.integration.event"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=LIMIT
        )
        deliveries = self.env["mfg.integration.delivery"].search(
            [("event_id", "in", events.ids)], limit=LIMIT
        )
        messages = self.env["mfg.integration.inbox"]._linked_to(record)[:LIMIT]
        return self.create(
            [self._outbound(each) for each in deliveries]
            + [self._inbound(each) for each in messages]
        )

    @api.model
    def _outbound(self, delivery):
        at = delivery.finished_at or delivery.created_at
        # sudo: the name of the other side is no secret to who sees the message
        system = delivery.sudo().system_id
        words = {"system": system.name, "time": self._clock(at)}
        status, text = {
            "pending": ("waiting", _("On its way to %(system)s", **words)),
            "retry": ("waiting", _("%(system)s has not taken it yet", **words)),
            "dead_waiting": ("failed", _("%(system)s did not accept it", **words)),
            "dead": ("failed", _("%(system)s did not accept it %(time)s", **words)),
            "delivered": ("done", _("%(system)s confirmed %(time)s", **words)),
            "cancelled": ("cancelled", _("Given up %(time)s", **words)),
        }[delivery.state]
        return {
            "at": at,
            "direction": "outbound",
            "status": status,
            "text": text,
            "interface_id": delivery.interface_id.id,
            "system_id": system.id,
            "endpoint_id": delivery.endpoint_id.id,
            "company_id": delivery.company_id.id,
            "trace_id": delivery.trace_id,
            "message_ref": delivery.id,
        }

    @api.model
    def _inbound(self, message):
        at = message.finished_at or message.created_at
        # sudo: the name of the other side is no secret to who sees the message
        system = message.sudo().system_id
        words = {"system": system.name, "time": self._clock(at)}
        status, text = {
            "processed": ("done", _("%(system)s reported %(time)s", **words)),
            "rejected": ("failed", _("Rejected from %(system)s %(time)s", **words)),
            "dead": ("failed", _("Message of %(system)s needs a decision", **words)),
            "cancelled": ("cancelled", _("Given up %(time)s", **words)),
        }.get(message.state, ("waiting", _("Message of %(system)s waits", **words)))
        return {
            "at": at,
            "direction": "inbound",
            "status": status,
            "text": text,
            "interface_id": message.interface_id.id,
            "system_id": system.id,
            "company_id": message.company_id.id,
            "trace_id": message.trace_id,
            "message_ref": message.id,
        }

    @api.model
    def _clock(self, moment):
        """Return a time as people say it: the day only if it is another."""
        local = fields.Datetime.context_timestamp(self, moment)
        if local.date() == fields.Date.context_today(self):
            return format_time(self.env, local.time(), time_format="HH:mm")
        return format_datetime(self.env, moment, dt_format="short")
