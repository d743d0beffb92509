from odoo import models

STARTED = ("progress", "done")


class MrpWorkorder(models.Model):
    _inherit = "mrp.workorder"

    def button_start(self):
        self.production_id._mfg_check_released()
        return super().button_start()

    def write(self, vals):
        if vals.get("state") in STARTED:
            self.production_id._mfg_check_released()
        return super().write(vals)
