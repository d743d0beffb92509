"""The examples of docs/extending.md: installed together beside the suite, they do what they
promise by tests of their own, and go without a trace."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from launcher import setup
from launcher.checkout import Checkout
from launcher.progress import Progress

from .matrix.traces import added, traces

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {
    path.parent.name: path.parent
    for path in sorted(ROOT.glob("docs/examples/*/__manifest__.py"))
}
MOST_LINES = 60
UNINSTALL = """
own = env["ir.module.module"].search([("name", "in", %r), ("state", "=", "installed")])
own.button_immediate_uninstall()
env.cr.commit()
"""
# Records that an example ships by data, beside what traces are kept of.
SHIPPED = {
    "message": "SELECT count(*) FROM mfg_integration_interface WHERE code = 'stock.scrapped'",
    "trigger": "SELECT count(*) FROM mfg_integration_trigger WHERE model = 'stock.scrap'",
    "profile": "SELECT count(*) FROM mfg_audit_profile WHERE code = 'purchasing'",
}


class Installation:
    """A clone of the suite's template with all examples, and what their tests came to."""

    def __init__(self, workspace, database):
        self.database = database
        self.databases = workspace.databases
        self.odoo = workspace.odoo
        self.log = workspace.checkout.logs / f"{database}.log"
        folders = [*workspace.odoo.addons_path().split(","), ROOT / "docs/examples"]
        self.conf = self.odoo.write_conf(
            database, database, addons_path=",".join(map(str, folders))
        )
        self.before = traces(self.databases, database)
        self.complaints = self.run(
            "--stop-after-init",
            "--init",
            ",".join(EXAMPLES),
            "--test-tags",
            ",".join(f"/{name}" for name in EXAMPLES),
        )
        self.text = self.log.read_text(encoding="utf-8")

    def run(self, *arguments, script=None):
        """Run Odoo to its end; returns the WARNING and ERROR records of its log."""
        complaints, _last = self.odoo.run(
            self.conf, [*arguments, "--no-http"], self.log, script=script, check=False
        )
        return complaints

    def shipped(self):
        return {
            name: self.databases.query(query, database=self.database)[0][0]
            for name, query in SHIPPED.items()
        }

    def uninstall(self):
        self.log = self.log.with_suffix(".uninstall.log")
        return self.run("shell", script=UNINSTALL % list(EXAMPLES))


@pytest.fixture(scope="module")
def installation():
    checkout = Checkout.here()
    checkout.prepare()
    workspace = setup.open_workspace(checkout, Progress())
    database = workspace.clone(
        workspace.suite_template(), f"mfg_test_examples_{os.getpid()}"
    )
    made = None
    try:
        made = Installation(workspace, database)
        yield made
    finally:
        workspace.drop(database)
        if made:
            made.conf.unlink(missing_ok=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_short(name):
    files = [
        path
        for path in EXAMPLES[name].rglob("*.py")
        if "tests" not in path.relative_to(EXAMPLES[name]).parts
        and path.name not in ("__init__.py", "__manifest__.py")
    ]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert lines <= MOST_LINES


@pytest.mark.parametrize("name", EXAMPLES)
def test_guide_explains_the_example_it_is_linked_from(name):
    guide = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    assert f"](examples/{name}/)" in guide
    readme = (EXAMPLES[name] / "README.md").read_text(encoding="utf-8")
    (anchor,) = re.findall(r"extending\.md#([\w-]+)\)", readme)
    titles = re.findall(r"^## (.+)$", guide, re.MULTILINE)
    assert anchor in [title.lower().replace(" ", "-") for title in titles]


def test_examples_do_what_they_promise(installation):
    assert not installation.complaints, "\n".join(installation.complaints)
    started = Counter(
        re.findall(r"addons\.(\w+)\.tests\.\w+: Starting \w+\.test_", installation.text)
    )
    written = {
        name: sum(
            len(re.findall(r"^    def test_", path.read_text(encoding="utf-8"), re.M))
            for path in folder.glob("tests/test_*.py")
        )
        for name, folder in EXAMPLES.items()
    }
    assert dict(started) == written
    assert all(written.values())
    assert set(installation.shipped().values()) == {1}


def test_examples_go_without_a_trace(installation):
    complaints = installation.uninstall()
    assert not complaints, "\n".join(complaints)
    left = added(
        installation.before, traces(installation.databases, installation.database)
    )
    assert not left, "left behind:\n" + "\n".join(left)
    assert set(installation.shipped().values()) == {0}
