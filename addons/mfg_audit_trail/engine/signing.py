"""The keys that sign the log: which there are, and whose turn it is.

They lie in a file, one a line, the newest first, each private or, once it is retired,
public. What the log handed over last says which of them signs.
"""

from pathlib import Path

from odoo.tools import config

from ..offline import mfg_audit_verify
from . import note

#: option of odoo.conf: file with the keys, readable for Odoo alone
OPTION = "mfg_audit_signing_key"

_HAND_OVERS = r"""
    SELECT note, created_at AT TIME ZONE 'UTC'
      FROM mfg_audit.checkpoint
     WHERE position(E'\nformer-key ' IN note) > 0
  ORDER BY size
"""
_LATEST = """
    SELECT note FROM mfg_audit.checkpoint
     WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1
"""


class KeyMissing(note.NoteError):
    """The key whose turn it is does not stand in the file."""


def lines():
    """The keys in the file, the newest first; none without a file.

    :raises OSError: the file cannot be read
    """
    path = config.get(OPTION)
    return Path(path).read_text(encoding="ascii").split() if path else []


def is_private(line):
    """Whether a line of the file can sign."""
    return line.startswith(note.PRIVATE_MARK + "+")


def public_line(line):
    """The public key of a line of the file.

    :raises note.NoteError: it is no key
    """
    return note.public_of(line) if is_private(line) else line


def public():
    """The public keys in the file, one a line, the newest first; None without a file.

    :raises OSError: the file cannot be read
    :raises note.NoteError: what stands in it is no key
    """
    return "\n".join(map(public_line, lines())) or None


def hand_overs(cr):
    """[(:class:`mfg_audit_verify.HandOver`, when)], the oldest first; not verified."""
    cr.execute(_HAND_OVERS)
    return [(mfg_audit_verify.hand_over_of(text), at) for text, at in cr.fetchall()]


def hand_over_notes(cr):
    """The notes by which this log handed over, the oldest first."""
    cr.execute(_HAND_OVERS)
    return [text for text, _at in cr.fetchall()]


def turn(cr, size=None):
    """Name of the key that signs this log now, None as long as nothing was signed.

    :param int size: of the log; whose turn it was when it had that
    """
    for given, _at in hand_overs(cr) if size is not None else ():
        if given.size > size:
            return given.names[0]
    cr.execute(_LATEST)
    row = cr.fetchone()
    if not row:
        return None
    given = mfg_audit_verify.hand_over_of(row[0])
    return given.names[1] if given else mfg_audit_verify.signers(row[0])[0]


def key(cr, size=None):
    """The private key that signs this log now, None when no file is configured.

    :param int size: as for :func:`turn`
    :raises OSError: the file cannot be read
    :raises KeyMissing: the file has others
    :raises note.NoteError: what stands in it is no key
    """
    known = lines()
    if not known:
        return None
    wanted = turn(cr, size)
    for line in known:
        name = mfg_audit_verify.key_id(public_line(line))
        if wanted in (None, name) and is_private(line):
            return line
    raise KeyMissing(
        f"This log is signed with {wanted or 'no key yet'}, and the file {config[OPTION]}"
        f" has not got that private key: put it below the first line. If it is lost, put"
        " its public key there and hand over with: odoo-bin mfg_audit rotate-key --lost"
    )
