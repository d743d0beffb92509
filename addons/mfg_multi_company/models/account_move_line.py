from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _mfg_ic_prepare_bill_lines(self, env, agreement):
        """Values of bill lines for the lines of one invoice, in their order.

        :param env: environment of the buyer's service user
        :raises ItemNotMapped, UnitNotMapped: an item has no counterpart there
        :raises IntercompanyRefusal: neither has the account of a line without item
        """
        translated = self._mfg_ic_translated(agreement)
        side = agreement._side("buyer")
        return [
            line._mfg_ic_prepare_bill_line(side, translated.get(line)) for line in self
        ]

    def _mfg_ic_translated(self, agreement):
        """{line: (product, unit, quantity) of the buyer}, of lines whose product is called,
        or counted, otherwise on one of the sides."""
        mapped = self._mfg_ic_mapped_products(agreement)
        lines = self.filtered(
            lambda line: line.display_type == "product" and line.product_id in mapped
        )
        if not lines:
            return {}
        found = self.env["product.product"]._mfg_translate_all(
            agreement.seller_company_id,
            agreement.buyer_company_id,
            [(line.product_id, line.quantity, line.product_uom_id) for line in lines],
            self.move_id.invoice_date,
        )
        return dict(zip(lines, found, strict=True))

    def _mfg_ic_mapped_products(self, agreement):
        """Products that are called, or counted, otherwise on one of the sides."""
        products = self.product_id
        companies = agreement.seller_company_id | agreement.buyer_company_id
        # Codes of both sides count, whoever sets it off.
        rows = (
            self.env["mfg.item.xref"]
            .sudo()
            .search(
                [
                    *self.env["mfg.item.xref"]._valid(self.move_id.invoice_date),
                    ("code_type", "=", "local"),
                    ("company_id", "in", companies.ids),
                    "|",
                    ("product_id", "in", products.ids),
                    ("local_product_id", "in", products.ids),
                ]
            )
        )
        own = products.filtered("company_id")
        return own | rows.product_id | rows.local_product_id

    def _mfg_ic_prepare_bill_line(self, side, translated):
        """Values of the bill line for one invoice line; the amount stays what it is.

        :param translated: (product, unit, quantity) of the buyer, where they differ
        """
        values = {
            "name": self.name,
            "sequence": self.sequence,
            "display_type": self.display_type,
        }
        if self.display_type != "product":
            return values
        product, uom, quantity = translated or (
            self.product_id,
            self.product_uom_id,
            self.quantity,
        )
        price, discount = self.price_unit, self.discount
        if any(self.tax_ids.flatten_taxes_hierarchy().mapped("price_include")):
            # Taxes inside of the price are the seller's; the buyer's come on top.
            price = self.price_subtotal / self.quantity if self.quantity else 0
            discount = 0
        if quantity and quantity != self.quantity:
            price *= self.quantity / quantity
        values.update(
            product_id=product.id,
            product_uom_id=uom.id,
            quantity=quantity,
            price_unit=price,
            discount=discount,
        )
        if not product:
            values.update(
                account_id=side._account_for(self.account_id).id,
            )
        return values
