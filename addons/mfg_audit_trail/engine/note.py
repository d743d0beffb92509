"""Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note), signed with Ed25519."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ..offline import mfg_audit_verify

ED25519 = b"\x01"
SIGNATURE_MARK = "— "
PRIVATE_MARK = "PRIVATE+KEY"
#: extension line of a checkpoint: the log goes on from here, though it was longer
INSTEAD_OF = "instead-of"


class NoteError(mfg_audit_verify.Damaged):
    """A key or a note is not what it should be; the text says how."""


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of a log at one moment."""

    origin: str
    size: int
    root: bytes
    #: size the log had before a backup was restored, acknowledged with a reason
    instead_of: int = None
    reason: str = ""

    def text(self):
        """The part of the note that is signed."""
        text = f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        if self.instead_of is not None:
            text += f"{INSTEAD_OF} {self.instead_of} {self.reason}\n"
        return text


def new_key(name):
    """Return (private key, public key) as lines of text."""
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = _public_bytes(key.public_key())
    number = _key_number(name, public).hex()
    return (
        f"{PRIVATE_MARK}+{name}+{number}+{_b64(ED25519 + secret)}",
        f"{name}+{number}+{_b64(ED25519 + public)}",
    )


def public_of(private):
    """The public key that belongs to a private one.

    :raises NoteError: this is no such key
    """
    name, key = _private(private)
    public = _public_bytes(key.public_key())
    return f"{name}+{_key_number(name, public).hex()}+{_b64(ED25519 + public)}"


def sign(checkpoint, private):
    """The signed note of a checkpoint.

    :raises NoteError: the private key is malformed
    """
    return sign_text(checkpoint.text(), private)


def sign_text(text, *privates):
    """A text that ends with a line feed as a note, signed with one key or several.

    :raises NoteError: a private key is malformed
    """
    signed = f"{text}\n"
    for private in privates:
        name, key = _private(private)
        number = _key_number(name, _public_bytes(key.public_key()))
        signature = _b64(number + key.sign(text.encode()))
        signed += f"{SIGNATURE_MARK}{name} {signature}\n"
    return signed


def open_note(note, public):
    """Verify a note and return its checkpoint.

    :raises NoteError: no valid signature of this key, or no checkpoint
    """
    return read_checkpoint(open_text(note, public))


def open_text(note, public):
    """Verify a note and return what it says.

    :raises NoteError: no valid signature of this key
    """
    name, number, encoded = _split(public, 3)
    key = _unb64(encoded)
    # the last blank line: whatever stands before it is what is signed
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise NoteError("the note has no signature")
    text += "\n"
    for line in signatures.splitlines():
        signer, _space, signature = line.removeprefix(SIGNATURE_MARK).partition(" ")
        raw = _unb64(signature)
        if signer != name or raw[:4].hex() != number:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], text.encode())
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the signature of {name} is wrong") from error
        return text
    raise NoteError(f"the note is not signed by {name}+{number}")


def read_checkpoint(text):
    """The checkpoint that a verified note is about.

    :raises NoteError: it is about something else
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].isascii() or not lines[1].isdecimal():
        raise NoteError("the note is no checkpoint")
    known = Checkpoint(lines[0], int(lines[1]), _unb64(lines[2]))
    mark, _space, said = lines[3].partition(" ")
    size, _space, reason = said.partition(" ")
    if mark != INSTEAD_OF or not (size.isascii() and size.isdecimal()):
        return known
    return replace(known, instead_of=int(size), reason=reason)


def _private(text):
    if not text.startswith(PRIVATE_MARK + "+"):
        raise NoteError("this is no private key of a note")
    name, _number, encoded = _split(text[len(PRIVATE_MARK) + 1 :], 3)
    raw = _unb64(encoded)
    if raw[:1] != ED25519 or len(raw) != 33:
        raise NoteError("the private key is no Ed25519 key")
    return name, Ed25519PrivateKey.from_private_bytes(raw[1:])


def _split(text, count):
    # base64 has plus signs of its own: only the first ones separate
    parts = text.strip().split("+", count - 1)
    if len(parts) != count:
        raise NoteError("a key has the form name+number+base64")
    return parts


def _key_number(name, public):
    return hashlib.sha256(f"{name}\n".encode() + ED25519 + public).digest()[:4]


def _public_bytes(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _b64(data):
    return base64.b64encode(data).decode()


def _unb64(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("this is no base64") from error
