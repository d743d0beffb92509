from . import mfg_integration_handler_test_count
from . import mfg_integration_handler_test_crash
from . import mfg_test_bare
