"""Who finds whom: addresses of simulators for Odoo, addresses and keys of Odoo for them."""

import json
import os
import urllib.request
import xmlrpc.client
from urllib.parse import urlsplit

TIMEOUT = 30


def shipped(checkout):
    """The simulators of the demo group, as ``simulators.json`` lists them."""
    path = checkout.root / "tools" / "simulators" / "simulators.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


class Introductions:
    """Between a database's running server and the simulators, as admin over RPC.

    :param dict simulators: name → address
    """

    def __init__(self, workspace, database, url, simulators):
        self._checkout = workspace.checkout
        self._databases = workspace.databases
        self._database = database
        self._url = url
        self._simulators = simulators
        self._entries = shipped(self._checkout)
        self._uid = None

    def make(self):
        """Make those that are new or have changed since the last start."""
        meta = self._databases.meta(self._database)
        self._tell_endpoints(meta.get("simulators", {}))
        connected = self._connect_reporters(meta.get("reporters", []))
        news = {"simulators": self._simulators, "reporters": connected}
        if {**meta, **news} != meta:
            self._databases.set_meta(self._database, {**meta, **news})

    def _tell_endpoints(self, known):
        """Write the addresses of simulators that moved to their endpoints."""
        for entry in self._entries:
            address = self._simulators[entry["name"]]
            shipped_address = f"http://127.0.0.1:{entry['port']}"
            if address == known.get(entry["name"], shipped_address):
                continue
            for xmlid in entry.get("endpoint_xmlids", ()):
                for model, record in self._find(xmlid):
                    (current,) = self._execute(model, "read", [record], ["url"])
                    url = address + urlsplit(current["url"]).path
                    self._execute(model, "write", [record], {"url": url})

    def _connect_reporters(self, known):
        """Give those that report to Odoo its address and a key of their own.

        :param list known: external ids of the systems that have a key in this database
        :return: the same after it
        """
        connected = []
        for entry in self._entries:
            for reporter in entry.get("reporters", ()):
                xmlid = reporter["system_xmlid"]
                keys = self._checkout.state / "simulators" / entry["name"] / "keys.json"
                key = _stored(keys).get(xmlid) if xmlid in known else None
                key = key or self._new_key(xmlid, reporter["interfaces"])
                if not key:
                    continue  # the demo group is not installed
                _store(keys, xmlid, key)
                _post(
                    f"{self._simulators[entry['name']]}{reporter['path']}/connect",
                    {"url": self._url, "key": key},
                )
                connected.append(xmlid)
        return connected

    def _new_key(self, xmlid, interfaces):
        """A key for a system, by the same steps as in the web client."""
        for _model, system in self._find(xmlid):
            found = self._execute(
                "mfg.integration.interface", "search", [("code", "in", interfaces)]
            )
            wizard = self._execute(
                "mfg.integration.credential.create",
                "create",
                {
                    "system_id": system,
                    "name": "Simulator of ./mfg run",
                    "interface_ids": [(6, 0, found)],
                },
            )
            shown = self._execute(
                "mfg.integration.credential.create", "action_create", [wizard]
            )
            return shown["context"]["default_secret"]
        return None

    def _find(self, xmlid):
        """[(model, id)] of an external id, empty where it does not exist."""
        if not self._log_in():
            return []  # somebody changed the password of this database
        module, name = xmlid.split(".", 1)
        rows = self._execute(
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", name)],
            ["res_id", "model"],
        )
        return [(row["model"], row["res_id"]) for row in rows]

    def _log_in(self):
        if self._uid is None:
            self._uid = self._rpc(
                "common", "authenticate", self._database, "admin", "admin", {}
            )
        return self._uid

    def _execute(self, model, method, *arguments):
        return self._rpc(
            "object",
            "execute_kw",
            self._database,
            self._uid,
            "admin",
            model,
            method,
            list(arguments),
        )

    def _rpc(self, service, method, *arguments):
        with xmlrpc.client.ServerProxy(
            f"{self._url}/xmlrpc/2/{service}", allow_none=True
        ) as proxy:
            return getattr(proxy, method)(*arguments)


def _stored(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _store(path, name, key):
    """Keep a key for the next start, readable by its owner only."""
    keys = {**_stored(path), name: key}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(keys, target)


def _post(url, command):
    request = urllib.request.Request(
        url,
        json.dumps(command).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT):
        pass
