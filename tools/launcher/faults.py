"""`./mfg faults`: pytest on tests/faults, without pytest-odoo: the processes are real ones."""

import subprocess
import sys

from .errors import LauncherError
from .test_runner import environment, shared_out

# Without the early plugin and without pytest-odoo: no database is made and none is loaded.
PLAIN_PYTEST = ("-c", "pytest.ini", "-o", "addopts=", "-p", "no:odoo")


def run(checkout, progress, name=None, quick=False, database=None, arguments=()):
    """Run the fault tests, of one part if it is named; returns pytest's exit code.

    Raises LauncherError when there are none of that name.
    """
    folder = checkout.root / "tests" / "faults"
    pattern = f"test_{name}_*.py" if name else "test_*.py"
    files = sorted(folder.glob(pattern)) + (
        [folder / f"test_{name}.py"] if (folder / f"test_{name}.py").exists() else []
    )
    if not files:
        raise LauncherError(f"There is no fault test {folder / pattern}.", exit_code=1)
    command = [sys.executable, "-m", "pytest", *PLAIN_PYTEST, "-v", "--durations=5"]
    if quick:
        command += ["-m", "not long"]
        # Most of the time they wait; what is measured in earnest is in the long form.
        command += [] if name else shared_out(by="worksteal")
    extra = {"MFG_QUICK": "1" if quick else "0"}
    if database:
        extra["MFG_FAULTS_DATABASE"] = database
    command += [*arguments, *[str(path) for path in files]]
    return subprocess.run(
        command, cwd=checkout.root, env=environment(**extra), check=False
    ).returncode
