from . import mfg_integration_activate
from . import mfg_integration_credential_create
from . import mfg_integration_credential_reveal
from . import mfg_integration_endpoint_pause
from . import mfg_integration_mapping_preview
from . import mfg_integration_replay
from . import mfg_integration_secret_reveal
