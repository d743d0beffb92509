"""`./mfg lint`: ruff, pylint-odoo and well-formed XML, all of them before the verdict."""

import subprocess
import sys
import xml.etree.ElementTree

from . import modules
from .environment import clean_environment

EXAMPLES = "docs/examples"
PYTHON = ("addons", EXAMPLES, "tests", "tools", "mfg")


def run(checkout, progress):
    """Run every check and return 1 if one of them found something."""
    tool = [sys.executable, "-m"]
    paths = [name for name in PYTHON if (checkout.root / name).exists()]
    checks = {
        "ruff check": [*tool, "ruff", "check", *paths],
        "ruff format": [*tool, "ruff", "format", "--check", *paths],
    }
    own = [
        f"{folder}/{name}"
        for folder in ("addons", EXAMPLES)
        for name in modules.ours(checkout.root / folder)
    ]
    if own:
        checks["pylint-odoo"] = [*tool, "pylint", "--rcfile=.pylintrc", *own]
    failed = []
    for name, command in checks.items():
        with progress.step(name):
            result = subprocess.run(
                command, cwd=checkout.root, env=clean_environment(), check=False
            )
        if result.returncode:
            failed.append(name)
    with progress.step("XML"):
        if not _check_xml(checkout):
            failed.append("XML")
    print(f"lint: {', '.join(failed)} found something" if failed else "lint: clean")
    return 1 if failed else 0


def _check_xml(checkout):
    """Whether every XML file of add-ons and examples can be parsed; prints the others."""
    good = True
    folders = (checkout.addons, checkout.root / EXAMPLES)
    for path in sorted(path for folder in folders for path in folder.rglob("*.xml")):
        try:
            xml.etree.ElementTree.parse(path)
        except xml.etree.ElementTree.ParseError as error:
            print(f"{path.relative_to(checkout.root)}: {error}")
            good = False
    return good
