"""Control files: they come last and say what a complete file looks like.

We write JSON. Of others we also take what ``sha256sum FILE > FILE.ctl`` writes.
"""

import json
import re
from hashlib import sha256

SUFFIX = ".ctl"
MAX_CONTROL = 64 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class BadControl(ValueError):
    """The control file cannot be used; the text says why."""


def build(name, data, **more):
    """Return the content of the control file of ``name``.

    :param dict more: further members, e.g. a signature
    """
    content = {"file": name, "size": len(data), "sha256": sha256(data).hexdigest()}
    return (json.dumps({**content, **more}, indent=1) + "\n").encode()


def read(name, content):
    """Return (size or None, SHA-256) that the file ``name`` has to have.

    :raises BadControl: unreadable, or about another file
    """
    try:
        text = content.decode().strip()
    except UnicodeDecodeError as error:
        raise BadControl("it is not a text") from error
    if match := _SUM.fullmatch(text):
        value = {"sha256": match[1], "file": match[2]}
    else:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadControl(
                "it is neither JSON nor the output of sha256sum"
            ) from error
    if not isinstance(value, dict) or value.get("file") != name:
        raise BadControl(f"its “file” is not {name}")
    size, digest = value.get("size"), value.get("sha256")
    if size is not None and (not isinstance(size, int) or size < 0):
        raise BadControl("its “size” is not a number of bytes")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest.lower()):
        raise BadControl("its “sha256” is not a SHA-256 in hexadecimal digits")
    return size, digest.lower()


def difference(data, size, digest):
    """Return in words why ``data`` is not what the control file announced, or None."""
    if size is not None and len(data) != size:
        return f"it has {len(data)} bytes, the control file says {size}"
    if sha256(data).hexdigest() != digest:
        return "its checksum is not the one of the control file"
    return None
