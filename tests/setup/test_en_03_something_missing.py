"""EN-03: what is missing is said within seconds, and nothing is left half made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.figures import assert_within, machine_is_quiet

from .fresh import PATIENCE, READY

LIMIT = 5  # seconds
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


def refused(clone, launched, *words):
    """Assert that the launcher stopped quickly, named the cause and made nothing."""
    took = launched.wait(60)
    assert_within(took, LIMIT, machine_is_quiet(), launched.output)
    assert launched.code not in (0, None)
    assert "Traceback" not in launched.output
    for word in words:
        assert word in launched.output
    assert not clone.state.exists()
    assert not list((clone.folder / "cache").glob("mfg/*.part"))


def only(folder, *programs):
    """A PATH with nothing but the given programs."""
    folder.mkdir()
    for program in programs:
        (folder / Path(program).name).symlink_to(program)
    return str(folder)


def unsupported_python():
    """An interpreter that Odoo 17 does not run on, None when the machine has none."""
    names = [f"python3.{minor}" for minor in (13, 14, 15, 9, 8)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for name in names for path in pyenv.glob(f"*/bin/{name}")]
    found += [shutil.which(name) for name in names if shutil.which(name)]
    for path in found:
        if (
            subprocess.run(
                [path, "-c", ""], check=False, capture_output=True
            ).returncode
            == 0
        ):
            return path
    return None


def test_en_03_no_network_and_no_source(fresh):
    clone = fresh()
    launched = clone.start("run", https_proxy=NOWHERE, HTTPS_PROXY=NOWHERE)
    refused(
        clone, launched, "Odoo 17.0 was not found", "cannot be reached", "ODOO_HOME="
    )


def test_en_03_no_git_and_no_source(fresh, place):
    clone = fresh()
    # Not the environment these tests run in: Odoo can be imported there.
    python = str(Path(sys.executable).resolve())
    launched = clone.start("run", PATH=only(place / "bin", python), python=python)
    refused(clone, launched, "git is not installed", "ODOO_HOME=")


def test_en_03_no_network_and_no_packages(fresh, source):
    clone = fresh(source=source)
    settings = {name: "" for name in clone.environment if name.startswith("PIP_")}
    launched = clone.start("run", https_proxy=NOWHERE, HTTPS_PROXY=NOWHERE, **settings)
    refused(clone, launched, "cannot be reached", "PIP_INDEX_URL")


def test_en_03_unsupported_python_only(fresh, place, source):
    python = unsupported_python()
    if python is None:
        pytest.skip("this machine has no Python that Odoo 17 does not run on")
    clone = fresh(source=source)
    launched = clone.start("run", PATH=only(place / "bin"), python=python)
    refused(clone, launched, "needs Python 3.10, 3.11 or 3.12", "MFG_PYTHON=")


def test_en_03_wrong_series(fresh, place):
    release = place / "odoo-18" / "odoo" / "release.py"
    release.parent.mkdir(parents=True)
    release.write_text("version_info = (18, 0, 0, 'final', 0, '')\n")
    clone = fresh()
    launched = clone.start("run", ODOO_HOME=str(place / "odoo-18"))
    refused(clone, launched, "Odoo 18.0", "made for Odoo 17.0")


def test_en_03_source_is_fetched_where_there_is_a_repository(
    fresh, place, readable_source
):
    origin = place / "origin"
    shutil.copytree(readable_source, origin, symlinks=True)
    git = [
        "git",
        "-C",
        str(origin),
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.com",
    ]
    for arguments in (
        ["init", "-q", "-b", "17.0"],
        ["config", "uploadpack.allowFilter", "true"],
        ["add", "-A", "-f"],
        ["commit", "-q", "-m", "source"],
    ):
        subprocess.run([*git, *arguments], check=True)
    clone = fresh()

    launched = clone.start("run", MFG_ODOO_REPOSITORY=f"file://{origin}")
    launched.wait_for(READY, PATIENCE)

    launched.interrupt()
    fetched = clone.folder / "cache" / "mfg" / "odoo-17.0"
    assert (fetched / "addons" / "web" / "static" / "src").is_dir()
    assert not (fetched / "addons" / "website" / "i18n").exists()
    assert not list(fetched.parent.glob("*.part"))
    assert clone.complaints() == []
