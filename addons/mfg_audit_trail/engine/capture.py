"""Which tables are captured, and the triggers that do it."""

import re
from dataclasses import dataclass, field

from odoo.tools import table_kind
from odoo.tools.sql import TableKind

from . import baseline
from .schema import CLASSES

TRIGGER = "mfg_audit_capture"
TRUNCATE_TRIGGER = "mfg_audit_capture_truncate"
#: those of a bulk migration, and what their function sees of its statement
BULK_TRIGGERS = {
    "mfg_audit_capture_bulk_insert": ("INSERT", "NEW"),
    "mfg_audit_capture_bulk_update": ("UPDATE", "NEW"),
    "mfg_audit_capture_bulk_delete": ("DELETE", "OLD"),
}
#: written with every change, and said by the event itself
IGNORED = frozenset({"create_uid", "create_date", "write_uid", "write_date"})
#: names of columns whose values never enter the log
SECRET = re.compile(
    r"(^|_)(passw(or)?d|passphrase|secret|token|api_?key|private_?key|pin|otp|totp)(_|$)"
)
#: values of any record kept in a table of their own: (model's column, record's column)
SHARED_TABLES = {
    "ir.attachment": ("res_model", "res_id"),
    "ir.property": (None, "res_id"),
}


@dataclass
class Relation:
    """A captured table."""

    name: str
    model: str = None
    retention: str = "operations"
    operations: set = field(default_factory=set)
    ignored: set = field(default_factory=set)
    secret: set = field(default_factory=set)
    links: dict = field(default_factory=dict)
    model_column: str = None
    record_column: str = None
    models: list = None
    companies: set = None
    company_path: list = None

    def values(self):
        """Parameters of the statement that registers it."""
        return {
            "name": self.name,
            "model": self.model,
            "class": self.retention,
            "operations": "".join(sorted(self.operations)),
            "ignored": sorted(self.ignored),
            "secret": sorted(self.secret),
            "link_columns": sorted(self.links),
            "link_tables": [self.links[column] for column in sorted(self.links)],
            "model_column": self.model_column,
            "record_column": self.record_column,
            "models": self.models,
            "companies": None if self.companies is None else sorted(self.companies),
            "company_path": self.company_path,
        }


def has_table(env, name):
    """Whether the records of a model are rows of a table that triggers can watch."""
    model = env.get(name)
    return (
        model is not None
        and not model._abstract
        and not model._transient
        and table_kind(env.cr, model._table) == TableKind.Regular
    )


def relations(env, rules):
    """The tables to capture.

    :param env: superuser environment
    :param rules: iterable of dicts with ``model``, ``operations`` (letters I, U, D),
        ``ignored`` and ``secret`` (names of fields), ``class``, ``companies`` (ids, empty
        for all)
    :return: {table: Relation}
    """
    found = {}
    for rule in rules:
        if not has_table(env, rule["model"]):
            continue
        model = env[rule["model"]]
        relation = found.setdefault(model._table, _relation(model))
        companies = set(rule["companies"]) or None
        if relation.operations and relation.companies is not None:
            companies = companies and companies | relation.companies
        elif relation.operations:
            companies = None  # another rule is about all companies
        relation.companies = companies
        relation.operations |= set(rule["operations"])
        relation.retention = min(rule["class"], relation.retention, key=CLASSES.index)
        relation.ignored |= set(rule["ignored"])
        relation.secret |= set(rule["secret"])
    models = {relation.model: relation for relation in found.values()}
    for relation in list(found.values()):
        model = env[relation.model]
        relation.links = _links(model, models)
        for pairs in _pairs(env, model, models, relation):
            found.setdefault(pairs.name, pairs)
    _add_shared_tables(env, found, models)
    for table, column in _secret_columns(env.cr, found):
        found[table].secret.add(column)
    return found


def _add_shared_tables(env, found, models):
    for name, (model_column, record_column) in SHARED_TABLES.items():
        if models and name not in models and name in env:
            shared = _relation(env[name])
            shared.operations = set("IUD")
            shared.model_column, shared.record_column = model_column, record_column
            shared.models = sorted(models)
            found[shared.name] = shared


def _secret_columns(cr, tables):
    """(table, column) of everything whose value must not enter the log.

    From the database, not from the fields: Odoo's password column has no stored field.
    Contents of files are recognised by their fingerprint, which takes less room, too.
    """
    cr.execute(
        """
        SELECT c.relname, a.attname, a.atttypid = 'bytea'::regtype
          FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
        """,
        [list(tables)],
    )
    for table, column, binary in cr.fetchall():
        if binary or SECRET.search(column):
            yield table, column


