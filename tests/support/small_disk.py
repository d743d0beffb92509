"""A disk of a few megabytes that holds the queue's runtime tables and can run full."""

import errno
import os
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

MEGABYTES = 48
TABLESPACE = "mfg_small_disk"
PARTITIONED = (
    "mfg_integration_event",
    "mfg_integration_delivery_log",
    "mfg_integration_attempt",
)


class SmallDisk:
    """Moves the tables of a plant's database there. Only root may mount: elsewhere the test
    is left out, and fails in continuous integration.

    :param place: :class:`.plant.Plant` whose server runs on this machine
    """

    def __init__(self, place):
        self._place = place
        self._folder = Path(tempfile.mkdtemp(prefix="mfg-disk-"))
        self._filler = self._folder / "filler"
        try:
            self._mount()
            place.query(f"CREATE TABLESPACE {TABLESPACE} LOCATION '{self._folder}'")
        except BaseException:
            self._unmount()
            raise
        self._move(TABLESPACE)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.empty()
        self._move("pg_default")
        self._place.query(f"DROP TABLESPACE {TABLESPACE}")
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
        data = os.stat(self._place.value("SHOW data_directory"))
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
        month = datetime.now(timezone.utc).strftime("%Y_%m")
        tables = [f"{table}_{month}" for table in PARTITIONED]
        for table in ("mfg_integration_delivery", *tables):
            self._place.query(f"ALTER TABLE {table} SET TABLESPACE {tablespace}")


def _leave_out(reason):
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
