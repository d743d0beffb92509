from . import mfg_quality_complaint
from . import mfg_quality_hold_place
from . import mfg_quality_sign
