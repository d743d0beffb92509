"""The virtual environment, made from requirements.lock, wheels only."""

import hashlib
import os
import shutil
import subprocess
import sys

from . import network, processes
from .environment import clean_environment
from .errors import LauncherError

# docopt is the only package without a wheel; it is one Python file.
WHEELS_ONLY = ("--only-binary", ":all:", "--no-binary", "docopt")
INDEX = "https://pypi.org/simple"


def python_of(checkout):
    """Interpreter of the virtual environment."""
    return checkout.venv / "bin" / "python"


def _stamp(checkout):
    lock = (checkout.root / "requirements.lock").read_bytes()
    return f"{sys.version_info[0]}.{sys.version_info[1]} {hashlib.sha256(lock).hexdigest()}"


def is_ready(checkout):
    """Whether the environment was completed for this lock file."""
    stamp = checkout.venv / "complete"
    if not stamp.exists() or not python_of(checkout).exists():
        return False
    made_for = stamp.read_text()
    # The environment keeps its Python when the launcher is started by another one.
    return made_for.split()[-1] == _stamp(checkout).split()[-1]


def check_buildable():
    """Raise LauncherError at once when packages could not be fetched anyway."""
    index = setting("index-url", INDEX)
    local = (
        setting("find-links", "") + " " + setting("extra-index-url", "") + " " + index
    )
    if any(part.startswith(("/", "file:")) for part in local.split()):
        return
    if not network.reachable(index):
        raise LauncherError(
            f"The Python packages are not installed yet and {index} cannot be reached.",
            "Connect once, or name a local index: PIP_INDEX_URL, PIP_FIND_LINKS, HTTPS_PROXY.",
        )


def ensure(checkout, progress):
    """Make the environment unless it stands already."""
    if is_ready(checkout):
        return
    check_buildable()
    checkout.prepare()
    with checkout.lock("venv", "Waiting for another ./mfg of this checkout …"):
        if is_ready(checkout):
            return
        with progress.step(f"Python {sys.version.split()[0]} environment"):
            shutil.rmtree(checkout.venv, ignore_errors=True)
            progress.detail("virtual environment")
            _create(checkout)
            progress.detail("packages")
            _install_lock(checkout)
            (checkout.venv / "complete").write_text(_stamp(checkout))


def _create(checkout):
    """Create an empty environment that has uv, whatever this Python came with."""
    uv = shutil.which("uv")
    if uv:
        _run([uv, "venv", "-q", "--python", sys.executable, checkout.venv])
        return
    python = python_of(checkout)
    pinned = next(
        line.split()[0]
        for line in (checkout.root / "requirements.lock").read_text().splitlines()
        if line.startswith("uv==")
    )
    install = [
        "install",
        "-q",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
        pinned,
    ]
    if _succeeds([sys.executable, "-c", "import ensurepip"]):
        _run([sys.executable, "-m", "venv", checkout.venv])
        _run([python, "-m", "pip", *install])
    elif _succeeds([sys.executable, "-m", "pip", "--version"]):
        # Debian's python3 without python3-venv: pip can still install into the environment.
        _run([sys.executable, "-m", "venv", "--without-pip", checkout.venv])
        _run([sys.executable, "-m", "pip", "--python", python, *install])
    else:
        raise LauncherError(
            f"{sys.executable} has neither ensurepip nor pip.",
            "Debian, Ubuntu: apt install python3-venv. Anywhere: install uv and try again.",
        )


def _install_lock(checkout):
    lock = checkout.root / "requirements.lock"
    python = python_of(checkout)
    uv = shutil.which("uv") or checkout.venv / "bin" / "uv"
    try:
        _run(
            [uv, "pip", "install", "-q", "--python", python, *WHEELS_ONLY, "-r", lock],
            **_uv_settings(),
        )
    except LauncherError:
        # pip understands set-ups that uv does not (client certificates, netrc, keyring).
        if not _succeeds([python, "-m", "pip", "--version"]):
            raise
        _run([python, "-m", "pip", "install", "-q", *WHEELS_ONLY, "-r", lock])


def install_extra(checkout, requirement):
    """Install one more pinned wheel into the environment, without its dependencies."""
    uv = shutil.which("uv") or checkout.venv / "bin" / "uv"
    _run(
        [uv, "pip", "install", "-q", "--python", sys.executable, "--no-deps"]
        + ["--only-binary", ":all:", requirement],
        **_uv_settings(),
    )


def add_odoo(checkout, source):
    """Make `import odoo` work in the environment without installing Odoo."""
    site = next((checkout.venv / "lib").glob("python3.*/site-packages"))
    path_file = site / "odoo-src.pth"
    if not path_file.exists() or path_file.read_text().strip() != str(source.home):
        path_file.write_text(f"{source.home}\n")


def setting(name, default):
    """Value of a pip option as the user configured it: environment, then pip's files."""
    value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if value is None:
        value = _pip_files().get(name, default)
    return " ".join(value.split())


_pip_configuration = {}


def _pip_files():
    if not _pip_configuration:
        _pip_configuration["loaded"] = ""
        answer = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        for line in answer.stdout.splitlines():
            key, _equals, value = line.partition("=")
            section, _dot, name = key.partition(".")
            if section in ("global", "install"):
                _pip_configuration[name] = value.strip("'").replace("\\n", " ")
    return _pip_configuration


def _uv_settings():
    """Environment that makes uv use the indexes and certificates configured for pip."""
    wanted = {
        "UV_DEFAULT_INDEX": setting("index-url", ""),
        "UV_INDEX": setting("extra-index-url", ""),
        "UV_FIND_LINKS": setting("find-links", ""),
        "SSL_CERT_FILE": setting("cert", ""),
        "UV_INSECURE_HOST": setting("trusted-host", ""),
    }
    settings = {
        name: value
        for name, value in wanted.items()
        if value and name not in os.environ
    }
    # pip takes the best version of all indexes; uv by default stops at the first that has any.
    settings.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return settings


def _succeeds(command):
    return (
        subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )


def _run(command, **environment):
    process = processes.start(
        command,
        env=clean_environment(**environment),
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
        command = " ".join(str(part) for part in command[:4])
        raise LauncherError(f"`{command} …` failed:", *output.splitlines()[-12:])
