from odoo import _, api, models
from odoo.tools import float_compare, float_round

from ..exceptions import ItemNotMapped, UnitNotMapped


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _mfg_translate(self, source, target, quantity, uom=None, date=None):
        """The same thing in another company; see :meth:`_mfg_translate_all`.

        :param float quantity: in ``uom``
        :param uom: ``uom.uom``; the unit of the product by default
        :return: (``product.product``, ``uom.uom``, quantity) of the target
        """
        self.ensure_one()
        wanted = [(self, quantity, uom)]
        return self._mfg_translate_all(source, target, wanted, date)[0]

    @api.model
    def _mfg_translate_all(self, source, target, wanted, date=None):
        """The same things in another company.

        Only what is the same record for both, or what approved codes say, counts; nothing
        is looked up by name.

        :param source, target: ``res.company``; the products are some of the source
        :param wanted: [(``product.product``, quantity, ``uom.uom``), …]; without a unit
            that of the product is meant
        :param date: day on which the codes must count; today by default
        :return: [(``product.product``, ``uom.uom``, quantity) of the target, …], in that
            order
        :raises ItemNotMapped: no approved code on one of the sides
        :raises UnitNotMapped: the units do not convert, or not exactly
        """
        xref = self.env["mfg.item.xref"]
        ids = {product.id for product, _quantity, _uom in wanted}
        codes = xref._codes_of(self.browse(ids), source, date)
        asked = []
        for product, quantity, uom in wanted:
            # Both sides of a flow translate; units of the other one are no secret.
            uom = uom or product.sudo().uom_id
            group = product._mfg_to_group(source, quantity, uom, codes[product.id])
            asked.append((product, quantity, uom, group))
        items = {item.id for *_asked, (item, _unit, _amount) in asked}
        rows = xref._local_rows(self.browse(items), target, date)
        return [
            product._mfg_from_group(target, quantity, uom, group, rows[group[0].id])
            for product, quantity, uom, group in asked
        ]

    def _mfg_to_group(self, source, quantity, uom, codes):
        """(item of the group, unit, quantity) for a product of a company."""
        # Whose it is decides, not who asks.
        if len(codes) > 1 or (not codes and self.sudo().company_id):
            raise self._mfg_not_mapped(source)
        if not codes:
            return self, uom, quantity
        return (codes.product_id, *codes._to_group(quantity, uom))

    def _mfg_from_group(self, target, quantity, uom, group, code):
        """(product, unit, quantity) of a company for what the group calls ``group``."""
        item, unit, amount = group
        if code:
            unit, amount = code._from_group(amount, unit)
            local = code.local_product_id or item
        else:
            local = item
            if local.sudo().company_id - target:  # as for the source
                raise self._mfg_not_mapped(target)
        if unit.category_id != local.sudo().uom_id.category_id:  # a unit is no secret
            raise UnitNotMapped(
                _(
                    "%(uom)s is no unit of %(product)s in %(company)s. Fill in Unit There "
                    "of the item code.",
                    uom=unit.name,
                    product=self._mfg_label(),
                    company=target.name,
                )
            )
        exact = float_round(amount, precision_rounding=unit.rounding)
        # What cannot be counted in the unit is not rounded to something that can.
        if float_compare(exact, amount, precision_digits=9):
            raise UnitNotMapped(
                _(
                    "%(quantity)s %(uom)s of %(product)s is no exact quantity in "
                    "%(unit)s.",
                    quantity=quantity,
                    uom=uom.name,
                    product=self._mfg_label(),
                    unit=unit.name,
                )
            )
        return self.browse(local.id), self.env["uom.uom"].browse(unit.id), exact

    def _mfg_label(self):
        """Its name for those who may read it."""
        visible = self._filter_access_rules_python("read")
        return visible.display_name if visible else _("A product of another company")

    def _mfg_not_mapped(self, company):
        steward = self.env["mfg.plant.domain"]._steward("item")
        return ItemNotMapped(
            _(
                "%(product)s has no approved code in %(company)s. Steward of items: "
                "%(steward)s. Add it under Data ▸ Item Codes.",
                product=self._mfg_label(),
                company=company.name,
                steward=steward.sudo().name or _("nobody yet"),  # whom to ask
            )
        )

    def action_view_item_codes(self):
        """Open what others call this product."""
        return self.product_tmpl_id.action_view_item_codes()
