from .engine.partitions import RUNTIME_TABLES


def uninstall_hook(env):
    """Drop what the ORM does not know: the runtime tables, their partitions included, and
    the function that fills one of them."""
    for table in RUNTIME_TABLES:
        env.cr.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
    env.cr.execute("DROP FUNCTION IF EXISTS mfg_integration_inbox_add")
