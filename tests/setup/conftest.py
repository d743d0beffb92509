"""Machines for the scenarios EN-01 to EN-05: fresh clones, an ordinary user, taken ports."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from launcher import odoo_source
from launcher.checkout import Checkout

from .fresh import Fresh

USER = "mfg-setup-test"


@pytest.fixture(scope="session")
def source():
    """Folder of the Odoo source on this machine."""
    found = odoo_source.locate(Checkout.here().root)
    if found is None:
        pytest.fail("these tests need the Odoo source: ./mfg setup")
    return found.home


@pytest.fixture
def place():
    """A folder every account can pass through; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="mfg-setup-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh(place):
    """Factory of fresh clones, removed at the end."""
    made = []

    def make(**options):
        clone = Fresh(place / f"machine-{len(made)}", **options)
        made.append(clone)
        return clone

    yield make
    for clone in made:
        clone.remove()


@pytest.fixture(scope="session")
def ordinary_user():
    """Name of an account without rights: made for the tests as root, else our own (None)."""
    if os.geteuid() != 0:
        yield None
        return
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", USER], check=True)
    yield USER
    subprocess.run(["userdel", USER], check=True)


@pytest.fixture(scope="session")
def readable_source(source):
    """A copy of the Odoo source that every account can read."""
    folder = Path(tempfile.mkdtemp(prefix="mfg-odoo-", dir="/var/tmp"))
    folder.chmod(0o755)
    shutil.copytree(
        source,
        folder,
        symlinks=True,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__", ".git"),
    )
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def taken_ports():
    """Ports 8069 and 5432 are listened on; yields those that this fixture took."""
    listening = []
    for port in (8069, 5432):
        taker = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taker.bind(("127.0.0.1", port))
            taker.listen()
        except OSError:
            continue  # taken by somebody else, which serves as well
        listening.append(taker)
    yield
    for taker in listening:
        taker.close()
