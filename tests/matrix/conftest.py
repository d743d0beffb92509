"""Workspace of the install matrix; no Odoo in this process, only started ones."""

import os

import pytest
from launcher import modules, setup
from launcher.checkout import Checkout
from launcher.progress import Progress

QUICK = os.environ.get("MFG_QUICK") == "1"


def pytest_generate_tests(metafunc):
    """One case per module, and with and without demo data in the long form."""
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", list(modules.ours(Checkout.here().addons)))
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
