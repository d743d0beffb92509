"""From the words of one side to those of the other, in three declared steps.

Select keeps the fields the other side needs, translate exchanges values (value map, unit of
measure, cross reference), shape arranges the result by a JMESPath expression. A plan holds
everything as plain values, so the sender of outbound messages applies it without ORM, and
inbound processing and the preview apply the same one. Values are never guessed: what has
no translation is reported.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Context, Decimal

import jmespath
from jmespath.exceptions import JMESPathError

from odoo.tools import SQL

from . import paths

UNTRANSLATED = "MAP-001"
UNSHAPED = "MAP-002"
#: values named in one report
MAX_NAMED = 10
MAX_VALUE = 80
#: digits that survive a conversion of units; a float holds fifteen
_PRECISION = Context(prec=15)


class Unmapped(ValueError):
    """A message cannot be mapped."""

    def __init__(self, code, cause):
        """
        :param code: of the error catalogue
        :param cause: what is missing, the same text for every message that lacks it
        """
        super().__init__(cause)
        self.code = code
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ValueStep:
    """Exchange a code by a value map."""

    name: str
    path: tuple
    values: dict[str, str]

    def unknown(self, document):
        """Return the values of the document, as text, that the map does not have."""
        values = map(_text, _values(document, self.path))
        return [value for value in values if value not in self.values]

    def missing(self, document, _known):
        """Return the causes why values of the document cannot be translated."""
        return [_untranslated(self.name, value) for value in self.unknown(document)]

    def apply(self, document, _known):
        """Translate in place."""
        for container, key in _filled(document, self.path):
            container[key] = self.values[_text(container[key])]


@dataclass(frozen=True, slots=True)
class UnitStep:
    """Exchange a unit of measure, and convert the quantity beside it."""

    name: str
    path: tuple
    quantity: str
    #: unit → (unit of the other side, factor for the quantity)
    units: dict[str, tuple[str, Decimal]]

    def unknown(self, document):
        """Return the units of the document, as text, that the map does not have."""
        units = map(_text, _values(document, self.path))
        return [unit for unit in units if unit not in self.units]

    def missing(self, document, _known):
        """Return the causes why values of the document cannot be translated."""
        causes = []
        for container, key in _filled(document, self.path):
            unit = self.units.get(_text(container[key]))
            if unit is None:
                causes.append(_untranslated(self.name, container[key]))
            elif unit[1] != 1 and not _is_number(container.get(self.quantity)):
                causes.append(
                    f"{self.name}: “{_shown(container[key])}” needs a number in "
                    f"“{self.quantity}” beside it"
                )
        return causes

    def apply(self, document, _known):
        """Translate in place."""
        for container, key in _filled(document, self.path):
            container[key], factor = self.units[_text(container[key])]
            if factor != 1:
                container[self.quantity] = _converted(container[self.quantity], factor)


@dataclass(frozen=True, slots=True)
class Reference:
    """Cross references of one system about one model."""

    system_id: int
    model: str
    table: str
    #: column of the table by which our messages name the record
    column: str
    outbound: bool


@dataclass(frozen=True, slots=True)
class XrefStep:
    """Exchange our name of a record for the other system's."""

    name: str
    path: tuple
    reference: Reference

    def keys(self, document):
        """Return the names to look up."""
        return {_text(value) for value in _values(document, self.path)}

    def missing(self, document, known):
        """Return the causes why values of the document cannot be translated."""
        causes = []
        for value in _values(document, self.path):
            found = known[self.reference].get(_text(value), ())
            if not found:
                causes.append(_untranslated(self.name, value))
            elif len(found) > 1:
                causes.append(
                    f"{self.name}: “{_shown(value)}” stands for {len(found)} records"
                )
        return causes

    def apply(self, document, known):
        """Translate in place."""
        for container, key in _filled(document, self.path):
            (container[key],) = known[self.reference][_text(container[key])]


@dataclass(frozen=True, slots=True)
class UnusableStep:
    """Stands for steps that cannot be made any more, so that nothing passes unmapped."""

    cause: str

    def missing(self, _document, _known):
        """Return the cause."""
        return [self.cause]


