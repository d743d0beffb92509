from odoo import _, api, fields, models

from odoo.addons.mfg_multi_company.engine.ledger import ledger
from odoo.addons.mfg_multi_company.exceptions import IntercompanyRefusal


class StockLot(models.Model):
    _name = "stock.lot"
    _inherit = ["stock.lot", "mfg.ic.mirrored"]

    # What is taken out of a transit depends on it.
    _mfg_mirror_link = "mfg_origin_lot_id"

    mfg_origin_lot_id = fields.Many2one(
        "stock.lot",
        "Lot of the Seller",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The same goods in the company of the group that delivered them.",
    )
    mfg_mirror_lot_ids = fields.One2many(
        "stock.lot",
        "mfg_origin_lot_id",
        "Lots of Buyers",
        readonly=True,
        help="The same goods in companies of the group that bought them.",
    )

    @api.model
    def _mfg_ic_mirror(self, wanted):
        """Lots of the company of the environment for lots of the seller.

        :param wanted: {(lot of the seller, product here)}
        :return: {(lot, product): lot here}; made where there is none yet
        :raises IntercompanyRefusal: a name is taken by other goods
        """
        company = self.env.company
        names = [lot.name for lot, _product in wanted]
        known = {
            (lot.name, lot.product_id.id): lot
            for lot in self.search(
                [
                    ("company_id", "=", company.id),
                    ("name", "in", names),
                    ("product_id", "in", [product.id for _lot, product in wanted]),
                ]
            )
        }
        found, missing = {}, []
        for lot, product in sorted(wanted, key=lambda pair: pair[0].id):
            here = known.get((lot.name, product.id))
            if not here:
                missing.append((lot, product))
                continue
            if not here.mfg_origin_lot_id:
                with ledger(self.env.cr).mirror():
                    here.mfg_origin_lot_id = lot.id
            elif here.mfg_origin_lot_id.id != lot.id:
                raise IntercompanyRefusal(
                    _(
                        "%(lot)s stands for other goods in %(company)s already. Rename it "
                        "there, then repeat.",
                        lot=lot.name,
                        company=company.name,
                    ),
                    kind="lot",
                )
            found[lot, product] = here
        with ledger(self.env.cr).mirror():
            made = self.create(
                [
                    {
                        "name": lot.name,
                        "ref": lot.ref,
                        "product_id": product.id,
                        "company_id": company.id,
                        "mfg_origin_lot_id": lot.id,
                    }
                    for lot, product in missing
                ]
            )
        found.update(zip(missing, made, strict=True))
        return found
