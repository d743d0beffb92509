from odoo import api, models
from odoo.tools import SQL

from ..messages import quality_hold_changed

#: severity of a hold → that of an exception
SEVERITIES = [("minor", "0"), ("major", "1"), ("critical", "2")]


class MfgQualityHold(models.Model):
    """Holds whose decision is overdue; other systems hear of all of them."""

    _name = "mfg.quality.hold"
    _inherit = ["mfg.quality.hold", "mfg.suite.source", "mfg.integration.told.mixin"]
    _exception_number = 1
    _mfg_messages = {"quality.hold.changed": quality_hold_changed.build}

    @api.model
    def _exception_domain(self):
        return [("is_late", "=", True)]

    @api.model
    def _exception_columns(self, query):
        def column(name):
            return self._exception_column(query, name)

        return {
            "kind": SQL("'hold'"),
            "severity": self._exception_translated(query, "severity", SEVERITIES),
            "name": self._exception_name_of(query, "reason_id"),
            "reference": column("name"),
            "detail": column("note"),
            "company_id": column("company_id"),
            "owner_id": column("responsible_id"),
            "since": column("placed_on"),
            "due_at": column("deadline"),
        }
