#!/usr/bin/env python3
"""Write docs/messages.md from the contracts and interfaces of our modules.

    python tools/message_docs.py

tests/test_message_docs.py fails while the page is not what this makes of them.
"""

import json
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
MODULES = [ROOT / "addons" / name for name in ("mfg_integration_plant", "mfg_suite")]
PAGE = ROOT / "docs" / "messages.md"

HEAD = """\
# Messages of a plant

Written by `tools/message_docs.py` from the contracts in the folders `contracts/` of
`mfg_integration_plant` and, where it is about quality, `mfg_suite`; do not edit. How to
send them is in [senders.md](senders.md), how to receive them in
[architecture.md](architecture.md).

Names of items, units, lots and places are ours, or what the cross references of the sending
system call them. Moments carry their zone. Inbound messages refuse names that the contract
does not have; outbound ones may get further optional names within a major version.
"""


def render():
    """Return the text of the page."""
    interfaces = dict(_interfaces())
    parts = [HEAD, _index(interfaces)]
    parts += [_section(code, interfaces[code]) for code in sorted(interfaces)]
    return "\n".join(parts)


def contracts(name="*"):
    """Return the paths of the schemas of that name."""
    return [
        path
        for module in MODULES
        for path in module.glob(f"contracts/{name}.schema.json")
    ]


def _interfaces():
    """Yield (code, {"name", "direction", …}) of the interfaces that come with them."""
    for path in sorted(
        path for module in MODULES for path in module.glob("data/*.xml")
    ):
        for record in ElementTree.parse(path).iter("record"):
            if record.get("model") == "mfg.integration.interface":
                values = {
                    field.get("name"): (field.text or "").strip()
                    for field in record.iter("field")
                }
                yield values["code"], values


def _index(interfaces):
    rows = [
        "| message | direction | how fast | right in case of doubt |",
        "|---|---|---|---|",
    ]
    for code, values in sorted(interfaces.items()):
        way = "to Odoo" if values["direction"] == "inbound" else "from Odoo"
        speed = values["latency_class"].replace("_", " ")
        rows.append(
            f"| [`{code}`](#{code.replace('.', '')}) | {way} | {speed} | "
            f"{values['system_of_record']} |"
        )
    return "\n".join(rows) + "\n"


def _section(code, values):
    (path,) = contracts(f"{code}.v*")
    schema = json.loads(path.read_text(encoding="utf-8"))
    example = path.with_name(path.name.replace(".schema.", ".example."))
    lines = [
        f"## {code}",
        "",
        schema["description"],
        "",
        f"Meanwhile, if it does not arrive: {values['fallback_procedure']}",
        "",
        "| name | kind | |",
        "|---|---|---|",
        *_rows(schema, schema, ""),
        "",
        "```json",
        example.read_text(encoding="utf-8").strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _rows(node, schema, prefix):
    """Yield table rows for the properties of an object and of what is inside them."""
    required = set(node.get("required", ()))
    for name, entry in node.get("properties", {}).items():
        resolved, null = _resolved(entry, schema)
        kind, inner, suffix = _kind(resolved, schema)
        text = entry.get("description") or resolved.get("description", "")
        must = "" if name in required else "optional"
        words = ", ".join(filter(None, [kind, must, "may be null" if null else ""]))
        yield f"| `{prefix}{name}{suffix}` | {words} | {text} |"
        if inner:
            yield from _rows(inner, schema, f"{prefix}{name}{suffix}.")


def _resolved(entry, schema):
    """Return (entry with its reference followed, whether it may be null)."""
    null = False
    if "anyOf" in entry:
        null = True
        entry = next(part for part in entry["anyOf"] if part.get("type") != "null")
    if "$ref" in entry:
        entry = schema["definitions"][entry["$ref"].rpartition("/")[2]]
    if isinstance(entry.get("type"), list):
        null = null or "null" in entry["type"]
    return entry, null


def _kind(entry, schema):
    """Return (words for the type, object inside, what follows the name)."""
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"]), None, ""
    kind = entry.get("type", "")
    if isinstance(kind, list):
        kind = next(each for each in kind if each != "null")
    if kind == "array":
        inner, _null = _resolved(entry["items"], schema)
        return "list", inner if inner.get("type") == "object" else None, "[]"
    if kind == "object":
        return "object", entry, ""
    if entry.get("format") == "date-time":
        return "time", None, ""
    return {"string": "text", "boolean": "yes or no"}.get(kind, kind), None, ""


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
