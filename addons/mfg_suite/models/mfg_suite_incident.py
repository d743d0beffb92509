from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

#: how far back an incident looks unless somebody says otherwise
PERIOD = relativedelta(days=7)
#: what nobody writes by hand
_BY_BUTTON = {"name", "state", "closed_by_id", "closed_at"}
#: what stays as it is once an incident is closed
_SETTLED = {"interface_id", "company_id", "since", "until", "conclusion"}


class MfgSuiteIncident(models.Model):
    """What went wrong with an interface: who changed it, what failed, which data were
    affected and how it was put right.

    Kept are the question and the conclusion; what happened is read anew each time, as far
    as the reader may know it.
    """

    _name = "mfg.suite.incident"
    _description = "Integration Incident"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        "Number", readonly=True, copy=False, default=lambda self: _("New")
    )
    interface_id = fields.Many2one(
        "mfg.integration.interface",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        check_company=True,
        context={"active_test": False},
    )
    company_id = fields.Many2one(
        "res.company",
        "Plant",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        tracking=True,
    )
    since = fields.Datetime(
        required=True,
        default=lambda self: fields.Datetime.now() - PERIOD,
        tracking=True,
        help="What happened from then on is told. Begin before the change that may be the"
        " cause.",
    )
    until = fields.Datetime(
        tracking=True, help="Empty: up to now. Closing the incident fills it in."
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        tracking=True,
        index=True,
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
        index=True,
    )
    conclusion = fields.Text(
        tracking=True,
        copy=False,
        help="What was the cause, and what keeps it from happening again.",
    )
    closed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    closed_at = fields.Datetime("Closed", readonly=True, copy=False)
    story = fields.Json(
        "What Happened", compute="_compute_story", help="Read anew at every look."
    )

    @api.depends("interface_id", "company_id", "since", "until")
    @api.depends_context("uid", "lang", "tz")
    def _compute_story(self):
        stories = self.env["mfg.suite.incident.story"]
        for incident in self:
            known = incident.interface_id and incident.company_id and incident.since
            incident.story = stories._tell(incident) if known else False

    @api.constrains("since", "until")
    def _check_period(self):
        for incident in self:
            if incident.until and incident.until <= incident.since:
                raise ValidationError(
                    _(
                        "“Until” of %(incident)s is not after “Since”. Choose a later"
                        " time, or leave it empty for up to now.",
                        incident=incident.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Give each its number."""
        for vals in vals_list:
            # sudo: numbers are drawn by whoever may report an incident
            sequence = self.env["ir.sequence"].sudo()
            vals["name"] = sequence.next_by_code(self._name)
            vals.update(state="open", closed_by_id=False, closed_at=False)
        return super().create(vals_list)

    def write(self, vals):
        """What is closed stays as it is; only the buttons close and open again.

        :raises UserError: the incident is closed, or the state is written by hand
        """
        if not self.env.su and vals.keys() & _BY_BUTTON:
            raise UserError(_("Use the buttons to close an incident or open it again."))
        closed = self.filtered(lambda each: each.state == "closed")
        if closed and not self.env.su and vals.keys() & _SETTLED:
            raise UserError(
                _(
                    "%(incident)s is closed. Open it again to change period or"
                    " conclusion.",
                    incident=closed[0].name,
                )
            )
        return super().write(vals)

    def action_close(self):
        """Close the incident with its conclusion; its period ends now unless it says when.

        :raises AccessError: the user may read it only
        :raises UserError: there is no conclusion
        """
        self.check_access_rights("write")
        self.check_access_rule("write")
        silent = self.filtered(lambda each: not each.conclusion)
        if silent:
            raise UserError(
                _(
                    "Write into “Conclusion” of %(incident)s what the cause was and what"
                    " was done about it.",
                    incident=silent[0].name,
                )
            )
        now = fields.Datetime.now()
        for incident in self.filtered(lambda each: each.state == "open"):
            # sudo: only this button closes; rights are checked above
            incident.sudo().write(
                {
                    "state": "closed",
                    "closed_by_id": self.env.uid,
                    "closed_at": now,
                    "until": incident.until or now,
                }
            )

    def action_reopen(self):
        """Open the incident again.

        :raises AccessError: the user may read it only
        """
        self.check_access_rights("write")
        self.check_access_rule("write")
        # sudo: only this button opens again; rights are checked above
        self.sudo().write({"state": "open", "closed_by_id": False, "closed_at": False})

    def action_open_messages(self):
        """Open every message of the interface in the period, also those that arrived.

        :return: window action
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        inbound = self.interface_id.direction == "inbound"
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"mfg_integration_queue.mfg_integration_{'inbox' if inbound else 'delivery'}"
            "_action"
        )
        part = self.env["mfg.suite.incident.part"]
        action["domain"] = part._messages_of(self, "created_at")
        action["context"] = {}
        return action

    @api.model
    def _report(self, interface, company, at=None):
        """Return the action that opens the open incident of an interface and plant, or a
        new one.

        :param datetime at: something that happened in it, by default now
        """
        at = at or fields.Datetime.now()
        known = self.search(
            [
                ("interface_id", "=", interface.id),
                ("company_id", "=", company.id),
                ("state", "=", "open"),
                ("since", "<=", at),
                "|",
                ("until", "=", False),
                ("until", ">=", at),
            ],
            limit=1,
        )
        return {
            "type": "ir.actions.act_window",
            "name": _("Incident"),
            "res_model": self._name,
            "res_id": known.id,
            "views": [(False, "form")],
            "context": {
                "default_interface_id": interface.id,
                "default_company_id": company.id,
                "default_since": fields.Datetime.to_string(at - PERIOD),
            },
        }

    def _until(self):
        """Return the end of the period."""
        self.ensure_one()
        return self.until or fields.Datetime.now() + relativedelta(seconds=1)
