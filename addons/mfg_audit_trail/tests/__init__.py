from . import test_archive
from . import test_bypass
from . import test_capture
from . import test_export
from . import test_proof
from . import test_replay
from . import test_rules
from . import test_security
