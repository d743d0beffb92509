"""What the spreadsheets of a new plant say: entries of its value maps and cross references.

Everything is looked at before anything is written, and everything that is wrong is told at
once, by file and row.
"""

import re

from odoo import _
from odoo.exceptions import AccessError, UserError

from . import spreadsheet
from .names import KINDS
from .table import BadTable, listed

COLUMNS = ("map", "theirs", "ours")
FACTOR = "factor"
#: no comma: nobody can tell whether 1,000 is one or a thousand
_FACTOR = re.compile(r"\d{1,10}(\.\d{1,20})?(e-\d{1,2})?")
#: kinds of records that a row may name instead of a value map
REFERENCES = (
    "item",
    "partner",
    "unit",
    "location",
    "work_center",
    "loss",
    "journal",
    "account",
)


def empty(maps):
    """Return a workbook to fill: the columns, and on a second page what may stand in them.

    :param maps: ``mfg.integration.facility.map`` of a template
    :return: bytes of an xlsx file
    """
    known = [(_("map"), _("needed"), _("ours may be"))]
    known += [
        (
            each.name,
            _("yes") if each.required else _("no"),
            _("a unit of measure")
            if each.kind == "unit"
            else ", ".join(each._allowed()) or _("anything"),
        )
        for each in maps
    ]
    known += [(key, _("no"), _("the code or name of a record")) for key in REFERENCES]
    return spreadsheet.written([(*COLUMNS, FACTOR)], known)


