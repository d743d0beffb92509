"""Records that come with a module and belong to the people who edit them.

Their data files are loaded once (``noupdate``): an update must not take back what somebody
wrote. What a later version adds to them is therefore filled in by a migration.
"""

from lxml import etree

from odoo.tools import file_open

#: contracts are not among them: an approved one is what was agreed on
MODELS = frozenset({"mfg.integration.error.code", "mfg.integration.interface"})
TEXTS = frozenset({"char", "text", "html"})


def complete(env, module, path):
    """Fill in the texts of a data file that are empty in the database.

    :param str path: data file, from the folder of the module
    """
    with file_open(f"{module}/{path}", "rb") as file:
        entries = etree.parse(file).iter("record")
    for entry in entries:
        if entry.get("model") not in MODELS:
            continue
        record = env.ref(f"{module}.{entry.get('id')}", raise_if_not_found=False)
        if record and (texts := _missing(record, entry)):
            record.write(texts)


def _missing(record, entry):
    return {
        field.get("name"): _text(field)
        for field in entry.iterfind("field")
        if {"name", "type"}.issuperset(field.keys())
        and record._fields[field.get("name")].type in TEXTS
        and not record[field.get("name")]
    }


def _text(field):
    return (field.text or "") + "".join(
        etree.tostring(child, encoding="unicode") for child in field
    )
