"""What other systems call our records, and the values that come with the names.

Whatever a message names is looked up for all of its lines at once: by the cross references
of the sending system first, then by our own names. What is unknown or means several records
is refused in words that say where to repair it.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from odoo import _
from odoo.exceptions import UserError
from odoo.tools import float_compare, float_round

#: names listed in one refusal
MAX_NAMED = 10
#: a sender's clock may be ahead by so much
CLOCK_TOLERANCE = timedelta(minutes=15)
#: no quantity, amount or duration of a plant is greater
LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that messages name."""

    model: str
    #: our own names, the first that finds something counts
    fields: tuple
    label: callable


KINDS = {
    "item": Kind("product.product", ("default_code", "barcode"), lambda: _("The item")),
    "item_code": Kind("product.product", ("default_code",), lambda: _("The item")),
    "bom": Kind("mrp.bom", ("code",), lambda: _("The bill of materials")),
    "unit": Kind("uom.uom", ("name",), lambda: _("The unit of measure")),
    "location": Kind(
        "stock.location", ("barcode", "complete_name"), lambda: _("The location")
    ),
    "work_center": Kind(
        "mrp.workcenter", ("code", "name"), lambda: _("The work center")
    ),
    "loss": Kind(
        "mrp.workcenter.productivity.loss", ("name",), lambda: _("The reason")
    ),
    "journal": Kind("account.journal", ("code",), lambda: _("The journal")),
    "account": Kind("account.account", ("code",), lambda: _("The account")),
    "partner": Kind("res.partner", ("ref",), lambda: _("The partner")),
    "receipt": Kind("stock.picking", ("name",), lambda: _("The order or receipt")),
    "purchase": Kind("purchase.order", ("name",), lambda: _("The purchase order")),
    "order": Kind("mrp.production", ("name",), lambda: _("The manufacturing order")),
}


class Names:
    """Names of one system, as far as the user of the environment may see the records.

    :param env: environment of the handler
    :param message: the :class:`InboundMessage` that names records
    """

    def __init__(self, env, message):
        # Source terms: a unit has one name, whatever the language of the service user.
        self._env = env(context={**env.context, "lang": None})
        self._message = message

    def find(self, kind, names):
        """Return name → record for every name that is not empty.

        :param str kind: key of :data:`KINDS`
        :raises UserError: a name is unknown, or stands for several records
        """
        found = self.known(kind, names)
        missing = {name for name in names if name} - found.keys()
        if missing:
            listed = sorted(missing)
            raise UserError(
                _(
                    "%(kind)s %(names)s is not known here. Correct it, or add it to the "
                    "Cross References of system %(system)s; then process the message again.",
                    kind=KINDS[kind].label(),
                    names=", ".join(f"“{name[:80]}”" for name in listed[:MAX_NAMED]),
                    system=self._message.system_code,
                )
            )
        return found

    def known(self, kind, names):
        """Return name → record for the names that are known.

        :raises UserError: a name stands for several records
        """
        kind = KINDS[kind]
        left = {name for name in names if name}
        found = self._by_cross_reference(kind, left)
        for field in kind.fields:
            left -= found.keys()
            if left:
                found |= self._by_own_name(kind, field, left)
        return found

    def lots(self, wanted):
        """Return (product, lot name) → lot for those that exist.

        :param wanted: pairs of product and lot name
        """
        wanted = set(wanted)
        if not wanted:
            return {}
        lots = self._env["stock.lot"].search(
            [
                ("name", "in", [name for _product, name in wanted]),
                ("product_id", "in", [product.id for product, _name in wanted]),
                ("company_id", "=", self._env.company.id),
            ]
        )
        found = {(lot.product_id, lot.name): lot for lot in lots}
        return {pair: found[pair] for pair in wanted if pair in found}

    def _by_cross_reference(self, kind, names):
        if not names:
            return {}
        # sudo: what a system calls our records is no secret to its own messages
        xrefs = (
            self._env["mfg.integration.xref"]
            .sudo()
            .search(
                [
                    ("system_id", "=", self._message.system_id),
                    ("model", "=", kind.model),
                    ("external_id", "in", list(names)),
                ]
            )
        )
        records = self._env[kind.model].browse(xrefs.mapped("res_id"))
        visible = records._filter_access_rules("read").exists()
        return {
            xref.external_id: records.browse(xref.res_id)
            for xref in xrefs
            if xref.res_id in visible._ids
        }

    def _by_own_name(self, kind, field, names):
        model = self._env[kind.model]
        domain = [(field, "in", list(names))]
        if "company_id" in model._fields:
            domain.append(("company_id", "in", (self._env.company.id, False)))
        found = {}
        for record in model.search(domain):
            name = record[field]
            if name in found:
                raise UserError(
                    _(
                        "%(kind)s “%(name)s” stands for several records here. Tell them "
                        "apart by the Cross References of system %(system)s.",
                        kind=kind.label(),
                        name=name,
                        system=self._message.system_code,
                    )
                )
            found[name] = record
        return found


