"""What the fork server of `warm` imports once. Nothing here opens a file or a connection."""

import gc
import os

#: environment variable "addons path|module,module", set for the fork server only
WANTED = "MFG_WARM_IMPORTS"


def _import(addons_path, modules):
    import odoo
    from odoo.modules import initialize_sys_path
    from odoo.modules.module import load_openerp_module

    odoo.tools.config["addons_path"] = addons_path
    initialize_sys_path()
    for name in modules.split(","):
        load_openerp_module(name)
    # What is here stays: forked processes need not look at it, nor copy it by looking.
    gc.freeze()


if WANTED in os.environ:
    _import(*os.environ.pop(WANTED).split("|"))
