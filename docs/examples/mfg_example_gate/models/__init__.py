from . import mfg_release_gate
from . import mrp_production
