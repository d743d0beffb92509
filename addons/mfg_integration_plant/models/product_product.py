from odoo import models

from ..messages import item_published


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "mfg.integration.told.mixin"]

    _mfg_messages = {"item.published": item_published.build}

    def _mfg_kilograms(self, weight, back=False):
        """Return a weight of Odoo in kilograms, or kilograms as a weight of Odoo.

        :param bool back: whether ``weight`` is in kilograms
        """
        kilogram = self.env.ref("uom.product_uom_kgm")
        own = self.env["product.template"]._get_weight_uom_id_from_ir_config_parameter()
        source, target = (kilogram, own) if back else (own, kilogram)
        return source._compute_quantity(weight, target, round=False)
