from odoo import _, models
from odoo.tools import float_compare, float_round

from ..exceptions import ItemNotMapped, UnitNotMapped


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _mfg_translate(self, source, target, quantity, uom=None, date=None):
        """The same thing in another company.

        Only what is the same record for both, or what approved codes say, counts; nothing
        is looked up by name.

        :param source, target: ``res.company``; this product is one of the source
        :param float quantity: in ``uom``
        :param uom: ``uom.uom``; the unit of the product by default
        :param date: day on which the codes must count; today by default
        :return: (``product.product``, ``uom.uom``, quantity) of the target
        :raises ItemNotMapped: no approved code on one of the sides
        :raises UnitNotMapped: the units do not convert, or not exactly
        """
        self.ensure_one()
        # Both sides of a flow translate; units of the other one are no secret.
        uom = uom or self.sudo().uom_id
        xref = self.env["mfg.item.xref"]
        group, unit, amount = self._mfg_to_group(source, quantity, uom, date)
        row = xref._local_row(group, target, date)
        if row:
            unit, amount = row._from_group(amount, unit)
            local = row.local_product_id or group
        else:
            local = group
            if local.sudo().company_id - target:  # whose it is decides, not who asks
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

    def _mfg_to_group(self, source, quantity, uom, date):
        """(item of the group, unit, quantity) for a product of a company."""
        xref = self.env["mfg.item.xref"]
        # The other side translates, too, and does not see these codes.
        row = xref.sudo().search(
            [
                *xref._valid(date),
                ("code_type", "=", "local"),
                ("company_id", "=", source.id),
                "|",
                ("local_product_id", "=", self.id),
                "&",
                ("local_product_id", "=", False),
                ("product_id", "=", self.id),
            ]
        )
        if len(row) > 1 or (not row and self.sudo().company_id):  # as above
            raise self._mfg_not_mapped(source)
        if not row:
            return self, uom, quantity
        return (row.product_id, *row._to_group(quantity, uom))

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
