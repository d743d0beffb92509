"""Encryption of secrets at rest with a key that never enters the database."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import _
from odoo.exceptions import UserError
from odoo.tools import config

_ENVIRONMENT = "MFG_INTEGRATION_KEY_FILE"
_OPTION = "mfg_integration_key_file"
_DEFAULT_NAME = "mfg_integration.key"


def key_path():
    """Return the path of the key file: environment, odoo.conf, data directory."""
    chosen = os.environ.get(_ENVIRONMENT) or config.get(_OPTION)
    return Path(chosen) if chosen else Path(config["data_dir"]) / _DEFAULT_NAME


def encrypt(text):
    """Return ``text`` encrypted under the newest key as a string."""
    return _fernet(create=True).encrypt(text.encode()).decode()


def decrypt(token):
    """Return the text behind ``token``.

    :raises UserError: the key file is missing, or is not the one it was encrypted with
    """
    try:
        return _fernet(create=False).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UserError(
            _(
                "The secret cannot be decrypted: %(path)s is not the key file it was "
                "encrypted with. Bring back that file, or enter the secret again.",
                path=key_path(),
            )
        ) from error


def _fernet(create):
    """The file holds one key a line: the first encrypts, all of them decrypt."""
    path = key_path()
    if not path.exists():
        if not create:
            raise UserError(
                _(
                    "The key file %(path)s is missing. Bring it back from the backup of "
                    "the server, or enter the secrets again.",
                    path=path,
                )
            )
        _create(path)
    return MultiFernet([Fernet(line) for line in path.read_text().split()])


def _create(path):
    # Written under another name and linked: two processes that start together agree on
    # one key, and a reader never finds half a file.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
