from odoo import api, models

INSPECTION_MODELS = ("mfg.quality.inspection", "mfg.quality.inspection.result")


class IrAttachment(models.Model):
    """Photos are part of an inspection: after its verdict they stay as they are."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if {"raw", "datas", "db_datas", "store_fname", "res_id", "res_model"} & set(
            vals
        ):
            self._check_inspection_open(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        self._check_inspection_open({})

    def _check_inspection_open(self, vals):
        # Attachments are found by their record, which the reader may not be allowed to see.
        for attachment in self.sudo():
            if attachment.res_model not in INSPECTION_MODELS or not attachment.res_id:
                continue
            # Moving the same content to another storage changes nothing.
            if (
                set(vals) <= {"raw", "mimetype"}
                and vals
                and vals["raw"] == attachment.raw
            ):
                continue
            # Its verdict counts, whoever may read it.
            record = self.env[attachment.res_model].sudo().browse(attachment.res_id)
            record = record.exists()
            if record._name == "mfg.quality.inspection.result":
                record = record.inspection_id
            record._check_open()
