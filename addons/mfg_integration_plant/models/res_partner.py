from odoo import models

from ..messages import partner_published


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "mfg.integration.told.mixin"]

    _mfg_messages = {"partner.published": partner_published.build}
