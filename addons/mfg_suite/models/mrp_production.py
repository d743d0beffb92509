from odoo import _, models


class MrpProduction(models.Model):
    _inherit = "mrp.production"

    def _mfg_findings(self, gates):
        found = super()._mfg_findings(gates)
        if any(gate.check_holds for gate in gates):
            found += self._mfg_open_holds()
        return found

    def _mfg_open_holds(self):
        """Sentences about the product and components of which something is on hold."""
        self.ensure_one()
        components = self.move_raw_ids.filtered(lambda move: move.state != "cancel")
        # Holds bind whoever may not read them; the sentences name no more than a number.
        groups = (
            self.env["mfg.quality.hold.line"]
            .sudo()
            ._read_group(
                [
                    ("state", "=", "active"),
                    ("company_id", "=", self.company_id.id),
                    ("product_id", "in", (self.product_id | components.product_id).ids),
                ],
                ["product_id"],
                ["hold_id:recordset"],
            )
        )
        return [
            _(
                "%(product)s is on quality hold: %(holds)s.",
                product=product.display_name,
                holds=", ".join(sorted(holds.mapped("name"))),
            )
            for product, holds in groups
        ]
