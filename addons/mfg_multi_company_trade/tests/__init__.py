from . import test_goods, test_orders, test_purchase_release