def quantity(value, unit, product, what):
    """Return a quantity of a message if it can be what it says.

    :param value: number of the message
    :param unit: ``uom.uom`` of the message
    :param product: the product that is measured
    :param str what: what is measured, for the refusal
    :return: float in ``unit``
    :raises UserError: not above zero, too large, of a unit the product is not measured in,
        or finer than the unit's smallest step
    """
    value = amount(value, what)
    if value <= 0:
        raise UserError(
            _(
                "%(what)s: the quantity is %(value)s. It has to be above zero.",
                what=what,
                value=value,
            )
        )
    return measured(value, unit, product, what)


def measured(value, unit, product, what):
    """Return ``value`` if the product can be measured so.

    :raises UserError: it cannot, see :func:`quantity`
    """
    if unit.category_id != product.uom_id.category_id:
        raise UserError(
            _(
                "%(what)s: %(unit)s is not a unit of %(item)s, which is measured in "
                "%(own)s.",
                what=what,
                unit=unit.name,
                item=product.display_name,
                own=product.uom_id.name,
            )
        )
    rounded = float_round(value, precision_rounding=unit.rounding)
    if not math.isclose(rounded, value, rel_tol=1e-9, abs_tol=unit.rounding * 1e-3):
        raise UserError(
            _(
                "%(what)s: %(value)s is finer than the smallest step of %(unit)s, "
                "%(step)s.",
                what=what,
                value=value,
                unit=unit.name,
                step=unit.rounding,
            )
        )
    return rounded


def amount(value, what):
    """Return a number of a message as float.

    :raises UserError: no plant counts so far
    """
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise UserError(
            _("%(what)s: %(value)s is out of range.", what=what, value=value)
        )
    return float(value)


def converted(value, unit, target, what):
    """Return ``value`` in the unit ``target``.

    :raises UserError: it is finer than what ``target`` can hold
    """
    result = unit._compute_quantity(value, target, round=False)
    rounded = float_round(result, precision_rounding=target.rounding)
    if float_compare(result, rounded, precision_digits=6):
        raise UserError(
            _(
                "%(what)s: %(value)s %(unit)s is no whole number of steps of %(target)s.",
                what=what,
                value=value,
                unit=unit.name,
                target=target.name,
            )
        )
    return rounded


def moment(text, what, planned=False):
    """Return a time of a message as naive UTC, or None if it has none.

    :param bool planned: whether it may lie ahead
    :raises UserError: not a time with its zone, or in the future
    """
    if text is None:
        return None
    try:
        # Python 3.10 does not know Z
        value = datetime.fromisoformat(text.strip().upper().replace("Z", "+00:00"))
    except ValueError as error:
        raise UserError(
            _("%(what)s: “%(text)s” is not a time.", what=what, text=text[:40])
        ) from error
    if value.tzinfo is None:
        raise UserError(
            _(
                "%(what)s: “%(text)s” has no time zone. Add Z or an offset.",
                what=what,
                text=text[:40],
            )
        )
    try:
        value = value.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
    except OverflowError as error:
        raise UserError(
            _("%(what)s: “%(text)s” is not a time.", what=what, text=text[:40])
        ) from error
    if not planned and value > datetime.utcnow() + CLOCK_TOLERANCE:
        raise UserError(
            _(
                "%(what)s: %(text)s is in the future. Check the clock of the sender.",
                what=what,
                text=text[:40],
            )
        )
    return value


def day(text):
    """Return a day of a message.

    :raises UserError: it is none
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            _("“%(text)s” is not a date such as 2026-03-31.", text=text[:40])
        ) from error
