from odoo import api, models
from odoo.tools import SQL

from odoo.addons.mfg_audit_trail.models.mfg_audit_alert import ABOUT_TABLES


class MfgAuditAlert(models.Model):
    """What somebody should look at in the audit trail."""

    _name = "mfg.audit.alert"
    _inherit = ["mfg.audit.alert", "mfg.suite.source"]
    _exception_number = 7

    @api.model
    def _exception_domain(self):
        return [("state", "=", "open")]

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        return {
            "kind": SQL("'audit'"),
            "severity": column("severity"),
            "name": self._exception_label(query, "kind"),
            "reference": SQL(
                "COALESCE(%s, %s)", self._model_name(column), column("subject")
            ),
            "company_id": column("company_id"),
            "owner_id": column("owner_id"),
            "since": SQL(
                "COALESCE(%s, %s, %s)",
                column("first_at"),
                column("last_at"),
                column("create_date"),
            ),
        }

    @api.model
    def _model_name(self, column):
        """Return the SQL of what people call the table that an alert is about."""
        return SQL(
            """
            (SELECT %s FROM ir_model AS about
              WHERE %s IN %s AND replace(about.model, '.', '_') = %s)
            """,
            self.env["ir.model"]._field_to_sql("about", "name"),
            column("kind"),
            ABOUT_TABLES,
            column("subject"),
        )
