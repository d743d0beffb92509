from odoo import api, models
from odoo.tools import SQL


class MfgIcException(models.Model):
    """What does not fit between two companies."""

    _name = "mfg.ic.exception"
    _inherit = ["mfg.ic.exception", "mfg.suite.source"]
    _exception_number = 4

    @api.model
    def _exception_domain(self):
        return [("state", "=", "open")]

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        return {
            "kind": SQL("'intercompany'"),
            "severity": self._exception_translated(
                query, "severity", [("warning", "1"), ("blocking", "2")]
            ),
            "name": SQL(
                "concat_ws(': ', %s, %s)",
                self._exception_label(query, "kind"),
                column("name"),
            ),
            "reference": SQL(
                "COALESCE(%s, %s)",
                self._exception_name_of(query, "flow_id"),
                self._exception_name_of(query, "agreement_id"),
            ),
            "detail": SQL(
                "NULLIF(concat_ws(' / ', NULLIF(%s, ''), NULLIF(%s, '')), '')",
                column("expected"),
                column("actual"),
            ),
            "company_id": column("seller_company_id"),
            "other_company_id": column("buyer_company_id"),
            "owner_id": column("seller_owner_id"),
            "other_owner_id": column("buyer_owner_id"),
            "since": column("create_date"),
            # until the end of that day where the reader is: the list shows it there
            "due_at": SQL(
                "timezone('UTC', timezone(%s,"
                " %s + interval '1 day' - interval '1 second'))",
                self.env.user.tz or "UTC",
                column("sla_date"),
            ),
        }
