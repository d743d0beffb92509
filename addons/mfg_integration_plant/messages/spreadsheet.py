"""Spreadsheets that people fill: the rows of a CSV or xlsx file as plain text.

A file comes from anywhere, so it is read as data and nothing else: no formula, no macro, no
link, and never more of it than a person would fill in.
"""

import csv
import io
import re
import warnings
import zipfile
from datetime import date, time, timedelta

import openpyxl

from odoo import _

from .table import BadTable

MAX_BYTES = 2 * 1024 * 1024
#: of an xlsx file, which is a compressed archive
MAX_UNPACKED = 40 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 20
MAX_CELL = 200
#: a cell that begins so is run by a spreadsheet that opens an export of it
_FORMULA = ("=", "+", "-", "@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def rows(name, data, columns, optional=()):
    """Return ([(row number, {column: text}), …], [(row number, what is wrong), …]).

    Rows without any text are left out; the first row names the columns.

    :param str name: of the file; its ending says what it is
    :param bytes data: content of the file
    :param columns: names that the first row has to have, in any order and case
    :param optional: names that it may have
    :raises BadTable: the file cannot be read at all
    """
    if len(data) > MAX_BYTES:
        raise BadTable(
            _("It is larger than %(limit)s MB.", limit=MAX_BYTES // 1024 // 1024)
        )
    ending = name.rpartition(".")[2].lower()
    if ending == "csv":
        found = _csv_rows(data)
    elif ending == "xlsx":
        found = _xlsx_rows(data)
    else:
        raise BadTable(_("Save it as .xlsx or .csv."))
    return _named(found, columns, optional)


def written(*sheets):
    """Return an xlsx file with these sheets, each a list of rows of text."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for lines in sheets:
        sheet = book.create_sheet()
        for row, line in enumerate(lines, start=1):
            for column, text in enumerate(line, start=1):
                cell = sheet.cell(row, column, text)
                # also what begins like a formula
                cell.data_type = "s"
        for cells in sheet.columns:
            width = max(len(str(cell.value or "")) for cell in cells)
            sheet.column_dimensions[cells[0].column_letter].width = min(width + 2, 60)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _named(found, columns, optional):
    header, read, bad = None, [], []
    blank = dict.fromkeys((*columns, *optional), "")
    for number, cells in found:
        try:
            texts = [_text(cell) for cell in cells]
        except ValueError as error:
            bad.append((number, str(error)))
        else:
            if header is None and any(texts):
                header = _header(texts, columns, optional)
            elif any(texts):
                named = zip(header, texts, strict=False)
                read.append(
                    (number, blank | {key: text for key, text in named if key in blank})
                )
        if len(read) + len(bad) > MAX_ROWS:
            raise BadTable(_("It has more than %(limit)s rows.", limit=MAX_ROWS))
    if header is None:
        raise BadTable(_missing(columns))
    return read, bad


def _header(texts, columns, optional):
    header = [text.casefold() for text in texts]
    known = [name for name in header if name in (*columns, *optional)]
    if not set(columns) <= set(known):
        raise BadTable(_missing(columns))
    if len(known) != len(set(known)):
        raise BadTable(_("A column stands twice in the first row."))
    return header


def _missing(columns):
    return _(
        "The first row has to name the columns %(names)s.", names=", ".join(columns)
    )


def _text(cell):
    """Return a cell as text without blanks around it.

    :raises ValueError: it cannot be taken as it is; the text says why
    """
    if cell is None:
        return ""
    if isinstance(cell, bool | date | time | timedelta):
        raise ValueError(
            _("“%(cell)s” is a date, a time or yes/no: make it a text", cell=cell)
        )
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).strip()
    if text.startswith(_FORMULA):
        raise ValueError(_("“%(cell)s” looks like a formula", cell=text[:40]))
    if len(text) > MAX_CELL:
        raise ValueError(
            _(
                "“%(cell)s…” is longer than %(limit)s characters",
                cell=text[:40],
                limit=MAX_CELL,
            )
        )
    if match := _CONTROL.search(text):
        raise ValueError(_("a cell has the character %(code)s", code=ord(match[0])))
    return text


def _csv_rows(data):
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable(
            _(
                "It is not UTF-8 at byte %(byte)s. Save it as “CSV UTF-8”.",
                byte=error.start,
            )
        ) from error
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadTable(
                _("Line %(number)s: %(cause)s.", number=number, cause=error)
            ) from error
        yield number, cells
        # a quoted cell may hold line breaks
        number = reader.line_num + 1


def _xlsx_rows(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise BadTable(_("It unpacks to far more than a person fills in."))
        with warnings.catch_warnings():
            # about styles and extensions, which nobody reads here
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, keep_links=False
            )
            return list(_sheet_rows(book))
    except BadTable:
        raise
    # The library meets whatever a stranger puts into the file with exceptions of any kind.
    except Exception as error:
        raise BadTable(_("It cannot be read as a workbook.")) from error


def _sheet_rows(book):
    """Yield (row number, cells) of the rows of the first sheet that hold something."""
    found = book.worksheets[0].iter_rows(max_col=MAX_COLUMNS)
    for number, cells in enumerate(found, start=1):
        if all(cell.value is None for cell in cells):
            continue
        if number > MAX_ROWS + 1:
            raise BadTable(_("It has more than %(limit)s rows.", limit=MAX_ROWS))
        yield (
            number,
            [_formula(cell) if cell.data_type == "f" else cell.value for cell in cells],
        )


def _formula(cell):
    # an array formula comes as an object
    text = str(getattr(cell.value, "text", cell.value))
    return f"={text.removeprefix('=')}"
