from . import mfg_integration_secret_reveal
