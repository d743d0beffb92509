from . import base
from . import ir_cron
from . import ir_http
from . import mfg_audit_event
from . import mfg_audit_profile
from . import mfg_audit_rule
from . import mfg_audit_transaction
