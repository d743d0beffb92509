"""Files of columns, CSV or fixed width, as messages.

Nothing is guessed: a value that is not exactly what its column says makes its line bad, and
a file with a bad line is refused whole, with every bad line named.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime

#: bad lines named in one report
MAX_NAMED = 20
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?|[+-]?\d{1,15}(\.\d{1,9})?-")
_INTEGER = re.compile(r"[+-]?\d{1,15}")
#: what a spreadsheet would run when somebody opens an export
_FORMULA = re.compile(r"[=@\t\r]|[+-]\D")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BadTable(ValueError):
    """The file is not as its layout says; the text names the lines."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; see ``mfg.integration.file.column``."""

    name: str
    position: int
    width: int
    path: tuple | None
    value_type: str
    required: bool
    of_file: bool
    is_key: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout as plain values; ``list_name`` None: every line is a message."""

    kind: str
    encoding: str
    delimiter: str
    decimal_point: str
    header_lines: int
    list_name: str | None
    columns: tuple


def messages(plan, data):
    """Return [(line number, key or None, payload), …] of a file.

    :param bytes data: content of the file
    :raises BadTable: it cannot be read, or a line is not as the layout says
    """
    bad, read = [], []
    for number, cells in _lines(plan, data):
        try:
            read.append((number, _values(plan, cells)))
        except ValueError as error:
            bad.append(f"Line {number}: {error}")
    if bad:
        raise BadTable(listed(bad))
    if plan.list_name is None:
        return [
            (number, _key(values), _payload(plan.columns, values))
            for number, values in read
        ]
    return [_whole(plan, read)] if read else []


def listed(bad):
    """Return what is wrong with some lines as one text, the first of them in full."""
    more = len(bad) - MAX_NAMED
    rest = [f"and {more} more lines"] if more > 0 else []
    return "\n".join(bad[:MAX_NAMED] + rest)


def _lines(plan, data):
    """Yield (line number, cells) of the lines that hold something."""
    try:
        text = data.decode(plan.encoding)
    except UnicodeDecodeError as error:
        raise BadTable(
            f"The file is not {plan.encoding} at byte {error.start}"
        ) from error
    if plan.kind == "fixed":
        for number, line in enumerate(text.splitlines(), start=1):
            if number > plan.header_lines and line.strip():
                yield number, line
        return
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=plan.delimiter, strict=True
    )
    first, row = 1, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadTable(f"Line {first}: {error}") from error
        row += 1
        if row > plan.header_lines and any(cell.strip() for cell in cells):
            yield first, cells
        # a quoted cell may hold line breaks
        first = reader.line_num + 1


def _values(plan, cells):
    """Return [(column, value), …] of one line; absent values are None."""
    return [(column, _value(plan, column, cells)) for column in plan.columns]


def _value(plan, column, cells):
    start = column.position - 1
    if plan.kind == "fixed":
        cell = cells[start : start + column.width]
    else:
        cell = cells[start] if start < len(cells) else ""
    cell = cell.strip()
    if not cell:
        if column.required:
            raise ValueError(f"“{column.name}” is empty")
        return None
    if match := _CONTROL.search(cell):
        raise ValueError(f"“{column.name}” has the character {ord(match[0])}")
    return _READERS[column.value_type](plan, column, cell)


def _text(_plan, column, cell):
    if _FORMULA.match(cell):
        raise ValueError(f"“{column.name}” looks like a formula: {cell[:40]}")
    return cell


def _number(plan, column, cell):
    text = cell.replace(plan.decimal_point, ".") if plan.decimal_point != "." else cell
    if (plan.decimal_point != "." and "." in cell) or not _NUMBER.fullmatch(text):
        raise ValueError(f"“{column.name}” is not a number: {cell[:40]}")
    # the sign of many an ERP stands behind
    value = float(f"-{text[:-1]}" if text.endswith("-") else text)
    return int(value) if value.is_integer() else value


def _integer(_plan, column, cell):
    if not _INTEGER.fullmatch(cell):
        raise ValueError(f"“{column.name}” is not a whole number: {cell[:40]}")
    return int(cell)


def _date(_plan, column, cell):
    text = cell.replace("-", "") if re.fullmatch(r"\d{4}-\d\d-\d\d", cell) else cell
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError as error:
        raise ValueError(f"“{column.name}” is not a date: {cell[:40]}") from error


def _time(_plan, column, cell):
    try:
        return f"{datetime.strptime(cell, '%Y%m%d%H%M%S').isoformat()}Z"
    except ValueError as error:
        raise ValueError(f"“{column.name}” is not a time: {cell[:40]}") from error


_READERS = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "time": _time,
}


def _key(values):
    return next(
        (str(value) for column, value in values if column.is_key and value), None
    )


def _payload(columns, values):
    """Return the values as nested dicts; what is absent is left out."""
    payload = {}
    wanted = set(columns)
    for column, value in values:
        if column not in wanted or column.path is None or value is None:
            continue
        node = payload
        *first, last = column.path
        for step in first:
            node = node.setdefault(step, {})
        node[last] = value
    return payload


def _whole(plan, read):
    """Return the one message of a file whose lines are a list."""
    once = [column for column in plan.columns if column.of_file]
    each = [column for column in plan.columns if not column.of_file]
    number, first = read[0]
    head = _payload(once, first)
    bad = [
        f"Line {other}: not the same values as line {number} where the file has one"
        for other, values in read
        if _payload(once, values) != head
    ]
    if bad:
        raise BadTable("\n".join(bad[:MAX_NAMED]))
    lines = [_payload(each, values) for _number, values in read]
    return number, _key(first), {**head, plan.list_name: lines}
