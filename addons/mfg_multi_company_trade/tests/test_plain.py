from odoo.tests import tagged

from .trade_common import TradeCase


@tagged("post_install", "-at_install")
class TestPlain(TradeCase):
    """Documents with others pay next to nothing for agreements within the group."""

    def queries(self, partner):
        order = self.world.env_of("purchaser")["purchase.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [
                    (
                        0,
                        0,
                        {"product_id": product.id, "product_qty": 1, "price_unit": 5},
                    )
                    for product in self.products
                ],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        start = self.cr.sql_log_count
        order.button_confirm()
        self.env.flush_all()
        return self.cr.sql_log_count - start

    def test_mc_24_order_outside_of_the_group_costs_no_queries(self):
        outside = self.env["res.partner"].create({"name": "Outside"})
        # Every order is the first one of its vendor; the one before fills the caches.
        self.queries(outside)
        without = self.queries(outside.copy())
        self.deal()
        self.queries(outside.copy())
        self.assertLessEqual(self.queries(outside.copy()), without + 2)
