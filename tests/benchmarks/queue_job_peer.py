"""OCA's queue_job beside us: enqueues and drains no-op jobs in the same run.

It runs ORM jobs, we send signed messages without the ORM; the figures compare what each
costs a business, not two implementations of one thing.
"""

import subprocess

from tests.support.emitter import Emitter
from tests.support.waiting import wait_for

PACKAGE = "odoo-addon-queue-job==17.0.*"
PATIENCE = 240

_ENQUEUE = """
import time
started = time.perf_counter()
for _turn in range({count}):
    env["queue.job"].with_delay()._test_job()
env.flush_all()
env.cr.commit()
result = time.perf_counter() - started
env.cr.execute("DELETE FROM queue_job")
"""


class QueueJob:
    """A scratch database with queue_job installed from the package index."""

    def __init__(self, lab):
        self.lab = lab
        target = lab.folder / "peer"
        subprocess.run(
            [lab.python, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
            + ["--python", lab.python, "--target", str(target), PACKAGE],
            check=True,
        )
        self.addons = target / "odoo" / "addons"
        self.database = lab.database("queue_job")
        conf = self._conf()
        install = lab.start_odoo(
            "peer-install", conf, "-i", "queue_job", "--stop-after-init", "--no-http"
        )
        if install.process.wait(PATIENCE):
            raise AssertionError("\n".join(install.tail()))
        self.client = Emitter(lab, self.database, conf)

    def close(self):
        """End the client process."""
        self.client.close()

    def enqueue_ms(self, count):
        """Return the milliseconds of enqueueing and committing one job."""
        seconds = self.client.run(_ENQUEUE.format(count=count))["result"]
        return seconds / count * 1000

    def drain_per_s(self, count, channels):
        """Return the no-op jobs a server with two workers finishes in a second.

        :param str channels: queue_job's capacity, e.g. ``root:2``
        """
        conf = self._conf(
            workers=2,
            max_cron_threads=0,
            server_wide_modules="base,web,queue_job",
        )
        command = self.lab.workspace.odoo.command()
        server = self.lab.start(
            "peer-server",
            command,
            **{
                **self.lab.odoo_environment(conf),
                "ODOO_QUEUE_JOB_CHANNELS": channels,
            },
        )
        server.wait_until(
            lambda: server.has_logged("queue job runner ready for db"), PATIENCE
        )
        try:
            self._drain(50)  # both workers have the registry now
            return count / self._drain(count)
        finally:
            server.process.terminate()
            server.process.wait()

    def _drain(self, count):
        connection = self.lab.connect(self.database)
        cursor = connection.cursor()

        def unfinished():
            cursor.execute("SELECT count(*) FROM queue_job WHERE state != 'done'")
            return cursor.fetchone()[0]

        self.client.run(
            f"for _turn in range({count}): env['queue.job'].with_delay()._test_job()"
        )
        cursor.execute("SELECT clock_timestamp()")
        started = cursor.fetchone()[0]
        wait_for(lambda: not unfinished(), PATIENCE, "queue_job finishes its jobs")
        cursor.execute("SELECT EXTRACT(epoch FROM clock_timestamp() - %s)", [started])
        seconds = float(cursor.fetchone()[0])
        cursor.execute("DELETE FROM queue_job")
        connection.close()
        return seconds

    def _conf(self, **options):
        ours = self.lab.workspace.odoo.addons_path()
        return self.lab.conf(
            self.database, addons_path=f"{ours},{self.addons}", **options
        )
