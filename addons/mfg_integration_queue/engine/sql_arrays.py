"""Columns of values as texts that PostgreSQL reads as arrays.

An ARRAY[…] expression of a thousand elements costs its parser, and psycopg2 before it, more
than writing the rows does; one text per column is read in a single go.
"""


def literal(values):
    """Return the text of a one-dimensional array of numbers, texts, times and None.

    A column that is empty throughout becomes an empty array: ``unnest()`` of several arrays
    fills the shorter ones with NULL.
    """
    if all(value is None for value in values):
        return "{}"
    return f"{{{','.join(map(_element, values))}}}"


def _element(value):
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if "\\" in value:
            value = value.replace("\\", "\\\\")
        if '"' in value:
            value = value.replace('"', '\\"')
        return f'"{value}"'
    if isinstance(value, int | float):
        return repr(value)
    return f'"{value}"'
