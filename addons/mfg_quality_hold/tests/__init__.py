from . import test_bypass
from . import test_containment
from . import test_decision
from . import test_disposition
from . import test_night
from . import test_orders
from . import test_reservation
from . import test_trace
