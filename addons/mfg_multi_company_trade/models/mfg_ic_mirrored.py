from odoo import _, api, models
from odoo.exceptions import AccessError

from odoo.addons.mfg_multi_company.engine.ledger import ledger


class MfgIcMirrored(models.AbstractModel):
    """What stands for the same thing in another company, by a link that nobody enters."""

    _name = "mfg.ic.mirrored"
    _description = "Mirrored from Another Company"

    #: field that names the other company's record; receipts depend on it
    _mfg_mirror_link = None

    @api.model_create_multi
    def create(self, vals_list):
        link = self._mfg_mirror_link
        if not ledger(self.env.cr).mirroring:
            if any(vals.get(link) for vals in vals_list):
                self._mfg_refuse_link()
            # Named here, so that no default of the caller's context takes effect.
            vals_list = [{**vals, link: False} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if self._mfg_mirror_link in vals and not ledger(self.env.cr).mirroring:
            self._mfg_refuse_link()
        return super().write(vals)

    @api.model
    def _mfg_refuse_link(self):
        link = self._fields[self._mfg_mirror_link]
        raise AccessError(
            _(
                "%(field)s follows from deliveries between your companies; nobody enters it.",
                field=link.get_description(self.env, ["string"])["string"],
            )
        )
