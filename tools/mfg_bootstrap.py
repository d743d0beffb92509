"""Early pytest plugin: makes `pytest` in the root of the repository find a prepared Odoo.

pytest-odoo imports odoo as soon as pytest starts, so the path is set when this module is
loaded. The database is made after the command line was read: templates are made once and
cloned for each run, see launcher/workspace.py.
"""

import os
import sys

import pytest
from launcher import network, odoo_source, setup
from launcher.checkout import Checkout
from launcher.errors import LauncherError
from launcher.progress import Progress

READY = "MFG_TEST_DATABASE"  # set for the worker processes of pytest-xdist

checkout = Checkout.here()
_source = odoo_source.locate(checkout.root)
if _source is None:
    raise pytest.UsageError(
        f"Odoo {odoo_source.SERIES} was not found. Run `./mfg setup`, or set ODOO_HOME."
    )
if str(_source.home) not in sys.path:
    sys.path.insert(0, str(_source.home))


class TestDatabase:
    """The clone that this run works on, and its removal."""

    def __init__(self):
        checkout.prepare()
        self.workspace = setup.open_workspace(checkout, Progress())
        base = template = self.workspace.test_base_template()
        if (
            os.environ.get("MFG_TEST_TEMPLATE") != "base"
        ):  # plain Odoo: `./mfg test --core`
            template = self.workspace.suite_template()
        self.complaints = self.workspace.template_complaints(base, template)
        self.workspace.databases.drop_abandoned()
        self.name = self.workspace.clone(template, f"mfg_test_{os.getpid()}")
        conf = self.workspace.odoo.write_conf(
            f"test-{os.getpid()}",
            self.name,
            http_port=network.free_port(),
            gevent_port=network.free_port(),
            # The limit would be handed down to the browsers that tests start by themselves.
            limit_memory_hard=0,
            logfile=checkout.logs / "test.log",
            screenshots=checkout.state / "screenshots",
        )
        self.conf = conf
        for variable in ("HOST", "PORT", "USER", "PASSWORD", "OPENERP_SERVER"):
            os.environ.pop(variable, None)
        os.environ.update(self.workspace.server.environment())
        os.environ["ODOO_RC"] = str(conf)
        os.environ[READY] = self.name
        binaries = self.workspace.server.binaries
        if binaries:  # pytest-xdist calls createdb and dropdb
            os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"

    def pytest_unconfigure(self):
        """Drop the clone."""
        import odoo.sql_db

        odoo.sql_db.close_all()
        self.workspace.drop(self.name)
        self.conf.unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Prepare the database before pytest captures output and pytest-odoo reads ODOO_RC."""
    known = early_config.known_args_namespace
    if not (known.help or known.version or os.environ.get(READY)):
        try:
            database = TestDatabase()
        except LauncherError as error:
            raise pytest.UsageError(str(error)) from error
        early_config.pluginmanager.register(database, "mfg-test-database")
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def read_manifests(load_registry):
    """Have every manifest read before the first two requests of a browser read them at once.

    ast.literal_eval() in two threads may fail in CPython 3.11 (python/cpython#106905).
    """
    import odoo.http

    return odoo.http.root.statics


@pytest.fixture(scope="session", autouse=True)
def answer_for_worker_copy(request):
    """The copy of the clone that pytest-odoo makes for a worker of pytest-xdist is active too."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        request.getfixturevalue("load_registry")
        import odoo.tools

        workspace = setup.open_workspace(checkout, Progress())
        workspace.activate(odoo.tools.config["db_name"])


def pytest_configure(config):
    """Switch on the checks of the log and of skipped browser tests."""
    from launcher import pytest_guards

    if os.environ.get("MFG_LOG_GUARD") != "0":
        pytest_guards.register(config)