@dataclass(frozen=True, slots=True)
class Plan:
    """The mapping of one contract version for one system."""

    #: paths to keep as nested dicts, see :func:`.paths.tree`; empty keeps everything
    select: dict
    steps: tuple
    #: compiled JMESPath expression, or None
    shape: object = None


def compile_shape(expression):
    """Return a JMESPath expression ready for :class:`Plan`.

    :raises ValueError: not an expression
    """
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(str(error)) from error


def map_all(cursor, jobs):
    """Map documents; cross references are looked up for all of them together.

    :param jobs: list of (:class:`Plan`, document); documents stay as they are
    :return: list of the same length: the mapped document, or :class:`Unmapped`
    """
    selected = [paths.pruned(document, plan.select) for plan, document in jobs]
    wanted = defaultdict(set)
    for (plan, _document), document in zip(jobs, selected, strict=True):
        for step in plan.steps:
            if isinstance(step, XrefStep):
                wanted[step.reference] |= step.keys(document)
    known = {
        reference: _look_up(cursor, reference, keys)
        for reference, keys in wanted.items()
    }
    return [
        _mapped(plan, document, known)
        for (plan, _document), document in zip(jobs, selected, strict=True)
    ]


def map_one(cursor, plan, document):
    """Return the mapped document.

    :raises Unmapped: it has values without translation, or cannot be shaped
    """
    (result,) = map_all(cursor, [(plan, document)])
    if isinstance(result, Unmapped):
        raise result
    return result


def _mapped(plan, document, known):
    causes = [cause for step in plan.steps for cause in step.missing(document, known)]
    if causes:
        return Unmapped(UNTRANSLATED, _together(causes))
    for step in plan.steps:
        step.apply(document, known)
    if plan.shape is None:
        return document
    try:
        shaped = plan.shape.search(document)
    except (JMESPathError, RecursionError) as error:
        return Unmapped(UNSHAPED, f"The shape cannot be made: {error}")
    if not isinstance(shaped, dict):
        return Unmapped(UNSHAPED, "The shape does not make an object")
    return shaped


def _look_up(cursor, reference, keys):
    """Return name → set of translations."""
    if not keys:
        return {}
    ours = SQL.identifier("r", reference.column)
    if reference.outbound:
        name, translation = ours, SQL.identifier("x", "external_id")
        chosen = SQL("AND x.is_primary")
    else:
        name, translation = SQL.identifier("x", "external_id"), ours
        chosen = SQL()
    if reference.outbound and reference.column == "id":
        keys = [int(key) for key in keys if key.isdecimal() and int(key) < 2**31]
    query = SQL(
        """
        SELECT %s::varchar, array_agg(DISTINCT %s::varchar)
          FROM mfg_integration_xref x
          JOIN %s r ON r.id = x.res_id
         WHERE x.system_id = %s AND x.model = %s %s AND %s = ANY(%s) AND %s IS NOT NULL
         GROUP BY 1
        """,
        name,
        translation,
        SQL.identifier(reference.table),
        reference.system_id or 0,
        reference.model,
        chosen,
        name,
        list(keys),
        translation,
    )
    cursor.execute(query.code, query.params)
    return dict(cursor.fetchall())


def _together(causes):
    named = sorted(set(causes))
    more = len(named) - MAX_NAMED
    lines = named[:MAX_NAMED] + ([f"and {more} more"] if more > 0 else [])
    return "\n".join(lines)


def _filled(document, path):
    """Yield the slots that hold something: nothing needs no translation."""
    for container, key in paths.slots(document, path):
        if container[key] is not None:
            yield container, key


def _values(document, path):
    return [container[key] for container, key in _filled(document, path)]


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def _shown(value):
    return _text(value)[:MAX_VALUE]


def _untranslated(name, value):
    return f"{name}: “{_shown(value)}” has no translation"


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _converted(quantity, factor):
    result = _PRECISION.multiply(Decimal(repr(quantity)), factor)
    return int(result) if result == result.to_integral_value() else float(result)
