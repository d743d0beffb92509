from . import test_demo_group
from . import test_demo_quality
from . import test_exception
from . import test_home
from . import test_lifecycle
from . import test_resolution
from . import test_stock_overview
from . import test_tours
