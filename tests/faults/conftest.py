"""The laboratory of the fault tests: real processes, databases on a durable cluster."""

import os

import pytest
from launcher.checkout import Checkout
from launcher.lab import open_lab
from launcher.progress import Progress

from tests.support.audit_site import Site
from tests.support.figures import machine_is_quiet
from tests.support.plant import Plant


@pytest.fixture(scope="session")
def lab_session(request):
    """One laboratory for the run; prints how durable its server is."""
    lab = open_lab(
        Checkout.here(),
        Progress(),
        quick=os.environ.get("MFG_QUICK") == "1",
        database=os.environ.get("MFG_FAULTS_DATABASE"),
        warmed=True,
    )
    settings = request.config.mfg_settings = lab.settings()
    if hasattr(request.config, "workeroutput"):
        request.config.workeroutput["mfg_settings"] = settings
    yield lab
    lab.close()


@pytest.fixture
def lab(lab_session):
    """The laboratory; processes and databases of a test end with the test."""
    yield lab_session
    lab_session.reset()


@pytest.fixture
def plant(lab):
    """Open databases with emitting users, a receiver and workers."""
    plants = []

    def open_plant(**options):
        plants.append(Plant(lab, **options))
        return plants[-1]

    yield open_plant
    for each in plants:
        each.close()


@pytest.fixture
def quiet(lab):
    """Whether durations can be judged; asked for before the machine is put to work."""
    return machine_is_quiet()


@pytest.fixture
def site(lab, tmp_path):
    """A database with captured banks, a signing key and a witness."""
    place = Site(lab, tmp_path)
    yield place
    place.connection.close()


def pytest_report_header():
    """Say what the databases are clones of."""
    database = os.environ.get("MFG_FAULTS_DATABASE")
    return f"databases: clones of {database or 'the suite template'} on the durable cluster"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over what a worker of pytest-xdist found out."""
    settings = getattr(node, "workeroutput", {}).get("mfg_settings")
    if settings:
        node.config.mfg_settings = settings


def pytest_terminal_summary(terminalreporter):
    """Print the settings that a fault test stands on."""
    settings = getattr(terminalreporter.config, "mfg_settings", None)
    if settings:
        terminalreporter.write_line(f"PostgreSQL: {settings}")
