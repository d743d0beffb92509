import uuid

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import trace


class MfgIntegrationTraced(models.AbstractModel):
    """Part of events and inbound messages: the trace they belong to."""

    _name = "mfg.integration.traced"
    _description = "Message with a Trace"

    traceparent = fields.Char(string="Trace Context", readonly=True)
    trace_id = fields.Char(
        compute="_compute_trace_id",
        search="_search_trace_id",
        help="The same for everything that one cause led to, in Odoo and in other systems.",
    )

    @api.depends("traceparent")
    def _compute_trace_id(self):
        for message in self:
            message.trace_id = trace.trace_id(message.traceparent)

    @api.model
    def _search_trace_id(self, operator, value):
        if operator not in ("=", "in", "ilike", "like", "=ilike"):
            raise UserError(_("Search traces by the whole id."))
        values = value if isinstance(value, list | tuple) else [value]
        traces = [found for found in map(trace.read, values) if found]
        table = SQL.identifier(self._name.replace(".", "_"))
        # Most traces bear the id of the message they began with; the others have an
        # index of their own, see _create_trace_index.
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM %(table)s
                 WHERE uuid = ANY(%(uuids)s::uuid[])
                   AND substr(traceparent, 4, 32) = ANY(%(traces)s)
                 UNION
                SELECT id FROM %(table)s
                 WHERE substr(traceparent, 4, 32) = ANY(%(traces)s)
                   AND substr(traceparent, 4, 32) <> replace(uuid::text, '-', '')
                """,
                table=table,
                uuids=[str(uuid.UUID(each)) for each in traces],
                traces=traces,
            )
        )
        return [("id", "in", [id_ for (id_,) in self.env.cr.fetchall()])]

    @api.model
    def _create_trace_index(self):
        """Index the messages that continue the trace of another: of the others the id is
        enough, and appending one costs nothing more."""
        name = self._name.replace(".", "_")
        self.env.cr.execute(
            SQL(
                """
                CREATE INDEX IF NOT EXISTS %s ON %s (substr(traceparent, 4, 32))
                 WHERE substr(traceparent, 4, 32) <> replace(uuid::text, '-', '')
                """,
                SQL.identifier(f"{name}_trace_idx"),
                SQL.identifier(name),
            )
        )
