from odoo import models

from ..engine import context


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _callback(self, cron_name, server_action_id, job_id):
        """Attribute the whole job, whatever it commits in between, on whatever cursor."""
        with context.work(origin="cron", cron=job_id, method=cron_name):
            context.prepare(self.env)
            return super()._callback(cron_name, server_action_id, job_id)
