"""Workspace of the install matrix; no Odoo in this process, only started ones."""

import os

import pytest
from launcher import modules, setup
from launcher.checkout import Checkout
from launcher.progress import Progress

QUICK = os.environ.get("MFG_QUICK") == "1"
# The one that refuses to go while it is needed.
LEAVES_QUICK = "mfg_quality_hold"
# Others extend the same models and are not upgraded with it.
UPGRADED_QUICK = "mfg_multi_company"


def pytest_generate_tests(metafunc):
    """One case per module, and with and without demo data in the long form.

    Of the full suite only one module goes, and only one is upgraded in the short form.
    """
    names = list(modules.ours(Checkout.here().addons))
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", names)
    if "leaving" in metafunc.fixturenames:
        metafunc.parametrize("leaving", [LEAVES_QUICK] if QUICK else names)
    if "upgraded" in metafunc.fixturenames:
        metafunc.parametrize("upgraded", [UPGRADED_QUICK] if QUICK else names)
    if "demo" in metafunc.fixturenames:
        cases = [True] if QUICK else [False, True]
        names = {True: "demo", False: "no demo"}
        metafunc.parametrize("demo", cases, ids=[names[case] for case in cases])


@pytest.fixture(scope="session")
def workspace():
    """The checkout with its PostgreSQL server."""
    return setup.open_workspace(Checkout.here(), Progress())


@pytest.fixture
def database(workspace, module, demo):
    """Plain Odoo with the core modules that `module` needs and nothing of ours.

    The quick form uses the template of the test suite, which has the core modules of all
    of ours: one template instead of one per module.
    """
    core, _own = modules.dependencies(module, workspace.checkout.addons)
    template = workspace.base_template(None if QUICK else core, demo)
    name = workspace.clone(template, f"mfg_matrix_{os.getpid()}")
    yield name
    workspace.drop(name)


@pytest.fixture
def suite(workspace):
    """All of ours with the demo group."""
    name = workspace.clone(workspace.suite_template(), f"mfg_suite_out_{os.getpid()}")
    yield name
    workspace.drop(name)


@pytest.fixture
def plain(workspace):
    """What the suite was installed into: nothing of ours."""
    template = workspace.test_base_template()
    name = workspace.clone(template, f"mfg_suite_rest_{os.getpid()}")
    yield name
    workspace.drop(name)
