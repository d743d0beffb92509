"""Everything a command needs, and the databases it works on.

Three layers, each a clone of the one before:
- base: plain Odoo with the modules ours depend on and demo data. Slow to make, made rarely.
  The one for tests has some more apps, whose ways ours must withstand.
- suite: the base for tests with our modules. Made again when one of them changes.
- a throw-away clone of the suite for one test run.
The database of `./mfg run` stays. It is a clone of a template that is installed in one go,
without a base, because the first start is what a newcomer waits for.
"""

import hashlib
import os
import shutil
import subprocess
import sys

from . import modules
from .audit_keys import AuditKeys
from .databases import BUILDING, COMPLETE, UPDATING, Databases
from .environment import clean_environment
from .errors import LauncherError
from .odoo import Odoo

# A clone of a database comes without its filestore, so templates keep attachments inside.
ATTACHMENTS_INSIDE = """
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
env["ir.attachment"].force_storage()
env.cr.commit()
"""
# Otherwise every browser test builds them again inside its rolled-back transaction. Only what
# the pages of the tests load: all bundles of all apps take half a minute.
BUILD_ASSETS = """
for bundle in (
    "web.__assets_tests_call__",
    "web.assets_frontend",
    "web.assets_frontend_lazy",
    "web.assets_frontend_minimal",
    "web.assets_tests",
    "web.assets_web",
    "web.report_assets_common",
    "web_editor.backend_assets_wysiwyg",
):
    assets = env["ir.qweb"]._get_asset_bundle(bundle)
    assets.js(), assets.css()
env.cr.commit()
"""
# The queue sends nothing from a copy of a database until somebody answers for the copy.
ACTIVATE = """
DO $$ BEGIN
    IF to_regclass('mfg_integration_activation') IS NOT NULL THEN
        UPDATE mfg_integration_activation
           SET system_identifier = (SELECT system_identifier FROM pg_control_system()),
               database_oid = (SELECT oid FROM pg_database
                                WHERE datname = current_database());
    END IF;
END $$
"""
ENTRY_MODULE = "mfg_suite"


