"""Folders for the exchange of files: below one directory of the server, nowhere else.

Every step from that directory down is opened by handle and refuses symbolic links, so
neither a configured path nor a file name can lead out of it, whatever else changes the
folders meanwhile.
"""

import errno
import os
import re
import stat
import time
from contextlib import suppress

from odoo.tools import config

_ENVIRONMENT = "MFG_INTEGRATION_FILE_ROOT"
_OPTION = "mfg_integration_file_root"

#: a name in a path or of a file; never hidden, never a step upwards
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")
#: depth of a configured path
MAX_STEPS = 4
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderError(Exception):
    """The folder cannot be used; the text says why."""


class NotAFile(Exception):
    """The name belongs to something else than a plain file."""


class TooLarge(Exception):
    """The file has more bytes than asked for."""


def root():
    """Return the directory all folders lie in, chosen by whoever runs the server.

    :raises FolderError: nobody has chosen one
    """
    chosen = os.environ.get(_ENVIRONMENT) or config.get(_OPTION)
    if not chosen:
        raise FolderError(f"{_OPTION} is not set in odoo.conf")
    return chosen


def steps(path):
    """Return the names a configured path consists of.

    :raises FolderError: it is absolute, leads upwards, or has other characters than
        letters, digits, ``.``, ``_`` and ``-``
    """
    names = path.split("/")
    if len(names) > MAX_STEPS or not all(NAME.fullmatch(name) for name in names):
        raise FolderError(f"“{path}” is not a plain path like orders/out")
    return names


class Folder:
    """An open folder; ``with`` closes it."""

    def __init__(self, handle):
        self._handle = handle

    @classmethod
    def open(cls, system_code, path):
        """Open the folder of a system, creating it when it is missing.

        :raises FolderError: it cannot be reached without leaving the directory
        """
        top = root()
        try:
            folder = cls(os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise FolderError(f"{top}: {error.strerror}") from error
        for name in [system_code, *steps(path)]:
            with folder:
                folder = folder.sub(name)
        return folder

    def sub(self, name):
        """Open a folder in this one, creating it when it is missing.

        :raises FolderError: it is a link, a file, or not accessible
        """
        with suppress(FileExistsError):
            try:
                os.mkdir(name, dir_fd=self._handle)
            except FileExistsError:
                raise
            except OSError as error:
                raise FolderError(f"{name}: {error.strerror}") from error
        try:
            return Folder(os.open(name, _DIRECTORY, dir_fd=self._handle))
        except OSError as error:
            raise FolderError(f"{name}: {error.strerror}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        os.close(self._handle)

    def names(self):
        """Return the names in the folder, in order."""
        return sorted(os.listdir(self._handle))

    def seconds_unchanged(self, name):
        """Return how long ago an entry changed last, None if there is none."""
        try:
            changed = os.stat(name, dir_fd=self._handle, follow_symlinks=False).st_mtime
        except FileNotFoundError:
            return None
        # a file server whose clock is ahead must not make a file young for ever
        return abs(time.time() - changed)

    def read(self, name, limit):  # pylint: disable=method-required-super
        """Return the bytes of a file.

        :raises FileNotFoundError: there is none
        :raises NotAFile: a link, a folder, a pipe
        :raises TooLarge: it has more than ``limit`` bytes
        """
        try:
            handle = os.open(name, _READ, dir_fd=self._handle)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise NotAFile(name) from error
            raise
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise NotAFile(name)
        with os.fdopen(handle, "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(name)
        return data

    def write(self, name, data):  # pylint: disable=method-required-super
        """Write a file that others see complete or not at all, also after a power cut.

        What an earlier try left behind under the temporary name is written over.
        """
        part = f".{name}.part"
        handle = os.open(part, _WRITE, 0o660, dir_fd=self._handle)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.rename(part, name, src_dir_fd=self._handle, dst_dir_fd=self._handle)
        os.fsync(self._handle)

    def move(self, name, target, new_name):
        """Move an entry to another folder; one that is gone was moved before."""
        with suppress(FileNotFoundError):
            os.rename(
                name, new_name, src_dir_fd=self._handle, dst_dir_fd=target._handle
            )
            os.fsync(target._handle)
            os.fsync(self._handle)
