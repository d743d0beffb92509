from odoo import SUPERUSER_ID, api

from odoo.addons.mfg_integration_queue.engine import shipped

MODULE = "mfg_integration_plant"


def migrate(cr, version):
    """Fill in the contract cards that came after the first release."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    shipped.complete(env, MODULE, "data/mfg_integration_interface_data.xml")
