from . import mfg_integration_worker
