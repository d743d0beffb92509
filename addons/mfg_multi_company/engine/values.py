"""Field values as JSON, as text for people, and from what people type."""

from odoo import Command, _, fields
from odoo.exceptions import UserError

# Types whose values a change request can name.
SUPPORTED = {
    "boolean",
    "char",
    "date",
    "datetime",
    "float",
    "html",
    "integer",
    "many2many",
    "many2one",
    "monetary",
    "selection",
    "text",
}


def to_json(record, name):
    """The value of a field as plain data; equal values give equal data."""
    field, value = record._fields[name], record[name]
    if field.type == "many2one":
        return value.id
    if field.type == "many2many":
        return sorted(value.ids)
    if field.type in ("date", "datetime"):
        return value and fields.Datetime.to_string(value)
    return str(value) if field.type == "html" and value else value


def to_text(record, name):
    """The value of a field as people read it."""
    field, value = record._fields[name], record[name]
    if field.type in ("many2one", "many2many"):
        return ", ".join(value.mapped("display_name"))
    if field.type == "selection":
        options = dict(field._description_selection(record.env))
        return options.get(value, "")
    if field.type == "boolean":
        return _("Yes") if value else _("No")
    return "" if value is False else str(value)


def from_json(record, name, value):
    """What ``write`` wants for a value of ``to_json``."""
    if record._fields[name].type == "many2many":
        return [Command.set(value or [])]
    return value


def from_text(record, name, text):
    """What ``write`` wants for what somebody typed.

    :raises UserError: the text is no value of the field, or names several records
    """
    field = record._fields[name]
    text = (text or "").strip()
    if not text:
        return [Command.clear()] if field.type == "many2many" else False
    label = field._description_string(record.env)
    if field.type == "many2one":
        return _find(record.env[field.comodel_name], text, label).id
    if field.type == "many2many":
        found = [
            _find(record.env[field.comodel_name], part.strip(), label).id
            for part in text.split(",")
        ]
        return [Command.set(found)]
    convert = record.env["ir.fields.converter"].to_field(record, field)
    try:
        value, warnings = convert(text)
    except ValueError as error:
        raise UserError(
            _("%(value)s is no value of %(field)s.", value=text, field=label)
        ) from error
    if warnings:
        raise UserError(
            _("%(value)s is no value of %(field)s.", value=text, field=label)
        )
    return value


def _find(model, name, label):
    """The one record of that name."""
    found = model.name_search(name, operator="=", limit=2)
    if len(found) != 1:
        raise UserError(
            _(
                "%(count)s records are called %(name)s. %(field)s needs exactly one.",
                count=_("Several") if found else _("No"),
                name=name,
                field=label,
            )
        )
    return model.browse(found[0][0])
