from odoo import api, fields, models

from ..engine import problem

#: the source of a row, in the lowest bit of its id
_SOURCES = ("mfg.integration.dead", "mfg.integration.inbox.exception")


class MfgIntegrationException(models.Model):
    """What waits for a person, from both directions, in business words.

    A read model: decisions are those of the dead letter or inbound exception behind it.
    """

    _name = "mfg.integration.exception"
    _inherit = "mfg.integration.documented"
    _description = "Integration Exception"
    _auto = False
    _order = "due_at, since, id"
    _rec_name = "subject"

    direction = fields.Selection(
        [("outbound", "Not delivered"), ("inbound", "Not processed")], readonly=True
    )
    subject = fields.Char(string="Document", readonly=True)
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record Id", model_field="res_model", readonly=True
    )
    interface_id = fields.Many2one("mfg.integration.interface", readonly=True)
    system_id = fields.Many2one("mfg.integration.system", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    owner_id = fields.Many2one("res.users", readonly=True)
    error_code = fields.Char(readonly=True)
    error_id = fields.Many2one(
        "mfg.integration.error.code", string="What Happened", readonly=True
    )
    suggestion = fields.Text(string="What to Do", related="error_id.suggestion")
    steps = fields.Html(string="Step by Step", related="error_id.runbook")
    runbook = fields.Html(related="interface_id.runbook")
    detail = fields.Text(string="Answer", readonly=True)
    cause = fields.Text(compute="_compute_cause")
    blocking = fields.Boolean(
        string="Holds What Follows",
        readonly=True,
        help="Later messages about the same record wait for the decision.",
    )
    since = fields.Datetime(readonly=True)
    due_at = fields.Datetime(
        string="Due",
        readonly=True,
        help="Then the escalation contact of the interface is told.",
    )
    overdue = fields.Boolean(readonly=True)

    @api.depends("detail")
    def _compute_cause(self):
        for row in self:
            row.cause = problem.gist(row.detail)

    @property
    def _table_query(self):
        self.env["mfg.integration.error.code"].flush_model()
        return """
            SELECT x.id, x.direction, x.subject, x.res_model, x.res_id, x.interface_id,
                   x.system_id, x.company_id, x.owner_id, x.error_code, x.detail, x.blocking,
                   x.since,
                   COALESCE(
                       (SELECT id FROM mfg_integration_error_code WHERE code = x.error_code),
                       (SELECT id FROM mfg_integration_error_code
                         WHERE code = left(x.error_code, 6) || 'xx')) AS error_id,
                   due.at AS due_at,
                   COALESCE(due.at < timezone('UTC', now()), FALSE) AS overdue
              FROM (
                SELECT d.id::bigint * 2 AS id, 'outbound'::varchar AS direction,
                       COALESCE(e.subject, d.event_uuid) AS subject, e.res_model, e.res_id,
                       d.interface_id, p.system_id, d.company_id, d.owner_id, d.error_code,
                       COALESCE(d.cause, d.excerpt) AS detail, d.blocking,
                       d.create_date AS since
                  FROM mfg_integration_dead d
             LEFT JOIN mfg_integration_event e ON e.id = d.event_ref
             LEFT JOIN mfg_integration_endpoint p ON p.id = d.endpoint_id
                 WHERE d.state = 'open'
             UNION ALL
                SELECT x.id::bigint * 2 + 1, 'inbound', COALESCE(i.links->0->>'name', x.subject),
                       i.links->0->>'model', (i.links->0->>'id')::integer,
                       x.interface_id, x.system_id, x.company_id, x.owner_id, x.error_code,
                       x.error, x.blocking, x.create_date
                  FROM mfg_integration_inbox_exception x
             LEFT JOIN mfg_integration_inbox i ON i.id = x.inbox_ref
                 WHERE x.state = 'open'
              ) x
              JOIN mfg_integration_interface f ON f.id = x.interface_id
        CROSS JOIN LATERAL (SELECT x.since + NULLIF(f.sla_recovery_minutes, 0)
                                             * interval '1 minute' AS at) due
        """

    def action_fix(self):
        """Repeat the messages now that their cause is gone: send the outbound ones again,
        process the inbound ones again.

        :raises UserError: already decided, or the message cannot be repeated as it is
        """
        letters, inbound = self._sources()
        if letters:
            letters.action_replay()
        if inbound:
            inbound.action_resubmit()
        count = len(letters) + len(inbound)
        self.env.invalidate_all()
        return self.env["mfg.integration.delivery"]._notify_repeated(count)

    def action_open(self):
        """Open what is behind the row, to correct it, give it up or ask somebody else.

        :return: window action
        """
        self.ensure_one()
        letters, inbound = self._sources()
        return _form(letters or inbound)

    def action_open_mapping(self):
        """Open the value maps, to add the translation that is missing.

        :return: window action
        """
        return self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_value_map_action"
        )

    def action_replay_cause(self):
        """Open the replay of everything that waits for the same cause.

        :return: window action
        :raises UserError: already decided
        """
        self.ensure_one()
        letters, inbound = self._sources()
        return (letters or inbound).action_replay_cause()

    def _sources(self):
        """Return the (dead letters, inbound exceptions) behind the rows."""
        ids = ([], [])
        for row in self:
            ids[row.id % 2].append(row.id // 2)
        return tuple(
            self.env[name].browse(sorted(found))
            for name, found in zip(_SOURCES, ids, strict=True)
        )


def _form(record):
    return {
        "type": "ir.actions.act_window",
        "res_model": record._name,
        "res_id": record.id,
        "view_mode": "form",
        "views": [(False, "form")],
    }
