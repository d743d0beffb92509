"""Validation of inbound payloads: compiled for the many, explained for the few."""

import functools
import json

import fastjsonschema
import jsonschema

MAX_ERRORS = 20
MAX_TEXT = 200


class Unusable(ValueError):
    """The schema itself is wrong, or refers to something outside of it."""


def errors(schema, payload):
    """Return what is wrong with ``payload``: ``[{"pointer": …, "detail": …}, …]``.

    ``fastjsonschema`` says yes or no about twenty times as fast as ``jsonschema``, which
    knows every error and its place; it is asked only when something is wrong.

    :param str schema: JSON Schema of an approved version, as text
    :raises Unusable: the schema cannot be compiled
    """
    try:
        _compiled(schema)(payload)
        return []
    except fastjsonschema.JsonSchemaDefinitionException as error:
        raise Unusable(str(error)) from error
    except fastjsonschema.JsonSchemaValueException as error:
        first = error
    found = sorted(
        jsonschema.Draft7Validator(json.loads(schema)).iter_errors(payload),
        key=lambda each: [str(part) for part in each.absolute_path],
    )
    return [
        _entry(each.absolute_path, each.message) for each in found[:MAX_ERRORS]
    ] or [_entry(first.path[1:], first.message)]


def _entry(path, message):
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return {
        "pointer": "#" + "".join(f"/{part}" for part in escaped),
        "detail": message[:MAX_TEXT],
    }


def _no_remote(uri):
    raise fastjsonschema.JsonSchemaDefinitionException(
        f"a schema cannot refer to {uri}: put the definition into it"
    )


@functools.lru_cache(maxsize=256)
def _compiled(schema):
    # Defaults are not filled in: what is processed is what was sent. References to other
    # documents are refused: the library would fetch them.
    return fastjsonschema.compile(
        json.loads(schema),
        handlers={scheme: _no_remote for scheme in ("http", "https", "file", "ftp")},
        use_default=False,
    )
