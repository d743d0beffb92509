from odoo import api, models
from odoo.tools import SQL

from ..messages import quality_inspected


class MfgQualityInspection(models.Model):
    """Inspections that a hold waits for. Others are the daily work of inspectors. Other
    systems hear of all that are decided."""

    _name = "mfg.quality.inspection"
    _inherit = [
        "mfg.quality.inspection",
        "mfg.suite.source",
        "mfg.integration.told.mixin",
    ]
    _exception_number = 3
    _mfg_messages = {"quality.inspected": quality_inspected.build}

    @api.model
    def _exception_domain(self):
        return [("state", "=", "open"), ("hold_id", "!=", False)]

    @api.model
    def _exception_columns(self, query):
        holds = self.env["mfg.quality.hold"]
        hold = query.left_join(query.table, "hold_id", holds._table, "id", "hold_id")
        reasons = self.env["mfg.quality.hold.reason"]
        reason = query.left_join(hold, "reason_id", reasons._table, "id", "reason_id")
        return {
            "kind": SQL("'inspection'"),
            "severity": SQL("'1'"),
            "name": reasons._field_to_sql(reason, "name", query),
            "reference": SQL(
                "concat_ws(' · ', %s, %s)",
                self._exception_column(query, "name"),
                holds._field_to_sql(hold, "name"),
            ),
            "company_id": self._exception_column(query, "company_id"),
            "owner_id": holds._field_to_sql(hold, "responsible_id"),
            "since": self._exception_column(query, "create_date"),
            "due_at": holds._field_to_sql(hold, "deadline"),
        }
