from . import test_purchase_release
