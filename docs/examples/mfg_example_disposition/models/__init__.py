from . import mfg_quality_approval_rule
from . import mfg_quality_disposition
from . import mfg_quality_disposition_line
