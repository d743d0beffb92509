"""A process that works in Odoo as a user would and emits events on command.

It holds several transactions open at once, which one test process could not. Commands and
answers are JSON lines on its standard streams; :class:`Emitter` drives it.
"""

import json
import subprocess
import sys
import time

SECRET = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyBub3c="


class Emitter:
    """Drives one such process.

    :param lab: the laboratory
    :param str database: a clone of the suite template
    :param conf: configuration file; by default one of its own
    """

    def __init__(self, lab, database, conf=None):
        conf = conf or lab.conf(database)
        self.process = lab.workspace.odoo.start(
            [lab.python, __file__, str(conf), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=lab.odoo_environment(conf),
            text=True,
        )
        self._answer()

    def close(self):
        """End the process; open transactions are rolled back."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def prepare(self, url, lanes=1, endpoints=("/events",), endpoint=None, **interface):
        """Create a system with an endpoint per path, an interface and records.

        What the demo data had waiting is taken away.

        :param dict endpoint: values of the endpoints
        :param dict interface: values of the interface
        :return: {"records": ids of ``lanes`` records, "endpoints": ids}
        """
        return self._ask(
            "prepare",
            url=url,
            lanes=lanes,
            endpoints=endpoints,
            endpoint=endpoint or {},
            interface=interface,
        )

    def emit(
        self,
        count,
        lanes,
        per_commit=1000,
        size=0,
        tx=None,
        record=None,
        code="note.changed",
    ):
        """Emit ``count`` events over the first ``lanes`` records, round robin.

        :param int size: bytes of padding in the payload
        :param tx: name of an open transaction to emit in, without committing it
        :param record: emit about this one instead
        :param str code: of the interface
        :return: {"seconds": spent in emit and commit}
        """
        return self._ask(
            "emit",
            count=count,
            lanes=lanes,
            per_commit=per_commit,
            size=size,
            tx=tx,
            record=record,
            code=code,
        )

    def add_interface(self, code, endpoint, **values):
        """Create another interface that goes to an endpoint."""
        return self._ask(
            "add_interface", code=code, endpoint=endpoint, interface=values
        )

    def open(self, tx):
        """Open a transaction under a name."""
        return self._ask("open", tx=tx)

    def commit(self, tx):
        """Commit it; returns {"at": time the commit returned}."""
        return self._ask("commit", tx=tx)

    def rollback(self, tx):
        """Roll it back."""
        return self._ask("rollback", tx=tx)

    def run(self, code):
        """Run Python code with ``env`` and commit; returns {"result": value of result}."""
        return self._ask("run", code=code)

    def _ask(self, command, **arguments):
        self.send(command, **arguments)
        return self._answer()

    def send(self, command, **arguments):
        """Send a command without waiting for its answer."""
        line = json.dumps({"command": command, **arguments})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _answer(self):
        answer = json.loads(self.process.stdout.readline() or '{"error": "ended"}')
        if "error" in answer:
            raise AssertionError(f"emitter: {answer['error']}")
        return answer

    answer = _answer


class Work:
    """The other side of the pipe."""

    def __init__(self, registry, api):
        self.registry = registry
        self.api = api
        self.open_transactions = {}
        self.committed = {}
        self.number = 0
        self.records = []

    def env(self, cr):
        return self.api.Environment(cr, 1, {"tracking_disable": True})

    def prepare(self, url, lanes, endpoints, endpoint, interface):
        with self.registry.cursor() as cr:
            env = self.env(cr)
            cr.execute("UPDATE mfg_integration_subscription SET active = false")
            cr.execute("DELETE FROM mfg_integration_delivery")
            system = env["mfg.integration.system"].create(
                {"name": "Sink", "code": "sink", "company_id": env.company.id}
            )
            policy = env["mfg.integration.retry.policy"].create(
                {
                    "name": "Quick",
                    "delays": "0.2 0.5 1",
                    "max_attempts": 50,
                    "jitter_pct": 0,
                }
            )
            contract = env["mfg.integration.interface"].create(
                {
                    "name": "Note changed",
                    "code": "note.changed",
                    "version_ids": [(0, 0, {"state": "approved"})],
                    **interface,
                }
            )
            created = env["mfg.integration.endpoint"].create(
                [
                    {
                        "name": path,
                        "system_id": system.id,
                        "url": url + path,
                        "allow_http": True,
                        "allowed_networks": "127.0.0.0/8",
                        "retry_policy_id": policy.id,
                        **endpoint,
                    }
                    for path in endpoints
                ]
            )
            created._set_signing_secret(SECRET)
            env["mfg.integration.subscription"].create(
                [
                    {
                        "interface_version_id": contract.version_ids.id,
                        "endpoint_id": endpoint.id,
                        "company_id": env.company.id,
                    }
                    for endpoint in created
                ]
            )
            self.records = (
                env["res.partner.category"]
                .create([{"name": f"Lane {number}"} for number in range(lanes)])
                .ids
            )
            cr.commit()
            return {"records": self.records, "endpoints": created.ids}

    def add_interface(self, code, endpoint, interface):
        with self.registry.cursor() as cr:
            env = self.env(cr)
            contract = env["mfg.integration.interface"].create(
                {
                    "name": code,
                    "code": code,
                    "version_ids": [(0, 0, {"state": "approved"})],
                    **interface,
                }
            )
            env["mfg.integration.subscription"].create(
                {
                    "interface_version_id": contract.version_ids.id,
                    "endpoint_id": endpoint,
                    "company_id": env.company.id,
                }
            )
            cr.commit()
            return {"id": contract.id}

    def emit(self, count, lanes, per_commit, size, tx, record, code="note.changed"):
        payload = {"padding": "x" * size} if size else {}
        if tx:
            self._emit(self.open_transactions[tx], count, lanes, payload, record, code)
            self.open_transactions[tx].flush()
            return {}
        started = time.perf_counter()
        with self.registry.cursor() as cr:
            for first in range(0, count, per_commit):
                batch = min(per_commit, count - first)
                self._emit(cr, batch, lanes, payload, record, code)
                cr.commit()
        return {"seconds": time.perf_counter() - started}

    def _emit(self, cr, count, lanes, payload, record, code):
        env = self.env(cr)
        records = list(
            env["res.partner.category"].browse(
                [record] if record else self.records[:lanes]
            )
        )
        events = env["mfg.integration.event"]
        for _turn in range(count):
            target = records[self.number % len(records)]
            events.emit(code, target, {"n": self.number, **payload})
            self.number += 1

    def open(self, tx):
        cr = self.open_transactions[tx] = self.registry.cursor()
        cr.execute("SELECT 1")  # takes the snapshot
        # before the hook that wakes the workers: the moment the commit was through
        cr.postcommit.add(lambda: self.committed.__setitem__(tx, time.time()))
        return {}

    def commit(self, tx):
        cr = self.open_transactions.pop(tx)
        cr.commit()
        cr.close()
        return {"at": self.committed.pop(tx)}

    def rollback(self, tx):
        cr = self.open_transactions.pop(tx)
        cr.rollback()
        cr.close()
        return {}

    def run(self, code):
        with self.registry.cursor() as cr:
            scope = {"env": self.env(cr), "work": self}
            exec(code, scope)
            cr.commit()
            return {"result": scope.get("result")}


def main():
    conf, database = sys.argv[1:]
    import odoo

    odoo.tools.config.parse_config(["-c", conf, "--log-level=warn"])
    registry = odoo.registry(database)
    work = Work(registry, odoo.api)
    print("{}", flush=True)
    for line in sys.stdin:
        arguments = json.loads(line)
        try:
            answer = getattr(work, arguments.pop("command"))(**arguments)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
