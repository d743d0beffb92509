from odoo import api, models
from odoo.tools import SQL


class MfgDataIssue(models.Model):
    """What is wrong with data that a steward looks after."""

    _name = "mfg.data.issue"
    _inherit = ["mfg.data.issue", "mfg.suite.source"]
    _exception_number = 6

    @api.model
    def _exception_domain(self):
        return [("state", "=", "open")]

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        return {
            "kind": SQL("'data'"),
            "severity": SQL("'0'"),
            "name": self._exception_name_of(query, "rule_id"),
            "reference": column("record_name"),
            "detail": column("message"),
            "company_id": column("company_id"),
            "owner_id": column("steward_id"),
            "since": column("create_date"),
        }
