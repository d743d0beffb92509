"""`odoo-bin mfg_integration_worker`: delivers events until it is told to stop."""

import contextlib
import logging
import random
import signal
import sys
import threading

import psycopg2

import odoo
from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.module import get_manifest
from odoo.modules.registry import Registry
from odoo.tools import config
from odoo.tools.misc import dumpstacks

from ..engine.dispatcher import Dispatcher
from ..engine.file_pickup import FilePickup
from ..engine.inbound import InboundService

_logger = logging.getLogger(__name__)

MODULE = "mfg_integration_queue"
#: seconds between attempts to reach the database again
RECONNECT = (0.2, 0.5, 1.0, 2.0)
#: seconds between looks whether the module was installed meanwhile
NOT_INSTALLED = 5.0


class Worker(Command):
    """Deliver integration events to other systems"""

    name = "mfg_integration_worker"

    def run(self, args):
        """Run one dispatcher per database until SIGTERM or SIGINT. SIGQUIT writes what
        every thread is doing to the log.

        :param args: options of the server command; ``-d`` names one or more databases
        """
        config.parse_config(args)
        odoo.cli.server.report_configuration()
        databases = [name for name in (config["db_name"] or "").split(",") if name]
        if not databases:
            sys.exit("mfg_integration_worker: name the database with -d")
        loops = [DatabaseLoop(name) for name in databases]
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_args: [loop.stop() for loop in loops])
        if hasattr(signal, "SIGQUIT"):  # as in Odoo's server
            signal.signal(signal.SIGQUIT, dumpstacks)
        for loop in loops:
            loop.start()
        for loop in loops:
            # join with a timeout, or the main thread would not see the signal
            while loop.is_alive():
                loop.join(1)
        _logger.info("mfg_integration_worker stopped")


class DatabaseLoop(threading.Thread):
    """Keeps one database served: waits for it, delivers, comes back after it was away."""

    def __init__(self, dbname):
        super().__init__(name=f"mfg-integration-{dbname}")
        self._dbname = dbname
        self._dispatcher = None
        self._inbound = None
        self._files = None
        self._stopping = threading.Event()

    def stop(self):
        """Drain what is on the wire and end. Called from a signal handler."""
        self._stopping.set()
        if self._dispatcher:
            self._dispatcher.stop()
        if self._inbound:
            self._inbound.stop()
            self._files.stop()

    def run(self):
        """Deliver until stopped, and again after the database was away."""
        threading.current_thread().dbname = self._dbname
        version = get_manifest(MODULE)["version"]
        self._dispatcher = Dispatcher(
            self._dbname, self._load_settings, self._on_gone, version=version
        )
        failures = 0
        while not self._stopping.is_set():
            try:
                if not self._installed():
                    _logger.info("%s is not installed in %s yet", MODULE, self._dbname)
                    self._stopping.wait(NOT_INSTALLED)
                    continue
                self._serve_inbound()
                self._dispatcher.run(ready=self._ready)
                failures = 0
            except psycopg2.Error as error:
                _logger.info("Database %s is away: %s", self._dbname, error)
                pause = RECONNECT[min(failures, len(RECONNECT) - 1)]
                failures += 1
                # not all replicas at the same moment
                self._stopping.wait(pause * random.uniform(0.8, 1.2))
        self._dispatcher.close()
        if self._inbound:
            self._inbound.stop()
            self._files.stop()
            self._inbound.join()
            self._picking_up.join()

    def _serve_inbound(self):
        """Start the threads for inbound messages and files, which see to themselves from
        then on."""
        if self._inbound is None:
            self._files = FilePickup(self._dbname)
            self._picking_up = threading.Thread(
                target=self._files.run, name=f"mfg-integration-files-{self._dbname}"
            )
            self._picking_up.start()
            self._inbound = InboundService(self._dbname)
            self._inbound.start()

    def _ready(self):
        _logger.info("mfg_integration_worker ready on %s", self._dbname)

    def _installed(self):
        with odoo.sql_db.db_connect(self._dbname).cursor() as cr:
            cr.execute(
                """
                SELECT state = 'installed' AND to_regclass('mfg_integration_delivery') IS NOT NULL
                  FROM ir_module_module WHERE name = %s
                """,
                [MODULE],
            )
            return (cr.fetchone() or [False])[0]

    def _load_settings(self):
        with self._environment() as env:
            return env["mfg.integration.endpoint"]._dispatch_settings()

    def _on_gone(self, endpoint_id):
        with self._environment() as env:
            env["mfg.integration.endpoint"].browse(endpoint_id)._announce_gone()

    @contextlib.contextmanager
    def _environment(self):
        registry = Registry(self._dbname).check_signaling()
        with registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})
