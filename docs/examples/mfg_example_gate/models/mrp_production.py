from odoo import _, models


class MrpProduction(models.Model):
    _inherit = "mrp.production"

    def _mfg_findings(self, gates):
        found = super()._mfg_findings(gates)
        product = self.product_id
        drawings = (
            product.product_document_ids | product.product_tmpl_id.product_document_ids
        )
        if any(gate.check_drawing for gate in gates) and not drawings:
            found.append(
                _("%s has no drawing. Add it by Documents.", product.display_name)
            )
        return found
