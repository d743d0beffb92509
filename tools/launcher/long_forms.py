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
    """Odoo's own tests on a plain database and on ours; only differences count.

    What plain Odoo gives is kept for as long as its template is the same: nothing of ours is
    in it.
    """
    workspace = setup.open_workspace(checkout, progress)
    source = workspace.source
    plain_report = checkout.state / f"core-{workspace.test_base_template()}.xml"
    reports = {"base": plain_report, "suite": checkout.state / "core-suite.xml"}
    if arguments:
        reports["base"] = checkout.state / "core-selection.xml"
    folders = [
        str(folder / name / "tests")
        for name in TOUCHED
        for folder in source.addons_paths
        if (folder / name / "tests").is_dir()
    ]
    results = {}
    for template, report in reports.items():
        if report == plain_report and report.exists():
            progress.note(f"Odoo's tests on plain Odoo are known from {report}")
            results[template] = _failures(report)
            continue
        report.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            "pytest.ini",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        command += [f"--junitxml={report}", *shared_out(), *folders, *arguments]
        extra = {"MFG_TEST_TEMPLATE": template, "MFG_LOG_GUARD": "0"}
        with progress.step(f"Odoo's tests of {', '.join(TOUCHED)} on {template}"):
            code = subprocess.run(
                command,
                cwd=checkout.root,
                env=environment(**extra),
                stdout=sys.stderr,
                check=False,
            ).returncode
        if code not in (0, 1):
            # What an interrupted run wrote is not what Odoo gives.
            report.unlink(missing_ok=True)
            raise LauncherError(f"Odoo's tests on {template} ended with code {code}.")
        results[template] = _failures(report)
    plain, plain_count = results["base"]
    ours, ours_count = results["suite"]
    added = sorted(ours - plain)
    for name in added:
        print(f"fails with our modules, passes without: {name}")
    good = not added and ours_count == plain_count and ours_count > 0
    result = (
        f"{'passed' if good else 'FAILED'}: {ours_count} tests, {len(plain)} fail plain,"
        f" {len(ours)} with ours, {len(added)} of them because of ours"
    )
    print(result)
    return (0 if good else 1), result


def _failures(report):
    """(names of the tests that failed, number of tests) of a JUnit file."""
    tests, failed = set(), set()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        # One that fails and whose end fails as well is there twice.
        tests.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
    return failed, len(tests)


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
