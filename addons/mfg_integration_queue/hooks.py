from .engine.partitions import RUNTIME_TABLES


def uninstall_hook(env):
    """Drop what the ORM does not know: the runtime tables, their partitions included."""
    for table in RUNTIME_TABLES:
        env.cr.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
