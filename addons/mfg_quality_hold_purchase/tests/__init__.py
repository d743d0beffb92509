from . import test_bill_block
from . import test_return_vendor
from . import test_vendor
