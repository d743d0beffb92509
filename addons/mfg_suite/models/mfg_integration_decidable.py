from odoo import models


class MfgIntegrationDecidable(models.AbstractModel):
    """Dead letters and inbound exceptions lead to the incident they belong to."""

    _inherit = "mfg.integration.decidable"

    def action_report_incident(self):
        """Open the open incident of the interface and plant, or a new one.

        :return: window action
        :raises AccessError: the user may not see the message
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        return self.env["mfg.suite.incident"]._report(
            self.interface_id, self.company_id, self.create_date
        )
