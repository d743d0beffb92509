"""What a module can leave behind in a database."""

# Objects of extensions belong to PostgreSQL, rows of Odoo's own bookkeeping (migrated
# sequences, cached assets, logs) are not named: only what a module creates by itself.
QUERIES = {
    "schema": """
        SELECT nspname FROM pg_namespace
         WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    """,
    "relation": """
        SELECT n.nspname || '.' || c.relname || ' (' || c.relkind::text || ')'
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    """,
    "column": """
        SELECT table_schema || '.' || table_name || '.' || column_name
          FROM information_schema.columns
         WHERE table_schema !~ '^pg_' AND table_schema <> 'information_schema'
    """,
    "index": "SELECT schemaname || '.' || indexname FROM pg_indexes WHERE schemaname !~ '^pg_'",
    "constraint": "SELECT conrelid::regclass || '.' || conname FROM pg_constraint",
    "trigger": "SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger WHERE NOT tgisinternal",
    "event trigger": "SELECT evtname FROM pg_event_trigger",
    "function": """
        SELECT p.oid::regprocedure::text
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "type": """
        SELECT t.oid::regtype::text
          FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND t.typtype IN ('e', 'd')
    """,
    "cron": "SELECT cron_name FROM ir_cron",
    "parameter": "SELECT key FROM ir_config_parameter",
    "model": "SELECT model FROM ir_model",
    "field": "SELECT model || '.' || name FROM ir_model_fields",
    # Odoo files what it reflects of inherited fields under the core module and keeps it.
    "external id": r"""
        SELECT module || '.' || name FROM ir_model_data WHERE module LIKE 'mfg\_%'
    """,
    "access rule": "SELECT name FROM ir_model_access",
    "record rule": "SELECT name FROM ir_rule",
    "menu": "SELECT id || ' ' || (name->>'en_US') FROM ir_ui_menu",
    "view": "SELECT model || ' ' || name FROM ir_ui_view",
    "action": "SELECT type || ' ' || (name->>'en_US') FROM ir_actions",
    "asset": "SELECT path FROM ir_asset",
    "sequence code": "SELECT code FROM ir_sequence WHERE code IS NOT NULL",
    "mail template": "SELECT name->>'en_US' FROM mail_template",
    "group": "SELECT name->>'en_US' FROM res_groups",
}


def traces(databases, name):
    """{kind: set of names} of everything in the database that a module could have made."""
    found = {}
    for kind, query in QUERIES.items():
        if (
            kind == "mail template"
            and "public.mail_template (r)" not in found["relation"]
        ):
            continue
        found[kind] = {row[0] for row in databases.query(query, database=name)}
    return found


def added(before, after):
    """Lines "kind: name" of what is in `after` and was not in `before`."""
    return sorted(
        f"{kind}: {name}"
        for kind in after
        for name in after[kind] - before.get(kind, set())
    )
