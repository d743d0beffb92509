"""Where the source of Odoo 17.0 comes from."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import modules, network, processes
from .environment import clean_environment
from .errors import LauncherError

SERIES = "17.0"
REPOSITORY = "https://github.com/odoo/odoo.git"
# Nine tenths of Odoo's size are the static files and translations of its modules.
WITHOUT_ASSETS = (
    "/*",
    "!/addons/*/static/",
    "!/addons/*/i18n/",
    "/addons/*/static/description/icon.png",
)


@dataclass(frozen=True)
class OdooSource:
    """A folder with the package `odoo`: a source tree, or the site-packages of an installed one."""

    home: Path

    @property
    def addons_paths(self):
        """Folders with Odoo's own modules."""
        candidates = (self.home / "odoo" / "addons", self.home / "addons")
        return [path for path in candidates if path.is_dir()]

    @property
    def entry(self):
        """Arguments after the Python interpreter that start Odoo."""
        script = self.home / "odoo-bin"
        return [str(script)] if script.exists() else ["-m", "odoo"]

    def version(self):
        """Commit of the tree when git knows it, else what the release file says."""
        head = self.home / ".git" / "HEAD"
        if head.exists():
            ref = head.read_text().strip()
            if not ref.startswith("ref: "):
                return ref
            commit = self.home / ".git" / ref[5:]
            if commit.exists():
                return commit.read_text().strip()
        return series_of(self.home) or "?"


def cache_folder():
    """Where a fetched source is kept for all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mfg" / f"odoo-{SERIES}"


def series_of(home):
    """Series ("17.0") of the Odoo in a folder, None when there is none."""
    release = home / "odoo" / "release.py"
    try:
        found = re.search(r"^version_info = (\(.*\))", release.read_text(), re.M)
    except OSError:
        return None
    if not found:
        return None
    parts = re.match(r"\(\s*'?~?(\w+)'?\s*,\s*(\d+)", found.group(1))
    return f"{parts.group(1)}.{parts.group(2)}" if parts else None


def _given():
    """The folder named by ODOO_HOME; a wrong one is an error, never skipped."""
    if not os.environ.get("ODOO_HOME"):
        return None
    home = Path(os.environ["ODOO_HOME"]).expanduser().resolve()
    series = series_of(home)
    if series is None:
        raise LauncherError(
            f"ODOO_HOME={home} holds no readable Odoo source (no odoo/release.py).",
            f"Point it to a copy of branch {SERIES} of {REPOSITORY}.",
        )
    if series != SERIES:
        raise LauncherError(
            f"ODOO_HOME={home} holds Odoo {series}; this suite is made for Odoo {SERIES}.",
            f"Point it to a copy of branch {SERIES} of {REPOSITORY}, or unset it.",
        )
    return home


def _importable():
    """Folder of an installed package `odoo`."""
    try:
        spec = importlib.util.find_spec("odoo")
    except (ImportError, ValueError):
        return None
    for location in (spec and spec.submodule_search_locations) or ():
        home = Path(location).resolve().parent
        if series_of(home) == SERIES:
            return home
    return None


def locate(root):
    """The Odoo source already on this machine, None when there is none."""
    home = _given() or _importable()
    if home:
        return OdooSource(home)
    neighbours = (root.parent / "odoo", root / "odoo", Path.home() / "odoo")
    for folder in (*neighbours, cache_folder()):
        if series_of(folder) == SERIES:
            return OdooSource(folder.resolve())
    return None


def check_fetchable():
    """Raise LauncherError at once when the source could not be fetched anyway."""
    repository = os.environ.get("MFG_ODOO_REPOSITORY", REPOSITORY)
    remedies = (
        "Looked at ODOO_HOME, the installed packages, ../odoo, ./odoo, ~/odoo and "
        f"{cache_folder()}.",
        "With a copy on this machine: ODOO_HOME=/path/to/odoo ./mfg run",
        "Without Python and Odoo: docker compose up (see docs/setup.md)",
    )
    if not shutil.which("git"):
        raise LauncherError(
            f"Odoo {SERIES} was not found, and git is not installed to fetch it.",
            *remedies,
        )
    if repository.startswith("http") and not network.reachable(repository):
        raise LauncherError(
            f"Odoo {SERIES} was not found, and {repository} cannot be reached to fetch it.",
            *remedies,
        )


def fetch(root, progress):
    """Fetch what the suite needs of the official repository into the user's cache.

    Only the newest commit is taken, complete for the modules that can get installed. The work is
    done in a folder with another name, so an interrupted fetch leaves nothing to be found.
    """
    check_fetchable()
    repository = os.environ.get("MFG_ODOO_REPOSITORY", REPOSITORY)
    ref = os.environ.get("ODOO_REF", SERIES)
    target = cache_folder()
    part = target.with_name(target.name + ".part")
    with progress.step(f"Fetching Odoo {SERIES} into {target}"):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _git(part, "init", "-q")
        _git(part, "remote", "add", "origin", repository)
        # The code of all modules, because some import others that they do not depend on;
        # first without, then with what browsers and translations need of those installed.
        _git(part, "sparse-checkout", "set", "--no-cone", *WITHOUT_ASSETS)
        progress.detail("newest commit")
        _git(part, "fetch", "-q", "--depth=1", "--filter=blob:none", "origin", ref)
        _git(part, "checkout", "-q", "--detach", "FETCH_HEAD")
        source = OdooSource(part)
        needed = modules.installable_closure(
            modules.core_dependencies(root / "addons"), source.addons_paths
        )
        progress.detail(f"{len(needed)} modules")
        folders = [
            f"/addons/{name}/{assets}/"
            for name in sorted(needed)
            for assets in ("static", "i18n")
        ]
        _git(part, "sparse-checkout", "set", "--no-cone", *WITHOUT_ASSETS, *folders)
        if series_of(part) != SERIES:
            raise LauncherError(
                f"{repository} at {ref} is Odoo {series_of(part)}, not {SERIES}."
            )
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
    return OdooSource(target)


def _git(folder, *arguments):
    environment = clean_environment(GIT_TERMINAL_PROMPT="0")
    process = processes.start(
        ["git", "-C", folder, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _none = process.communicate()
    except BaseException:
        processes.stop(process)
        raise
    if process.returncode:
        raise LauncherError(f"git {arguments[0]} failed:", *output.splitlines()[-5:])


def check_complete(source, root):
    """Raise LauncherError when a module that ours depend on is not in the source."""
    known = modules.available(source.addons_paths)
    missing = sorted(modules.core_dependencies(root / "addons") - known)
    if missing:
        raise LauncherError(
            f"The Odoo source {source.home} has no module {', '.join(missing)}.",
            f"Remove {source.home} to fetch it anew, or set ODOO_HOME to a full copy."
            if source.home == cache_folder()
            else "Set ODOO_HOME to a full copy.",
        )
