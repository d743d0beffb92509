"""The long forms of `./mfg test`, each recorded with date, commit and result.

They take from minutes to hours and are run before a release, not on every change.
"""

import datetime
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

from . import modules, network, setup
from .errors import LauncherError
from .faults import PLAIN_PYTEST
from .test_runner import environment, shared_out

TABLE = "docs/testing.md"
SUMMARY = re.compile(r"^=+ (.*(?:passed|failed|error|no tests).*?) =+$", re.M)
NATIVE_SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
# Odoo's modules whose documents ours guard, send, mirror or record.
TOUCHED = (
    "account",
    "mrp",
    "mrp_account",
    "purchase_stock",
    "sale_stock",
    "stock",
    "stock_account",
)


def run(form, checkout, progress, quick, arguments):
    """Run a long form and return its exit code.

    Only a complete form is recorded: not a quick one, not one narrowed by arguments.
    """
    code, result = FORMS[form](checkout, progress, quick, arguments)
    if not quick and not arguments:
        _record(checkout, form, result)
    return code


def _setup(checkout, progress, _quick, arguments):
    """EN-01 to EN-05: the launcher itself, in fresh clones."""
    return _plain_pytest(checkout, "tests/setup", arguments)


def _matrix(checkout, progress, quick, arguments):
    """EN-08: each module alone, in and out again."""
    return _plain_pytest(
        checkout, "tests/matrix", arguments, MFG_QUICK="1" if quick else "0"
    )


def _core(checkout, progress, _quick, arguments):
    """Odoo's own tests with ours installed; what plain Odoo fails as well does not count.

    Plain Odoo runs those alone that fail with ours, and says which tests there are.
    """
    workspace = setup.open_workspace(checkout, progress)
    folders = [
        str(folder / name / "tests")
        for name in TOUCHED
        for folder in workspace.source.addons_paths
        if (folder / name / "tests").is_dir()
    ]
    with progress.step(f"Odoo's tests of {', '.join(TOUCHED)}, ours installed"):
        selection = [*shared_out(), *folders, *arguments]
        failed, ran = _odoo_tests(checkout, "suite", selection)
    with progress.step("The same on plain Odoo: what there is, and what failed"):
        there = _collected(checkout, "base", [*folders, *arguments])
        again = " or ".join(
            " and ".join(name.split(".")[-2:]) for name in sorted(failed & there)
        )
        excused = set()
        if again:
            excused, _ran = _odoo_tests(checkout, "base", [*folders, "-k", again])
    added, lost = sorted(failed - excused), sorted(there - ran)
    for name in added:
        print(f"fails with our modules, passes without: {name}")
    for name in lost:
        print(f"did not run with our modules: {name}")
    good = ran and not added and not lost
    result = (
        f"{'passed' if good else 'FAILED'}: {len(ran)} tests, {len(failed)} fail,"
        f" {len(added)} of them because of ours, {len(lost)} did not run with ours"
    )
    print(result)
    return (0 if good else 1), result


def _odoo_tests(checkout, template, selection):
    """(names of the tests that failed, names of all) on clones of a template."""
    report = checkout.state / f"core-{template}.xml"
    report.unlink(missing_ok=True)
    command = [*_pytest_of_odoo(), f"--junitxml={report}", *selection]
    code = subprocess.run(
        command,
        cwd=checkout.root,
        env=_odoo_environment(template),
        stdout=sys.stderr,
        check=False,
    ).returncode
    if code not in (0, 1):
        raise LauncherError(f"Odoo's tests on {template} ended with code {code}.")
    failed, ran = set(), set()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        # One that fails and whose end fails as well is there twice.
        ran.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
    return failed, ran


def _collected(checkout, template, selection):
    """Names of the tests of a selection, as the reports give them."""
    listing = subprocess.run(
        [*_pytest_of_odoo(), "--collect-only", *selection],
        cwd=checkout.root,
        env=_odoo_environment(template),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return {
        line.replace(".py::", "::", 1).replace("/", ".").replace("::", ".")
        for line in listing.splitlines()
        if "::" in line
    }


def _pytest_of_odoo():
    options = ["-c", "pytest.ini", "-q", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", *options]


def _odoo_environment(template):
    return environment(MFG_TEST_TEMPLATE=template, MFG_LOG_GUARD="0")


def _native(checkout, progress, _quick, arguments):
    """Odoo's own runner: installs our modules with their at_install tests."""
    workspace = setup.open_workspace(checkout, progress)
    own = sorted(modules.ours(checkout.addons))
    name = workspace.clone(workspace.base_template(), f"mfg_native_{os.getpid()}")
    conf = workspace.odoo.write_conf(
        "native", name, http_port=network.free_port(), gevent_port=network.free_port()
    )
    log = checkout.logs / "native.log"
    command = ["-i", ",".join(own), "--test-enable", "--stop-after-init"]
    command += ["--test-tags", ",".join(f"/{module}" for module in own), *arguments]
    try:
        with progress.step("Odoo's test runner"):
            complaints, _last = workspace.odoo.run(
                conf, command, log, progress, check=False
            )
    finally:
        workspace.drop(name)
    found = NATIVE_SUMMARY.findall(log.read_text(errors="replace"))
    failed, errors, total = (int(value) for value in found[-1]) if found else (0, 0, 0)
    for line in complaints:
        print(line)
    good = total > 0 and not (failed or errors or complaints)
    result = (
        f"{'passed' if good else 'FAILED'}: {total} tests, {failed} failed, {errors} errors,"
        f" {len(complaints)} WARNING or ERROR records"
    )
    print(f"{result}; log {log}")
    return (0 if good else 1), result


def _plain_pytest(checkout, folder, arguments, **extra):
    """Run pytest without pytest-odoo on a folder of tests with processes of their own."""
    command = [sys.executable, "-m", "pytest", *PLAIN_PYTEST, "-v", folder, *arguments]
    process = subprocess.Popen(
        command,
        cwd=checkout.root,
        env=environment(**extra),
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    summary = "no result"
    for line in process.stdout:
        print(line, end="", flush=True)
        match = SUMMARY.match(line)
        summary = match.group(1) if match else summary
    return process.wait(), summary


def _record(checkout, form, result):
    """Write the line of this form in the table of docs/testing.md."""
    path = checkout.root / TABLE
    text = path.read_text(encoding="utf-8")
    git = ["git", "-C", str(checkout.root)]
    commit = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", "addons", "tools", "tests", "mfg"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    commit = f"{commit or 'unknown'}{' + changes' if changed else ''}"
    today = datetime.date.today().isoformat()
    line = f"| `--{form}` | {today} | {commit} | {result} |"
    # Not the line that describes the form: that has two columns.
    text, count = re.subn(
        rf"^\| `--{form}` \|(?:[^|\n]*\|){{3}}$",
        line.replace("\\", "\\\\"),
        text,
        flags=re.M,
    )
    if not count:
        raise LauncherError(f"{TABLE} has no line for --{form}.")
    path.write_text(text, encoding="utf-8")


FORMS = {"setup": _setup, "matrix": _matrix, "core": _core, "native": _native}