def apply(cr, wanted):
    """Register the tables and see to their triggers.

    :param dict wanted: {table: :class:`Relation`}
    :return: names of the tables whose triggers had to be made
    """
    cr.execute("SELECT name FROM mfg_audit.relation WHERE active")
    before = {name for (name,) in cr.fetchall()}
    cr.execute(
        "UPDATE mfg_audit.relation SET active = false WHERE active AND name <> ALL(%s)",
        [list(wanted)],
    )
    for relation in wanted.values():
        cr.execute(
            """
            INSERT INTO mfg_audit.relation AS r
                   (oid, name, model, active, class, operations, ignored, secret,
                    link_columns, link_tables, model_column, record_column, models,
                    companies, company_path)
            VALUES (to_regclass(quote_ident(%(name)s)), %(name)s, %(model)s, true,
                    %(class)s, %(operations)s, %(ignored)s, %(secret)s, %(link_columns)s,
                    %(link_tables)s, %(model_column)s, %(record_column)s, %(models)s,
                    %(companies)s, %(company_path)s)
                ON CONFLICT (name) DO UPDATE
               SET oid = excluded.oid, model = excluded.model, active = true,
                   class = excluded.class, operations = excluded.operations,
                   ignored = excluded.ignored, secret = excluded.secret,
                   link_columns = excluded.link_columns,
                   link_tables = excluded.link_tables,
                   model_column = excluded.model_column,
                   record_column = excluded.record_column,
                   models = excluded.models, companies = excluded.companies,
                   company_path = excluded.company_path
             WHERE (r.*) IS DISTINCT FROM (excluded.*)
            """,
            relation.values(),
        )
    repaired = _ensure_triggers(cr)
    baseline.renew(cr, before, repaired)
    return repaired


def _ensure_triggers(cr):
    """Make the triggers that are missing or switched off, drop those no longer wanted."""
    cr.execute(
        """
        SELECT r.name, r.active,
               COUNT(t.oid) FILTER (WHERE t.tgenabled = 'A') AS armed, COUNT(t.oid) AS made
          FROM mfg_audit.relation r
     LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgname IN %s
         WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = r.oid)
      GROUP BY r.name, r.active
        """,
        [(TRIGGER, TRUNCATE_TRIGGER)],
    )
    repaired = []
    for name, active, armed, made in cr.fetchall():
        if armed == (2 if active else 0) and made == armed:
            continue
        # those of a migration that was killed after it committed something, too
        for trigger in (TRIGGER, TRUNCATE_TRIGGER, *BULK_TRIGGERS):
            cr.execute(f'DROP TRIGGER IF EXISTS {trigger} ON "{name}"')  # pylint: disable=sql-injection
        if not active:
            continue
        # ALWAYS: also for sessions that call themselves a replica
        cr.execute(  # pylint: disable=sql-injection
            f"""
            CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON "{name}"
                FOR EACH ROW EXECUTE FUNCTION mfg_audit.capture();
            CREATE TRIGGER {TRUNCATE_TRIGGER} AFTER TRUNCATE ON "{name}"
                FOR EACH STATEMENT EXECUTE FUNCTION mfg_audit.capture_truncate();
            ALTER TABLE "{name}" ENABLE ALWAYS TRIGGER {TRIGGER};
            ALTER TABLE "{name}" ENABLE ALWAYS TRIGGER {TRUNCATE_TRIGGER};
            """
        )
        repaired.append(name)
    return repaired


def by_statement(cr, name):
    """Capture a table by its statements; rows wait for :func:`by_row`."""
    cr.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER {TRIGGER}')  # pylint: disable=sql-injection
    for trigger, (operation, state) in BULK_TRIGGERS.items():
        cr.execute(  # pylint: disable=sql-injection
            f"""
            CREATE TRIGGER {trigger} AFTER {operation} ON "{name}"
                REFERENCING {state} TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION mfg_audit.capture_bulk();
            ALTER TABLE "{name}" ENABLE ALWAYS TRIGGER {trigger};
            """
        )


def by_row(cr, name):
    """Capture the rows of a table again."""
    for trigger in BULK_TRIGGERS:
        cr.execute(f'DROP TRIGGER IF EXISTS {trigger} ON "{name}"')  # pylint: disable=sql-injection
    cr.execute(f'ALTER TABLE "{name}" ENABLE ALWAYS TRIGGER {TRIGGER}')  # pylint: disable=sql-injection


def _relation(model):
    return Relation(
        name=model._table,
        model=model._name,
        retention=CLASSES[-1],
        ignored=set(IGNORED),
        company_path=_company_path(model),
    )


def _company_path(model):
    """[column, table, column there] of the company that a record has from another one.

    Without it a new line would belong to no company, and be shown to auditors of all.
    """
    company = model._fields.get("company_id")
    if not company or not company.related or company.related.count(".") != 1:
        return None
    origin, name = company.related.split(".")
    origin = model._fields[origin]
    other = model.env[origin.comodel_name]
    if not origin.store or other._table_query or not other._fields[name].store:
        return None
    return [origin.name, other._table, name]


def _links(model, models):
    """{column: table} of what a record is a part of: the other side lists it as its lines."""
    links = {}
    for each in model._fields.values():
        if each.type != "many2one" or not each.store or each.comodel_name not in models:
            continue
        if any(
            inverse.type == "one2many" for inverse in model.pool.field_inverses[each]
        ):
            links[each.name] = models[each.comodel_name].name
    return links


def _pairs(env, model, models, relation):
    """The tables of a model's many2many fields, for which nobody else keeps a log."""
    for each in model._fields.values():
        if each.type != "many2many" or not each.store or not each.relation:
            continue
        other = env.get(each.comodel_name)
        if other is None or table_kind(env.cr, each.relation) != TableKind.Regular:
            continue
        yield Relation(
            name=each.relation,
            retention=relation.retention,
            operations=set("IUD"),
            links={each.column1: model._table, each.column2: other._table},
        )
