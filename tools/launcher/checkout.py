"""Where this checkout is and where it keeps its state."""

import fcntl
import hashlib
import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import LauncherError

ROOT = Path(__file__).resolve().parents[2]


def _state_folder(root):
    """Folder of everything `./mfg` makes, one per checkout.

    As root it cannot be in the checkout: PostgreSQL refuses to run as root, and the
    user it runs as must reach the folder, which /root (mode 700) does not allow.
    """
    if os.environ.get("MFG_STATE"):
        return Path(os.environ["MFG_STATE"]).resolve()
    name = "mfg-" + hashlib.sha256(str(root).encode()).hexdigest()[:10]
    if os.geteuid() == 0:
        return Path("/var/tmp") / name
    if os.access(root, os.W_OK):
        return root / ".mfg"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / name


@dataclass(frozen=True)
class Checkout:
    """Paths of one checkout. Nothing is created before `prepare()`."""

    root: Path
    state: Path

    @classmethod
    def here(cls):
        """The checkout this launcher belongs to."""
        return cls(ROOT, _state_folder(ROOT))

    @property
    def addons(self):
        """Folder of the suite's modules."""
        return self.root / "addons"

    @property
    def venv(self):
        """Folder of the virtual environment."""
        return self.state / "venv"

    @property
    def logs(self):
        """Folder of every log."""
        return self.state / "logs"

    def prepare(self):
        """Create the state folder, or take possession of the existing one.

        Raises LauncherError when the folder belongs to another user. A state folder that
        was copied together with its checkout holds the paths and the server of the
        original, so it is discarded.
        """
        owner = self.state / "checkout"
        if self.state.is_symlink() or (
            self.state.exists() and self.state.stat().st_uid != os.geteuid()
        ):
            raise LauncherError(
                f"The state folder {self.state} belongs to another user.",
                "Remove it, or name another one: MFG_STATE=/path ./mfg …",
            )
        if self.state.exists() and (
            not owner.exists() or owner.read_text() != str(self.root)
        ):
            if owner.exists() or self.state.name.startswith((".mfg", "mfg-")):
                shutil.rmtree(self.state)
            elif any(self.state.iterdir()):
                raise LauncherError(
                    f"MFG_STATE={self.state} is not empty and was not made by ./mfg."
                )
        self.state.mkdir(parents=True, exist_ok=True)
        # PostgreSQL's own user has to pass through when we are root.
        self.state.chmod(0o755)
        owner.write_text(str(self.root))
        self.logs.mkdir(exist_ok=True)

    @contextmanager
    def lock(self, name, message):
        """Hold the lock `name` of this checkout; `message` is shown when it must wait.

        The kernel lets go of it when the process ends, however it ends.
        """
        with open(self.state / f"{name}.lock", "wb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(message, file=sys.stderr)
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def is_locked(self, name):
        """Whether a living process holds the lock `name`."""
        try:
            with open(self.state / f"{name}.lock", "r+b") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False
