from odoo import api, fields, models

from .mfg_quality_hold_line import STOCK_USAGES


class ProductProduct(models.Model):
    _inherit = "product.product"

    hold_qty = fields.Float(
        "On Hold",
        compute="_compute_hold_qty",
        digits="Product Unit of Measure",
        help="On hand, but on quality hold, in the locations of the context.",
    )

    @api.depends_context("location", "warehouse", "allowed_company_ids")
    def _compute_hold_qty(self):
        held = self._held_quantities()
        for product in self:
            product.hold_qty = held.get(product._origin.id, (0, 0, 0))[0]

    def action_view_holds(self):
        """Show the open holds that keep stock of the products in place.

        :raises AccessError: the user may not look at quality holds
        """
        Line = self.env["mfg.quality.hold.line"]
        Line.check_access_rights("read")
        # Where the held stock is; the holds found are those that the user may see.
        quants = (
            self.env["stock.quant"]
            .sudo()
            .search(
                [
                    ("product_id", "in", self.ids),
                    ("is_on_hold", "=", True),
                    ("location_id.usage", "in", STOCK_USAGES),
                ]
            )
        )
        lines = Line.search(
            [
                ("state", "=", "active"),
                "|",
                "|",
                "&",
                ("kind", "in", ("lot", "quantity")),
                ("product_id", "in", self.ids),
                ("package_id", "in", quants.package_id.ids),
                "&",
                ("kind", "=", "location"),
                ("location_id", "parent_of", quants.location_id.ids),
            ]
        )
        return self.env["mfg.quality.hold"]._action_of_lines(lines)

    def _held_quantities(self, lot_id=None, owner_id=None, package_id=None):
        """{product id: (held, held and unreserved, held and not nettable)}.

        Held where the context's locations are, in the unit of the product.
        """
        Line = self.env["mfg.quality.hold.line"]
        book = Line._book()
        concerned = self.browse(
            [product._origin.id for product in self if book.concerns(product._origin)]
        )
        if not concerned:
            return {}
        domain = concerned._get_domain_locations()[0] + [
            ("product_id", "in", concerned.ids),
            ("quantity", ">", 0),
            ("location_id.usage", "in", STOCK_USAGES),
        ]
        for field, value in (
            ("lot_id", lot_id),
            ("owner_id", owner_id),
            ("package_id", package_id),
        ):
            if value is not None:
                domain.append((field, "=", value))
        if not any(product.id in book.partial for product in concerned):
            domain.append(("is_on_hold", "=", True))
        # How much is held is part of what is free, which everybody may read.
        quants = self.env["stock.quant"].sudo().search(domain)
        nettable = quants._nettable()
        decided = quants._reserved_by_decisions()
        held = {}
        for quant in quants:
            quantity = quant.hold_qty
            if quantity:
                unreserved = min(
                    quantity - decided.get(quant, 0),
                    quant.quantity - quant.reserved_quantity,
                )
                total = held.get(quant.product_id.id, (0, 0, 0))
                held[quant.product_id.id] = (
                    total[0] + quantity,
                    total[1] + max(0, unreserved),
                    total[2] + (0 if quant in nettable else quantity),
                )
        return held

    def _compute_quantities_dict(
        self, lot_id, owner_id, package_id, from_date=False, to_date=False
    ):
        res = super()._compute_quantities_dict(
            lot_id, owner_id, package_id, from_date, to_date
        )
        past = to_date and fields.Datetime.to_datetime(to_date) < fields.Datetime.now()
        if past:
            return res
        held = self._held_quantities(lot_id, owner_id, package_id)
        for product in self:
            total = held.get(product._origin.id)
            if total and product.id in res:
                values = res[product.id]
                values["free_qty"] = max(
                    min(0, values["free_qty"]), values["free_qty"] - total[1]
                )
                values["virtual_available"] -= total[2]
        return res
