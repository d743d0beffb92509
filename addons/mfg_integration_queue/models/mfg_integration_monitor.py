from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import histogram, minutes
from ..engine.wakeup import workers_alive

_NOW = "timezone('UTC', clock_timestamp())"
_HOUR = f"{_NOW} - interval '1 hour'"
#: share of the agreed time from which on a tile warns
WARN_AT = 0.5
#: from the best to the worst
STATUSES = ("grey", "green", "amber", "red")

# What waits, what failed and what went through in the last hour, per plant, system and
# interface. One look at each of the small tables.
_NOW_QUERY = f"""
    SELECT company_id, system_id, interface_id, sum(waiting)::integer AS waiting,
           max(oldest)::integer AS oldest_s, sum(late)::integer AS late,
           sum(open)::integer AS open, sum(overdue)::integer AS overdue
      FROM (
        SELECT d.company_id, COALESCE(e.system_id, 0) AS system_id, d.interface_id,
               1 AS waiting, EXTRACT(epoch FROM {_NOW} - d.created_at) AS oldest,
               (d.due_at < {_NOW})::integer AS late, 0 AS open, 0 AS overdue
          FROM mfg_integration_delivery d
     LEFT JOIN mfg_integration_endpoint e ON e.id = d.endpoint_id
         WHERE d.company_id = ANY(%(companies)s)
     UNION ALL
        SELECT i.company_id, i.system_id, i.interface_id, 1,
               EXTRACT(epoch FROM {_NOW} - i.created_at),
               (f.sla_max_age_minutes > 0 AND i.created_at
                + f.sla_max_age_minutes * interval '1 minute' < {_NOW})::integer, 0, 0
          FROM mfg_integration_inbox_todo t
          JOIN mfg_integration_inbox i ON i.id = t.inbox_id AND i.created_at = t.inbox_at
          JOIN mfg_integration_interface f ON f.id = i.interface_id
         WHERE i.company_id = ANY(%(companies)s)
     UNION ALL
        SELECT x.company_id, x.system_id, x.interface_id, 0, 0, 0, 1,
               (f.sla_recovery_minutes > 0 AND x.create_date
                + f.sla_recovery_minutes * interval '1 minute' < {_NOW})::integer
          FROM (SELECT l.company_id, COALESCE(e.system_id, 0) AS system_id, l.interface_id,
                       l.create_date
                  FROM mfg_integration_dead l
             LEFT JOIN mfg_integration_endpoint e ON e.id = l.endpoint_id
                 WHERE l.state = 'open'
                UNION ALL
                SELECT company_id, system_id, interface_id, create_date
                  FROM mfg_integration_inbox_exception WHERE state = 'open') x
          JOIN mfg_integration_interface f ON f.id = x.interface_id
         WHERE x.company_id = ANY(%(companies)s)
      ) row
     GROUP BY company_id, system_id, interface_id
"""


