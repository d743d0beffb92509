from . import (
    test_goods,
    test_orders,
    test_plain,
    test_purchase_release,
    test_seed_case,
    test_trade_leaks,
)
