from . import mfg_audit
