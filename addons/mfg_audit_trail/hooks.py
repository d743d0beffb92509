def post_init_hook(env):
    """Capture from now on: the tables of other modules stand already."""
    env["mfg.audit.rule"]._apply_rules()


def uninstall_hook(env):
    """Take the triggers off; drop the schema only when nothing was ever recorded."""
    env["mfg.audit.rule"]._remove_capture()
