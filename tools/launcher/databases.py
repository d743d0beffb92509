"""Databases of this checkout on a PostgreSQL server.

What the launcher knows of a database (what it was made from, whether it was finished)
is the database's own comment, so the two cannot drift apart.
"""

import json
from contextlib import closing

import psycopg2
from psycopg2 import sql

from . import processes
from .errors import LauncherError

BUILDING, COMPLETE, UPDATING = "building", "complete", "updating"


class Databases:
    """Creating, cloning and dropping databases."""

    def __init__(self, server):
        self.server = server

    def connect(self, name):
        """A psycopg2 connection in autocommit."""
        try:
            connection = psycopg2.connect(
                host=self.server.host,
                port=self.server.port,
                user=self.server.user,
                password=self.server.password or None,
                dbname=name,
                connect_timeout=5,
            )
        except psycopg2.OperationalError as error:
            raise LauncherError(
                f"PostgreSQL at {self.server.host}:{self.server.port} does not answer:",
                str(error).strip(),
            ) from error
        connection.autocommit = True
        return connection

    def query(self, statement, parameters=(), database=None):
        """Rows of a statement; the maintenance database when none is named."""
        with closing(self.connect(database or self.server.maintenance)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

    def exists(self, name):
        """Whether the database is there."""
        return bool(self.query("SELECT 1 FROM pg_database WHERE datname = %s", [name]))

    def names(self):
        """Names of the databases that carry the launcher's comment."""
        rows = self.query(
            "SELECT datname FROM pg_database"
            " WHERE shobj_description(oid, 'pg_database') LIKE '{\"mfg\"%'"
        )
        return [name for (name,) in rows]

    def meta(self, name):
        """What was recorded of the database, None when it is not there.

        Raises LauncherError for a database on a given server that the launcher did not make.
        """
        rows = self.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [name],
        )
        if not rows:
            return None
        try:
            return json.loads(rows[0][0] or "")["mfg"]
        except (ValueError, KeyError):
            if self.server.own:
                return {"state": BUILDING}
            raise LauncherError(
                f"The database {name} at {self.server.host} was not made by ./mfg.",
                "It is left alone. Choose another name: MFG_DATABASE=other ./mfg run",
            ) from None

    def set_meta(self, name, meta):
        """Record what is known of the database."""
        self.query(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(json.dumps({"mfg": meta}))
            )
        )

    def create(self, name, meta, template=None):
        """Create a database, empty or as a copy of `template`, and record `meta`."""
        self.drop(name)
        if template:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        else:
            statement = sql.SQL(
                "CREATE DATABASE {} ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0"
            ).format(sql.Identifier(name))
        try:
            self.query(statement)
        except psycopg2.Error as error:
            raise LauncherError(
                f"The role {self.server.user} cannot create the database {name}:",
                str(error).strip(),
            ) from error
        self.set_meta(name, meta)
        if not template:
            try:
                # As Odoo does when it creates a database; it can do without.
                self.query("CREATE EXTENSION IF NOT EXISTS pg_trgm", database=name)
            except psycopg2.Error:
                pass

    def drop(self, name):
        """Drop a database of ours, with whatever is connected to it."""
        if self.meta(name) is not None:
            self._drop(name)

    def _drop(self, name):
        self.query(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )

    def drop_abandoned(self):
        """Drop the clones whose process was killed before it could."""
        for name in self.names():
            pid = self.meta(name).get("pid")
            if pid and not processes.alive(pid):
                for copy in self._copies_for_workers(name):
                    self._drop(copy)
                self.drop(name)

    def _copies_for_workers(self, name):
        """Copies that pytest-odoo made of a clone, one for each pytest-xdist worker."""
        rows = self.query(
            "SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{name}-gw[0-9]+$"]
        )
        return [copy for (copy,) in rows]
