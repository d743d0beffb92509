"""Picking up files: complete ones only, each with its effect in one transaction.

The order makes a crash harmless. A file's messages and the note about the file are one
transaction; then the file is moved; then the note says that it was. Whatever is found
unmoved after a crash is moved, not taken in again.
"""

import logging
import threading
from contextlib import closing

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo import SUPERUSER_ID, _, api
from odoo.modules.registry import Registry
from odoo.sql_db import connection_info_for

from . import file_control
from .file_folder import NAME, FolderError, NotAFile, TooLarge

_logger = logging.getLogger(__name__)

#: first key of the advisory locks on folders
FOLDER_LOCK = 0x4D474644
#: seconds between looks into the folders
POLL = 1.0
#: seconds a file may be incomplete, while its sender may still be writing
GRACE = 60.0


#: bytes of a file
MAX_FILE = 16 * 1024 * 1024


class UnusableFile(Exception):
    """A file is refused as a whole; the text says why, message by message."""


class Incomplete(Exception):
    """The file is not what its control file announces; the text says why."""


class FilePickup:
    """Empties the folders of one database until it is stopped."""

    def __init__(self, dbname):
        self._dbname = dbname
        self._stopping = threading.Event()

    def stop(self):
        """Finish the file at hand. Safe to call from a signal handler."""
        self._stopping.set()

    def run(self):
        """Look into the folders again and again until stopped."""
        threading.current_thread().dbname = self._dbname
        while not self._stopping.wait(POLL):
            try:
                self.run_once()
            except psycopg2.Error as error:
                _logger.info("Folders of %s wait: %s", self._dbname, error)
            except Exception:
                # A defect must not end the thread: nobody would notice.
                _logger.exception("Picking up files of %s stumbled", self._dbname)

    def run_once(self):
        """Look into every folder once.

        :raises psycopg2.Error: the database is away
        """
        registry = Registry(self._dbname).check_signaling()
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            folder_ids = env["mfg.integration.folder"]._ready_ids()
        if not folder_ids:
            return
        _name, info = connection_info_for(self._dbname)
        info["application_name"] = "mfg_integration_files"
        with closing(psycopg2.connect(**info)) as connection:
            connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            cursor = connection.cursor()
            for folder_id in folder_ids:
                key = [FOLDER_LOCK, folder_id]
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
                if cursor.fetchone()[0]:
                    self._empty(registry, folder_id)
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)

    def _empty(self, registry, folder_id):
        def work(step, *arguments):
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                folder = env["mfg.integration.folder"].browse(folder_id)
                with folder._open() as directory:
                    return step(folder, directory, *arguments)

        try:
            work(finish_moves)
            for name in work(announced):
                if self._stopping.is_set():
                    return
                try:
                    decided = work(take_in, name)
                except (psycopg2.Error, FolderError, OSError):
                    raise
                except Exception:
                    # It stays where it is, and those behind it have their turn.
                    _logger.exception("File %s stumbled", name)
                    continue
                if decided:
                    work(finish_moves)
        except (FolderError, OSError) as error:
            _logger.info("Folder %s is not emptied: %s", folder_id, error)


def announced(_folder, directory):
    """Return the names of the files that have a control file, in order.

    Names beyond letters, digits, ``.``, ``_`` and ``-`` are left alone.
    """
    names = [
        name.removesuffix(file_control.SUFFIX)
        for name in directory.names()
        if name.endswith(file_control.SUFFIX)
    ]
    return [name for name in names if NAME.fullmatch(name)]


def finish_moves(folder, directory):
    """Move what was taken in or rejected and still lies in its folder."""
    for file in folder.env["mfg.integration.file"].search(
        [("folder_id", "=", folder.id), ("moved", "=", False)]
    ):
        file._finish_move(directory)


def take_in(folder, directory, name):
    """Take in one file that has a control file.

    :return: whether it was decided on; False while its sender may still be writing
    """
    files = folder.env["mfg.integration.file"]
    values = {}
    try:
        data, digest = _complete(directory, name)
        values = {"size": len(data), "sha256": digest}
        new, known = folder._accept(name, data)
    except Incomplete as error:
        if _may_still_grow(directory, name):
            return False
        report = str(error)
    except UnusableFile as error:
        report = str(error)
    else:
        files._record(
            folder,
            name,
            state="accepted" if new else "known",
            message_new=new,
            message_known=known,
            report=None if new else _("Every message was taken in before."),
            **values,
        )
        return True
    files._record(folder, name, state="rejected", report=report, **values)
    return True


def _complete(directory, name):
    """Return (content, SHA-256) of a file that is as its control file says.

    :raises Incomplete: it is not
    """
    try:
        control = directory.read(
            name + file_control.SUFFIX, limit=file_control.MAX_CONTROL
        )
        size, digest = file_control.read(name, control)
    except (NotAFile, TooLarge, file_control.BadControl) as error:
        raise Incomplete(
            _("The control file cannot be used: %(cause)s.", cause=error)
        ) from error
    try:
        data = directory.read(name, MAX_FILE)
    except FileNotFoundError as error:
        raise Incomplete(_("There is a control file, but no file.")) from error
    except NotAFile as error:
        raise Incomplete(_("It is a link or a folder, not a file.")) from error
    except TooLarge as error:
        raise Incomplete(
            _("It has more than %(limit)s bytes.", limit=MAX_FILE)
        ) from error
    if difference := file_control.difference(data, size, digest):
        raise Incomplete(_("It is not complete: %(cause)s.", cause=difference))
    return data, digest


def _may_still_grow(directory, name):
    changes = [
        directory.seconds_unchanged(each) for each in (name, name + file_control.SUFFIX)
    ]
    return any(seconds is not None and seconds < GRACE for seconds in changes)
