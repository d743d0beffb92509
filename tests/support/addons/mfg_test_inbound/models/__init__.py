from . import mfg_integration_handler_test_count
from . import mfg_integration_handler_test_crash