class Workspace:
    """A checkout with its Odoo source, PostgreSQL server and Python interpreter."""

    def __init__(self, checkout, source, server, progress, python=None):
        self.checkout = checkout
        self.source = source
        self.server = server
        self.progress = progress
        self.databases = Databases(server)
        self.odoo = Odoo(checkout, source, server, python or sys.executable)
        self.audit_keys = AuditKeys(checkout, self.odoo)

    # Templates

    def base_template(self, core=None, demo=True):
        """Name of the template with Odoo's modules `core` (all we depend on), made if absent."""
        core = sorted(core or modules.core_dependencies(self.checkout.addons))
        key = self._base_key(core, demo)
        kind = f"base {','.join(core)} {demo}"
        title = f"Odoo template, {'with' if demo else 'no'} demo data"

        def build(name):
            # Plain Odoo: a module of ours that does not even import must not get in the way.
            complaints = self.install(name, core, demo, ours=False)
            return complaints + self.script(name, ATTACHMENTS_INSIDE, ours=False)

        return self._template("mfg_base", key, kind, title, None, build)

    def _base_key(self, core, demo):
        folders = self.source.addons_paths
        lock = (self.checkout.root / "requirements.lock").read_bytes()
        closure = modules.installable_closure(core, folders)
        return _key(
            self.source.version(),
            lock,
            modules.listing_fingerprint(closure, folders),
            core,
            demo,
        )

    def test_base_template(self):
        """Name of the template of plain Odoo that tests compare with, made if absent."""
        core = modules.core_dependencies(self.checkout.addons)
        return self.base_template(core | modules.COMPANIONS)

    def suite_template(self):
        """Name of the template with all our modules, made if absent."""
        base = self.test_base_template()
        hashes = modules.fingerprints(self.checkout.addons)
        if not hashes:
            return base

        def build(name):
            return self.install(name, sorted(hashes)) + self.script(name, BUILD_ASSETS)

        key = _key(base, sorted(hashes.items()))
        return self._template("mfg_suite", key, "suite", "Suite template", base, build)

    def demo_template(self):
        """Name of the template of the demonstration database, made if absent."""
        hashes = modules.fingerprints(self.checkout.addons)
        core = sorted(modules.core_dependencies(self.checkout.addons))
        wanted = _entry(hashes)

        def build(name):
            # Its audit trail begins here, so it is vouched for from here on. Nothing is
            # sealed while modules are installed.
            options = self.audit_keys.options(name)
            return self.install(name, wanted or core, **options)

        key = _key(
            self._base_key(core, True),
            sorted(hashes.items()),
            self.audit_keys.fingerprint(),
        )
        return self._template(
            "mfg_demo", key, "demo", "Demo group", None, build, with_files=True
        )

    def template_complaints(self, *names):
        """WARNING and ERROR records written while the templates were made."""
        return [
            line
            for name in names
            for line in self.databases.meta(name).get("complaints", ())
        ]

    def _template(self, prefix, key, kind, title, origin, build, with_files=False):
        name = f"{prefix}_{key}"
        with self.checkout.lock(
            "setup", "Waiting for another ./mfg that prepares databases …"
        ):
            meta = self.databases.meta(name)
            if meta and meta["state"] == COMPLETE:
                return name
            self._drop_outdated(kind, name)
            meta = {"state": BUILDING, "kind": kind}
            with self.progress.step(title):
                self.databases.create(name, meta, template=origin)
                complaints = build(name)
                if not with_files:
                    # All attachments are inside; what is left on disk belongs to nobody.
                    self._remove_filestore(name)
                self.databases.set_meta(
                    name, dict(meta, state=COMPLETE, complaints=complaints)
                )
        return name

    def _drop_outdated(self, kind, name):
        for other in self.databases.names():
            if other != name and self.databases.meta(other).get("kind") == kind:
                self.drop(other)

    # Clones

    def clone(self, template, name, with_files=False):
        """Clone a template; the clone is abandoned, thus dropped, when this process ends.

        A database that is no template has a filestore; `with_files` copies it.
        """
        meta = {"state": COMPLETE, "pid": os.getpid()}
        return self._copy(template, name, meta, with_files)

    def _copy(self, template, name, meta, with_files):
        self._remove_filestore(name)
        self.databases.create(name, meta, template)
        self.activate(name)
        if with_files and self._filestore(template).exists():
            shutil.copytree(self._filestore(template), self._filestore(name))
        return name

    def activate(self, name):
        """Answer for a copy of a database, so that the queue sends from it."""
        self.databases.query(ACTIVATE, database=name)

    def receive(self, origin, name, source=None):
        """Copy a template from another server of this checkout.

        :param source: clone of it to read from, while others clone the template there
        """
        meta = origin.databases.meta(name)
        self._drop_outdated(meta["kind"], name)
        self.databases.create(name, dict(meta, state=BUILDING))
        self._read_in(origin.server, source or name, name)
        self.databases.query("VACUUM ANALYZE", database=name)
        self.databases.set_meta(name, meta)

    def restore(self, source, name):
        """Make a database from a dump of another one; abandoned, thus dropped, as a clone."""
        self.databases.create(name, {"state": COMPLETE, "pid": os.getpid()})
        self._read_in(self.server, source, name)
        return name

    def _read_in(self, server, source, name):
        dump = self.checkout.state / f"{name}.dump"
        try:
            _client(server, "pg_dump", "-Fc", "-Z1", "-f", dump, source)
            _client(self.server, "pg_restore", "-j2", "--no-owner", "-d", name, dump)
        finally:
            dump.unlink(missing_ok=True)

    def drop(self, name):
        """Drop a database of ours with its filestore."""
        self.databases.drop(name)
        self._remove_filestore(name)
        self.audit_keys.forget(name)

    # The database of `./mfg run`

    @property
    def demo_name(self):
        """Name of the database that `./mfg run` serves."""
        return os.environ.get("MFG_DATABASE", "mfg")

    def demo_database(self):
        """Make the demonstration database, or update the modules that changed."""
        name = self.demo_name
        hashes = modules.fingerprints(self.checkout.addons)
        meta = self.databases.meta(name)
        if not meta or meta["state"] == BUILDING:
            template = self.demo_template()
        with self.checkout.lock(
            "setup", "Waiting for another ./mfg that prepares databases …"
        ):
            meta = self.databases.meta(name)
            if not meta or meta["state"] == BUILDING:
                with self.progress.step(f"Database {name}"):
                    self.audit_keys.forget(name)
                    self._copy(template, name, {"state": BUILDING}, with_files=True)
                    self._record_demo(name, hashes)
            else:
                self._update_demo(name, meta, hashes)
        return name

    def _update_demo(self, name, meta, hashes):
        known = meta["modules"]
        pending = set(meta.get("pending", ()))
        changed = {
            module
            for module in known
            if hashes.get(module) not in (None, known[module])
        }
        changed |= pending & set(hashes)
        new = sorted(set(_entry(hashes)) - set(known))
        gone = sorted(set(known) - set(hashes))
        if gone:
            raise LauncherError(
                f"The database {name} has modules that addons/ no longer has: {', '.join(gone)}.",
                "`./mfg reset` makes it anew; or bring the modules back.",
            )
        if not changed and not new:
            return
        with self.progress.step(f"Updating {', '.join(sorted(changed) + new)}"):
            self.databases.set_meta(
                name, dict(meta, state=UPDATING, pending=sorted(changed))
            )
            options = self.audit_keys.options(name)
            self.install(name, new, update=sorted(changed), **options)
            self._record_demo(name, hashes)

    def _record_demo(self, name, hashes):
        rows = self.databases.query(
            "SELECT name FROM ir_module_module WHERE state = 'installed'", database=name
        )
        installed = {module: hashes[module] for (module,) in rows if module in hashes}
        self.databases.set_meta(name, {"state": COMPLETE, "modules": installed})

    # Odoo

    def install(self, name, install, demo=True, update=(), ours=True, **options):
        """Install and update modules; returns the complaints of the log.

        `ours=False` hides the suite's modules from Odoo; `options` are further settings of
        its configuration file. Raises LauncherError when Odoo
        fails or a module did not get installed.
        """
        # of its own: other processes of this checkout install as well
        conf = self.odoo.write_conf(f"install-{name}", name, ours, **options)
        arguments = ["--stop-after-init", "--no-http"]
        if install:
            arguments += ["-i", ",".join(install)]
        if update:
            arguments += ["-u", ",".join(update)]
        if not demo:
            arguments.append("--without-demo=all")
        log = self.checkout.logs / f"install-{name}.log"
        complaints, _last = self.odoo.run(conf, arguments, log, self.progress)
        self._check_installed(name, install, log)
        return complaints

    def _check_installed(self, name, wanted, log):
        rows = self.databases.query(
            "SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY(%s)",
            [list(wanted)],
            database=name,
        )
        missing = sorted(set(wanted) - {module for (module,) in rows})
        if missing:
            raise LauncherError(f"Not installed: {', '.join(missing)}; see {log}")

    def script(self, name, script, ours=True):
        """Run Python code in Odoo's shell on a database; returns the complaints of the log."""
        # of its own: other processes of this checkout install as well
        conf = self.odoo.write_conf(f"install-{name}", name, ours)
        log = self.checkout.logs / f"script-{name}.log"
        complaints, _last = self.odoo.run(
            conf, ["shell", "--no-http"], log, script=script
        )
        return complaints

    def _filestore(self, name):
        return self.checkout.state / "data" / "filestore" / name

    def _remove_filestore(self, name):
        shutil.rmtree(self._filestore(name), ignore_errors=True)


def _client(server, program, *arguments):
    command = [server.program(program), *[str(part) for part in arguments]]
    result = subprocess.run(
        command,
        env=clean_environment(**server.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise LauncherError(f"{program} failed:", *result.stderr.splitlines()[-5:])


def _entry(hashes):
    """Modules to install so that all of the demonstration comes along."""
    return [ENTRY_MODULE] if ENTRY_MODULE in hashes else sorted(hashes)


def _key(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:10]
