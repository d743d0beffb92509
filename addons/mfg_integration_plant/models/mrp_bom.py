from odoo import models

from ..messages import bom_published


class MrpBom(models.Model):
    _name = "mrp.bom"
    _inherit = ["mrp.bom", "mfg.integration.told.mixin"]

    _mfg_messages = {"bom.published": bom_published.build}