class MfgIntegrationMonitor(models.AbstractModel):
    """How the interfaces do against their service levels, for the monitor."""

    _name = "mfg.integration.monitor"
    _description = "Integration Monitor"

    @api.model
    def get_monitor(self):
        """Return how every interface of the chosen companies does now.

        :return: dict with ``time`` (UTC, text), ``workers`` (number alive), ``waiting``
            and ``tiles``: one per company and system, the worst first, each with
            ``company``, ``system`` (``{"id", "name"}``), ``status`` (grey, green, amber,
            red), ``endpoints`` that are not delivered to, and ``lines``: one per interface
            with its figures, ``status`` and ``reasons`` in words
        :raises AccessError: the user is no integration viewer
        """
        self._check_viewer()
        facts = self._facts()
        names = self._names(facts)
        tiles = {}
        for key, fact in facts.items():
            company_id, system_id, interface_id = key
            tile = tiles.setdefault(
                (company_id, system_id),
                {
                    "company": {
                        "id": company_id,
                        "name": names["companies"][company_id],
                    },
                    "system": {
                        "id": system_id,
                        "name": names["systems"].get(system_id, _("Removed system")),
                    },
                    "endpoints": names["endpoints"].get(system_id, []),
                    "lines": [],
                },
            )
            interface = names["interfaces"].get(interface_id)
            if interface:
                tile["lines"].append(self._line(interface, fact, tile["endpoints"]))
        for tile in tiles.values():
            tile["lines"].sort(key=lambda line: (-_rank(line), line["name"]))
            worst = max(map(_rank, tile["lines"]), default=0)
            tile["status"] = STATUSES[worst]
        return {
            "time": fields.Datetime.to_string(fields.Datetime.now()),
            "workers": workers_alive(self.env.cr),
            "waiting": sum(fact["waiting"] for fact in facts.values()),
            "tiles": sorted(
                tiles.values(),
                key=lambda tile: (
                    -_rank(tile),
                    tile["company"]["name"],
                    tile["system"]["name"],
                ),
            ),
        }

    @api.model
    def open_messages(self, company_id, system_id, interface_id, what):
        """Return the window action for the messages behind a figure of a tile.

        :param str what: ``all``, ``waiting`` or ``exceptions``
        :raises AccessError: the user is no integration viewer
        :raises UserError: there is no such list
        """
        self._check_viewer()
        interface = self.env["mfg.integration.interface"].browse(interface_id)
        inbound = interface.direction == "inbound"
        lists = {
            "all": "inbox" if inbound else "delivery",
            "waiting": "inbox" if inbound else "delivery",
            "exceptions": "inbox_exception" if inbound else "dead",
        }
        if what not in lists:
            raise UserError(_("There is no list “%(list)s”.", list=what))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"mfg_integration_queue.mfg_integration_{lists[what]}_action"
        )
        system = "system_id" if inbound else "endpoint_id.system_id"
        states = {
            "waiting": [
                "pending",
                "retry",
                "dead_waiting",
                "received",
                "processing",
                "parked",
            ],
            "exceptions": ["open"],
        }
        domain = [
            ("company_id", "=", company_id),
            (system, "=", system_id),
            ("interface_id", "=", interface_id),
        ]
        if what in states:
            domain.append(("state", "in", states[what]))
        return {**action, "domain": domain, "context": {}, "name": interface.name}

    @api.model
    def _check_viewer(self):
        if not self.env.user.has_group("mfg_integration_queue.group_viewer"):
            raise AccessError(_("Only integration viewers may see the monitor."))

    @api.model
    def _facts(self):
        """Return (company id, system id, interface id) → figures, those that have nothing
        to tell included."""
        self.env.flush_all()
        empty = {
            **dict.fromkeys(("waiting", "oldest_s", "late", "open", "overdue"), 0),
            **dict.fromkeys(("done", "dead", "rejected"), 0),
            "buckets": [],
        }
        facts = {key: dict(empty) for key in self._configured()}
        companies = self.env.companies.ids
        hour = minutes.sums(_HOUR, ["company_id", "system_id", "interface_id"])
        for query in (
            _NOW_QUERY,
            f"{hour} WHERE company_id = ANY(%(companies)s) GROUP BY 1, 2, 3",
        ):
            self.env.cr.execute(query, {"companies": companies})
            for row in self.env.cr.dictfetchall():
                key = (
                    row.pop("company_id"),
                    row.pop("system_id"),
                    row.pop("interface_id"),
                )
                facts.setdefault(key, dict(empty)).update(row)
        return facts

    @api.model
    def _configured(self):
        """Yield the keys of everything that is set up, traffic or not."""
        companies = self.env.companies.ids
        subscriptions = self.env["mfg.integration.subscription"].search(
            [("company_id", "in", companies)]
        )
        for subscription in subscriptions:
            yield (
                subscription.company_id.id,
                # sudo: a document's company may send to a system of another
                subscription.sudo().endpoint_id.system_id.id,
                subscription.interface_id.id,
            )
        # sudo: viewers see who may send, and nothing of the keys
        credentials = (
            self.env["mfg.integration.credential"]
            .sudo()
            .search([("company_id", "in", companies), ("revoked_at", "=", False)])
        )
        for credential in credentials:
            for interface in credential.interface_ids:
                yield credential.company_id.id, credential.system_id.id, interface.id

    @api.model
    def _names(self, facts):
        """Return what the tiles call companies, systems, interfaces and endpoints."""
        # sudo: names of what the user's companies exchange messages with, as lists of
        # messages show them, too
        systems = (
            self.env["mfg.integration.system"]
            .sudo()
            .browse({system_id for _company, system_id, _interface in facts})
            .exists()
        )
        # sudo: as above
        interfaces = (
            self.env["mfg.integration.interface"]
            .sudo()
            .browse({interface_id for _company, _system, interface_id in facts})
            .exists()
        )
        states = {
            "paused": _("Paused"),
            "down": _("Not reachable"),
            "unsigned": _("No secret"),
        }
        endpoints = {}
        for endpoint in systems.endpoint_ids:
            if endpoint.state in states:
                endpoints.setdefault(endpoint.system_id.id, []).append(
                    {
                        "id": endpoint.id,
                        "name": endpoint.name,
                        "state": endpoint.state,
                        "text": states[endpoint.state],
                    }
                )
        return {
            "companies": {each.id: each.name for each in self.env.companies},
            "systems": {each.id: each.name for each in systems},
            "interfaces": {each.id: each for each in interfaces},
            "endpoints": endpoints,
        }

    @api.model
    def _line(self, interface, fact, endpoints):
        buckets = fact["buckets"]
        p95 = histogram.percentile(buckets, 0.95) if buckets else None
        line = {
            "id": interface.id,
            "name": interface.name,
            "direction": interface.direction,
            "waiting": fact["waiting"],
            "oldest_s": fact["oldest_s"] if fact["waiting"] else 0,
            "late": fact["late"],
            "exceptions": fact["open"],
            "done": fact["done"],
            "p95_ms": p95,
            "sla_p95_ms": interface.sla_p95_seconds * 1000,
            "sla_max_age_s": interface.sla_max_age_minutes * 60,
        }
        findings = list(self._findings(line, fact["overdue"], endpoints))
        agreed = line["sla_p95_ms"] or line["sla_max_age_s"]
        ranks = [STATUSES.index(status) for status, _text in findings]
        line["status"] = STATUSES[max(ranks, default=1 if agreed else 0)]
        line["reasons"] = [text for _status, text in findings]
        return line

    @api.model
    def _findings(self, line, overdue, endpoints):
        """Yield (status, text) for everything that is not as agreed."""
        if line["late"]:
            yield "red", _("%(count)s late", count=line["late"])
        if overdue:
            yield "red", _("%(count)s undecided for too long", count=overdue)
        elif line["exceptions"]:
            yield "amber", _("%(count)s to decide", count=line["exceptions"])
        if line["p95_ms"] and 0 < line["sla_p95_ms"] < line["p95_ms"]:
            yield "red", _("slower than agreed")
        if (
            not line["late"]
            and line["sla_max_age_s"]
            and line["oldest_s"] > WARN_AT * line["sla_max_age_s"]
        ):
            wait = timedelta(seconds=line["oldest_s"])
            yield "amber", _("one has waited for %(time)s", time=wait)
        if line["direction"] == "outbound":
            for endpoint in endpoints:
                yield "amber", f"{endpoint['name']}: {endpoint['text']}"


def _rank(each):
    return STATUSES.index(each["status"])
