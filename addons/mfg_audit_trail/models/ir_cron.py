from odoo import models

from ..engine import context


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _callback(self, cron_name, server_action_id, job_id):
        """Attribute the whole job, whatever it commits in between."""
        context.prepare(self.env, origin="cron", cron=job_id, method=cron_name)
        return super()._callback(cron_name, server_action_id, job_id)
