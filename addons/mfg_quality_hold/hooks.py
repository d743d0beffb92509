def post_init_hook(env):
    """Give each company the row that validations and holds meet on."""
    env["mfg.quality.hold.guard"]._create_missing()


def uninstall_hook(env):
    """Refuse to take the guards away while something is on hold; leave nothing behind.

    :raises UserError: when a hold is open
    """
    env["ir.module.module"]._check_nothing_on_hold()
    # Odoo drops our tables and columns, but not an index on columns of its own.
    env.cr.execute("DROP INDEX IF EXISTS mfg_quality_trace_unbuild_index")
