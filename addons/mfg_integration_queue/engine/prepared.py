"""Statements that PostgreSQL plans once for a connection, not at every call."""

import re
import time
from itertools import count

#: seconds of a call after which it is planned anew: its tables may have grown since
SLOW = 0.005
_PARAMETER = re.compile(r"%\((\w+)\)s")
#: several owners may use a connection, one after the other
_numbers = count(1)


class Prepared:
    """A statement of one connection, planned with its first call and after a slow one.

    For statements that run all the time: planning one that reads a partitioned table takes
    longer than running it on the few rows there are. The connection is to use generic plans.
    """

    def __init__(self, cursor, query, **types):
        """
        :param query: with named parameters, as psycopg2 takes them
        :param types: parameter → its type in PostgreSQL
        """
        self._cursor = cursor
        self._types = types
        numbers = {name: f"${number}" for number, name in enumerate(types, 1)}
        self._text = _PARAMETER.sub(lambda match: numbers[match[1]], query)
        self._name = None

    def execute(self, params):
        """Run it; the cursor has the rows.

        :param dict params: parameter → value
        """
        if not self._name:
            self._name = f"mfg_integration_{next(_numbers)}"
            kinds = ", ".join(self._types.values())
            self._cursor.execute(f"PREPARE {self._name} ({kinds}) AS {self._text}")
        values = ", ".join(f"%({name})s::{kind}" for name, kind in self._types.items())
        started = time.monotonic()
        self._cursor.execute(f"EXECUTE {self._name} ({values})", params)
        if time.monotonic() - started > SLOW:
            self._forget()

    def _forget(self):
        # The rows are the client's already, so the cursor can be left alone.
        with self._cursor.connection.cursor() as other:
            other.execute(f"DEALLOCATE {self._name}")
        self._name = None
