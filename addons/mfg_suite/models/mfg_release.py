from odoo import api, models
from odoo.tools import SQL


class MfgRelease(models.Model):
    """Documents that wait at a gate for a second person."""

    _name = "mfg.release"
    _inherit = ["mfg.release", "mfg.suite.source"]
    _exception_number = 5

    @api.model
    def _exception_domain(self):
        return [("state", "=", "requested")]

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        documents = self.env["ir.model"]
        return {
            "kind": SQL("'release'"),
            # What the gates found stands in the way of the release.
            "severity": SQL(
                "CASE WHEN %s <> '' THEN '1' ELSE '0' END", column("findings")
            ),
            "name": SQL(
                "(SELECT %s FROM ir_model AS document WHERE document.model = %s)",
                documents._field_to_sql("document", "name"),
                column("res_model"),
            ),
            "reference": column("document_name"),
            "detail": column("findings"),
            "company_id": column("company_id"),
            "owner_id": column("requested_by_id"),
            "since": SQL(
                "COALESCE(%s, %s)", column("requested_on"), column("create_date")
            ),
        }
