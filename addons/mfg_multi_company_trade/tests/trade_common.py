from odoo import Command

from odoo.addons.mfg_multi_company.tests.ic_common import ACCOUNTING, IntercompanyCase

STOCK = "stock.group_stock_user,stock.group_production_lot,stock.group_stock_multi_locations"
BUY = f"purchase.group_purchase_user,{STOCK}"
SELL = f"sales_team.group_sale_salesman_all_leads,{STOCK}"
SERVICE = (
    f"{ACCOUNTING},purchase.group_purchase_manager,sales_team.group_sale_manager,"
    "stock.group_stock_manager,stock.group_production_lot"
)


class TradeCase(IntercompanyCase):
    """B sells to A at cost plus 8 %; C has nothing to do with it.

    Purchasing and sales people have rights in one company each.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        world.user("purchaser", BUY, "a")
        world.user("purchase_manager", f"purchase.group_purchase_manager,{STOCK}", "a")
        world.user("salesman", SELL, "b")
        world.user("third", f"{BUY},{SELL}", "c")
        for key in "abc":
            world.users[f"service_{key}"].groups_id = [
                Command.set([cls.env.ref(ref).id for ref in SERVICE.split(",")])
            ]
        cls.a, cls.b, cls.c = (world.companies[key] for key in "abc")
        cls.products = cls.env["product.product"].create(
            [
                {"name": f"Item {number}", "detailed_type": "product"}
                for number in range(3)
            ]
        )
        for product, cost in zip(cls.products, (10, 20, 30), strict=True):
            product.with_company(cls.b).standard_price = cost
            product.with_company(cls.a).standard_price = 99
        cls.stock(cls.products)

    @classmethod
    def stock(cls, products, quantity=1000, company="b", lots=None):
        """Put goods on the shelves of a company."""
        place = cls.world.warehouse(company).lot_stock_id
        quants = cls.env["stock.quant"]
        for product in products:
            for lot in lots or [None]:
                quants._update_available_quantity(product, place, quantity, lot_id=lot)

    @classmethod
    def deal(cls, percent=8, seller="b", buyer="a", **values):
        """An agreement in force with an approved price rule."""
        agreement = cls.agreement(seller=seller, buyer=buyer, **values)
        cls.price(agreement, percent=percent)
        return agreement

    @classmethod
    def price(cls, agreement, **values):
        """An approved rule; made in the seller's name, since C has no such person."""
        rule = (
            cls.env["mfg.ic.price.rule"]
            .with_company(agreement.seller_company_id)
            .create(
                {
                    "agreement_id": agreement.id,
                    "method": "cost_percent",
                    "date_from": "2020-01-01",
                    **values,
                }
            )
        )
        rule._set_requested()
        rule._set_decided("approved")
        return rule

    @classmethod
    def order(cls, *quantities, user="purchaser", vendor="b", products=None, **values):
        """A draft of the buyer at a price of nobody."""
        return cls.world.env_of(user)["purchase.order"].create(
            {
                "partner_id": cls.world.companies[vendor].partner_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_qty": quantity,
                            "price_unit": 1,
                        }
                    )
                    for product, quantity in zip(
                        products or cls.products, quantities, strict=False
                    )
                ],
                **values,
            }
        )

    @classmethod
    def confirmed(cls, *quantities, **values):
        order = cls.order(*quantities, **values)
        order.button_confirm()
        return order

    @classmethod
    def local_item(cls, name, **values):
        """An item that only A has."""
        return cls.env["product.product"].create(
            {
                "name": name,
                "detailed_type": "product",
                "company_id": cls.a.id,
                "supplier_taxes_id": [Command.clear()],
                **values,
            }
        )

    @classmethod
    def without_code(cls):
        """A confirmed order of an item of A that B does not know, and its exception."""
        order = cls.confirmed(5, products=cls.local_item("Local"))
        return order, cls.env["mfg.ic.exception"].search([("res_id", "=", order.id)])

    @classmethod
    def give_code(cls, local, product=None):
        """Let an item of A be one of the group."""
        cls.env["mfg.item.xref"].create(
            {
                "code": local.name,
                "product_id": (product or cls.products[0]).id,
                "local_product_id": local.id,
                "company_id": cls.a.id,
                "date_from": "2020-01-01",
            }
        )._set_decided("approved")

    @classmethod
    def flow(cls, order):
        return order.mfg_ic_flow_id.sudo()

    @classmethod
    def sale(cls, order, user="salesman"):
        """The seller's order, for the salesman."""
        return cls.flow(order)._sale().with_env(cls.world.env_of(user))

    @classmethod
    def transit(cls, product):
        """What lies in the transit from B to A."""
        place = cls.env["stock.location"]._mfg_ic_transit(cls.b, cls.a)
        quants = cls.env["stock.quant"].search(
            [("location_id", "=", place.id), ("product_id", "=", product.id)]
        )
        return sum(quants.mapped("quantity"))

    @classmethod
    def ship(cls, sale, quantities=None, backorder=True, lots=None):
        """Ship what is ready, all steps; partly if quantities are given."""
        while True:
            picking = sale.picking_ids.filtered(
                lambda picking: picking.state == "assigned"
            )[:1]
            if not picking:
                return
            final = picking.picking_type_code == "outgoing"
            for move in picking.move_ids:
                wanted = (quantities or {}).get(move.product_id, move.product_uom_qty)
                if lots:
                    move.move_line_ids.unlink()
                    move.move_line_ids = [
                        Command.create(
                            {
                                "product_id": move.product_id.id,
                                "quantity": 1,
                                "lot_id": lot.id,
                                "location_id": move.location_id.id,
                                "location_dest_id": move.location_dest_id.id,
                                "picking_id": picking.id,
                            }
                        )
                        for lot in lots
                    ]
                else:
                    move.quantity = min(wanted, move.product_uom_qty)
                move.picked = True
            cls.validate(picking, backorder)
            if final:
                return

    @classmethod
    def validate(cls, picking, backorder=True):
        """Validate, and answer the question about a backorder."""
        wizard = picking.button_validate()
        if isinstance(wizard, dict) and wizard.get("res_model") == (
            "stock.backorder.confirmation"
        ):
            dialog = (
                picking.env[wizard["res_model"]]
                .with_context(**wizard["context"])
                .create({})
            )
            if backorder:
                dialog.process()
            else:
                dialog.process_cancel_backorder()
        picking.env.invalidate_all()

    @classmethod
    def send_back(cls, transfer, quantity):
        """Send some of a done transfer back; returns the transfer that did."""
        wizard = (
            transfer.env["stock.return.picking"]
            .with_context(active_id=transfer.id, active_model="stock.picking")
            .create({"picking_id": transfer.id})
        )
        wizard.product_return_moves.quantity = quantity
        back = transfer.browse(wizard._create_returns()[0])
        back.move_ids.picked = True
        cls.validate(back)
        return back

    @classmethod
    def open_receipt(cls, order):
        return order.picking_ids.filtered(
            lambda picking: (
                picking.state not in ("done", "cancel")
                and picking.location_id.mfg_ic_seller_id
            )
        )
