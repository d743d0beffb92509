"""A disk of a few megabytes that holds some tables of a database and can run full."""

import errno
import os
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

MEGABYTES = 48
TABLESPACE = "mfg_small_disk"


def queue_tables():
    """What the queue writes to at work: deliveries, and this month's history."""
    month = datetime.now(timezone.utc).strftime("%Y_%m")
    kinds = ("event", "delivery_log", "attempt")
    return (
        "mfg_integration_delivery",
        *(f"mfg_integration_{kind}_{month}" for kind in kinds),
    )


class SmallDisk:
    """Moves tables there, and back at the end. Only root may mount: elsewhere the test is left
    out, and fails in continuous integration.

    :param query: runs a statement and returns its rows, on a server of this machine
    :param tables: their names
    """

    def __init__(self, query, tables):
        self._query = query
        self._tables = tables
        self._folder = Path(tempfile.mkdtemp(prefix="mfg-disk-"))
        self._filler = self._folder / "filler"
        try:
            self._mount()
            query(f"CREATE TABLESPACE {TABLESPACE} LOCATION '{self._folder}'")
        except BaseException:
            self._unmount()
            raise
        self._move(TABLESPACE)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.empty()
        self._move("pg_default")
        self._query(f"DROP TABLESPACE {TABLESPACE}")
        self._unmount()

    def fill(self):
        """Leave no byte free."""
        with self._filler.open("wb", buffering=0) as filler:
            for size in (65536, 1):
                try:
                    while True:
                        filler.write(b"." * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self):
        """Give back what was filled."""
        self._filler.unlink(missing_ok=True)

    def _mount(self):
        if os.geteuid():
            _leave_out("a file system of our own needs root")
        data = os.stat(self._query("SHOW data_directory")[0][0])
        options = f"size={MEGABYTES}m,mode=0700,uid={data.st_uid},gid={data.st_gid}"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self._folder],
            capture_output=True,
            text=True,
        )
        if mounted.returncode:
            _leave_out(f"mounting is not allowed here: {mounted.stderr.strip()}")

    def _unmount(self):
        if self._folder.is_mount():
            subprocess.run(["umount", "--lazy", self._folder], check=True)
        self._folder.rmdir()

    def _move(self, tablespace):
        for table in self._tables:
            self._query(f"ALTER TABLE {table} SET TABLESPACE {tablespace}")


def _leave_out(reason):
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