class FacilitySheet:
    """Reads the spreadsheets of one plant.

    :param maps: the ``mfg.integration.facility.map`` of its template
    :param names: :class:`.names.Names` with the rights its messages will have
    """

    def __init__(self, maps, names):
        self._maps = {each.name.casefold(): each for each in maps}
        self._names = names
        self._bad = []
        self._known = {}

    def parse(self, files):
        """Return (map → values of its entries, values of cross references).

        :param files: list of (name, bytes)
        :raises BadTable: something is wrong; the text names the rows
        """
        rows = [row for name, data in files for row in self._rows(name, data)]
        if not self._look_up(rows):
            raise BadTable(listed(self._bad))
        entries = {each: [] for each in self._maps.values()}
        references, seen = [], {}
        for place, cells in rows:
            try:
                key, kind = self._kind(cells)
                self._check_once(seen, place, key, kind, cells)
                if kind is None:
                    references.append(self._reference(key, cells))
                else:
                    entries[kind].append(self._entry(kind, cells))
            except ValueError as error:
                self._bad.append(f"{place}: {error}")
        missing = [
            each.name for each, found in entries.items() if each.required and not found
        ]
        if missing and not self._bad:
            self._bad.append(
                _("There is no entry of the map %(names)s.", names=", ".join(missing))
            )
        if self._bad:
            raise BadTable(listed(self._bad))
        return entries, self._with_primary(references)

    def _rows(self, name, data):
        """Return [(place in words, cells), …] of one file; notes what cannot be read."""
        try:
            found, bad = spreadsheet.rows(name, data, COLUMNS, (FACTOR,))
        except BadTable as error:
            self._bad.append(f"{name}: {error}")
            return []
        self._bad += [
            f"{_('%(file)s, row %(number)s', file=name, number=number)}: {cause}"
            for number, cause in bad
        ]
        return [
            (_("%(file)s, row %(number)s", file=name, number=number), cells)
            for number, cells in found
        ]

    def _look_up(self, rows):
        """Find everything the rows name, kind by kind; return whether it can be told."""
        wanted = {}
        for _place, cells in rows:
            key = cells["map"].casefold()
            kind = self._maps.get(key)
            if kind and kind.kind == "unit":
                key = "unit"
            if key in REFERENCES:
                wanted.setdefault(key, set()).add(cells["ours"])
            if key == "unit":
                # what we call so, too, must not mean something else
                wanted["unit"].add(cells["theirs"])
        for kind, values in wanted.items():
            try:
                self._known[kind] = self._names.known(kind, values)
            except (AccessError, UserError) as error:
                self._bad.append(f"{KINDS[kind].label()}: {error}")
        return len(self._known) == len(wanted)

    def _kind(self, cells):
        """Return (key, map) of a row; map None: it is a cross reference.

        :raises ValueError: a cell is empty, or the map is not known
        """
        for column in COLUMNS:
            if not cells[column]:
                raise ValueError(_("“%(column)s” is empty", column=column))
        key = cells["map"].casefold()
        if key in self._maps:
            return key, self._maps[key]
        if key in REFERENCES:
            return key, None
        known = ", ".join([*(each.name for each in self._maps.values()), *REFERENCES])
        raise ValueError(
            _(
                "there is no map “%(name)s”. Known are: %(known)s",
                name=cells["map"][:40],
                known=known,
            )
        )

    def _check_once(self, seen, place, key, kind, cells):
        """Refuse what would leave open which translation is meant.

        :raises ValueError: the same value stands in an earlier row
        """
        direction = kind.direction if kind else "inbound"
        for column, other_way in (("theirs", "outbound"), ("ours", "inbound")):
            if direction == other_way:
                continue
            first = seen.setdefault((key, column, cells[column]), place)
            if first != place:
                raise ValueError(
                    _(
                        "“%(value)s” stands already in %(first)s",
                        value=cells[column][:40],
                        first=first,
                    )
                )

    def _reference(self, key, cells):
        if cells[FACTOR]:
            raise ValueError(
                _("a factor belongs to a map of units only, not to “%(map)s”", map=key)
            )
        record = self._own(key, cells["ours"])
        other = self._known["unit"].get(cells["theirs"]) if key == "unit" else None
        if other and other != record:
            raise ValueError(
                _(
                    "“%(theirs)s” is another unit here than %(ours)s",
                    theirs=other.name,
                    ours=record.name,
                )
            )
        return {
            "model": record._name,
            "res_id": record.id,
            "external_id": cells["theirs"],
        }

    def _entry(self, kind, cells):
        values = {"external_value": cells["theirs"], "internal_value": cells["ours"]}
        if kind.kind == "unit":
            self._check_category(cells)
            return {**values, "factor": self._factor(cells[FACTOR])}
        if cells[FACTOR]:
            raise ValueError(
                _(
                    "a factor belongs to a map of units only, not to “%(map)s”",
                    map=kind.name,
                )
            )
        allowed = kind._allowed()
        if allowed and cells["ours"] not in allowed:
            raise ValueError(
                _(
                    "we have no “%(value)s” in “%(map)s”, but %(allowed)s",
                    value=cells["ours"][:40],
                    map=kind.name,
                    allowed=", ".join(allowed),
                )
            )
        return values

    def _own(self, key, name):
        record = self._known[key].get(name)
        if not record:
            raise ValueError(
                _(
                    "%(kind)s “%(name)s” does not exist here, or is another company's",
                    kind=KINDS[key].label(),
                    name=name[:40],
                )
            )
        return record

    def _check_category(self, cells):
        ours = self._own("unit", cells["ours"])
        theirs = self._known["unit"].get(cells["theirs"])
        if theirs and theirs.category_id != ours.category_id:
            raise ValueError(
                _(
                    "%(theirs)s measures %(other)s, %(ours)s measures %(category)s",
                    theirs=theirs.name,
                    other=theirs.category_id.name,
                    ours=ours.name,
                    category=ours.category_id.name,
                )
            )

    def _factor(self, text):
        if not text:
            return 1.0
        factor = float(text) if _FACTOR.fullmatch(text) else 0.0
        if not 1e-9 <= factor <= 1e9:
            raise ValueError(
                _(
                    "the factor “%(text)s” has to be a number above zero, such as 0.001",
                    text=text[:40],
                )
            )
        return factor

    def _with_primary(self, references):
        """Mark the first of several names of a record as the one that is sent."""
        sent = set()
        for each in references:
            record = each["model"], each["res_id"]
            each["is_primary"] = record not in sent
            sent.add(record)
        return references
