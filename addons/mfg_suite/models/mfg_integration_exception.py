from odoo import api, models
from odoo.tools import SQL

from odoo.addons.mfg_integration_queue.engine.mapping import UNTRANSLATED


class MfgIntegrationException(models.Model):
    """Messages that another system refused, or that Odoo could not process."""

    _name = "mfg.integration.exception"
    _inherit = ["mfg.integration.exception", "mfg.suite.source"]
    _exception_number = 0

    @api.model
    def _exception_domain(self):
        return []

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        return {
            "kind": SQL(
                "CASE WHEN %s = %s THEN 'mapping' ELSE %s END",
                column("error_code"),
                UNTRANSLATED,
                column("direction"),
            ),
            "severity": SQL(
                "CASE WHEN %s OR %s THEN '2' ELSE '1' END",
                column("overdue"),
                column("blocking"),
            ),
            "name": SQL(
                "COALESCE(%s, %s)",
                self._exception_name_of(query, "error_id"),
                column("error_code"),
            ),
            "reference": column("subject"),
            "detail": column("detail"),
            "company_id": column("company_id"),
            "owner_id": column("owner_id"),
            "since": column("since"),
            "due_at": column("due_at"),
        }

    def _resolve_exception(self):
        """Open the dead letter or inbound exception, which stays after the decision; of a
        missing translation the dialog that adds it."""
        self.ensure_one()
        if self.error_code == UNTRANSLATED and self.env.user.has_group(
            "mfg_integration_queue.group_operator"
        ):
            letter, inbound = self._sources()
            action = self.env["mfg.suite.translation"]._open_for(letter or inbound)
            if action:
                return action
        return self.action_open()

    def _report_incident(self):
        """Open the incident of the interface and plant."""
        letter, inbound = self._sources()
        return (letter or inbound).action_report_incident()
