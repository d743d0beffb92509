from odoo import SUPERUSER_ID, api

from odoo.addons.mfg_integration_queue.engine import shipped

MODULE = "mfg_integration_queue"


def migrate(cr, version):
    """Fill in the runbooks and contract cards that came after the first release."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name in ("error_runbook", "interface"):
        shipped.complete(env, MODULE, f"data/mfg_integration_{name}_data.xml")
