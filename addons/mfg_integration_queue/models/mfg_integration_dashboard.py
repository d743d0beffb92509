from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine import histogram, minutes

#: hours shown → minutes that make one point of a chart
STEPS = {1: 1, 6: 5, 24: 15, 168: 120, 720: 720}
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class MfgIntegrationDashboard(models.AbstractModel):
    """Throughput, latency, errors, retries and backlog over time, for the dashboard."""

    _name = "mfg.integration.dashboard"
    _description = "Integration Dashboard"
    _inherit = ["mfg.integration.monitor"]

    @api.model
    def get_dashboard(
        self, hours=24, direction=None, interface_id=None, system_id=None
    ):
        """Return the figures of the last hours, in equal steps.

        :param int hours: one of 1, 6, 24, 168, 720
        :param str direction: ``outbound`` or ``inbound``; None for both
        :param int interface_id: of one interface only
        :param int system_id: of one system only
        :return: dict with ``time``, ``step`` (minutes), ``totals``, ``points`` (one per
            step, oldest first: ``time`` in UTC, ``outbound`` and ``inbound`` messages that
            arrived, ``failed``, ``retries``, ``error_rate`` in percent, ``p50``, ``p95``,
            ``p99`` in milliseconds or None, ``waiting``, ``oldest_s``), ``interfaces`` and
            ``systems`` to choose from
        :raises AccessError: the user is no integration viewer
        :raises UserError: there is no such period
        """
        self._check_viewer()
        if hours not in STEPS:
            raise UserError(
                _(
                    "The dashboard shows %(choices)s hours, not %(hours)s.",
                    choices=", ".join(map(str, STEPS)),
                    hours=hours,
                )
            )
        params = {
            "hours": hours,
            "seconds": STEPS[hours] * 60,
            "companies": self.env.companies.ids,
            "interface": interface_id or None,
            "system": system_id or None,
            "direction": direction or None,
        }
        rows = self._rows(params)
        points = self._points(rows, hours)
        facts = self._facts()
        names = self._names(facts)
        return {
            "time": fields.Datetime.to_string(fields.Datetime.now()),
            "step": STEPS[hours],
            "totals": self._totals(rows, points),
            "points": points,
            "interfaces": sorted(
                (
                    {"id": id_, "name": each.name}
                    for id_, each in names["interfaces"].items()
                ),
                key=lambda each: each["name"],
            ),
            "systems": sorted(
                ({"id": id_, "name": name} for id_, name in names["systems"].items()),
                key=lambda each: each["name"],
            ),
        }

    @api.model
    def _rows(self, params):
        """Return slot → figures of that slot; slots without any are absent."""
        self.env.flush_all()
        since = "timezone('UTC', now()) - %(hours)s * interval '1 hour'"
        chosen = """
            WHERE company_id = ANY(%(companies)s)
              AND (%(interface)s IS NULL OR interface_id = %(interface)s)
              AND (%(system)s IS NULL OR system_id = %(system)s)
              AND (%(direction)s IS NULL
                   OR (endpoint_id = 0) = (%(direction)s = 'inbound'))
        """
        slot = "floor(EXTRACT(epoch FROM minute) / %(seconds)s)::bigint"
        figures = minutes.sums(since, [f"{slot} AS slot", "endpoint_id = 0 AS inbound"])
        self.env.cr.execute(f"{figures} {chosen} GROUP BY 1, 2", params)
        rows = {}
        for row in self.env.cr.dictfetchall():
            slot_row = rows.setdefault(row["slot"], {"inbound": 0, "outbound": 0})
            slot_row["inbound" if row.pop("inbound") else "outbound"] += row["done"]
            for name in (*minutes.COUNTS, "buckets"):
                slot_row[name] = (
                    histogram.add(slot_row.get(name), row[name])
                    if name == "buckets"
                    else slot_row.get(name, 0) + row[name]
                )
        # how many waited at the same time, not in how many minutes they were seen
        self.env.cr.execute(
            f"""
            SELECT {slot} AS slot, max(waiting)::integer AS waiting,
                   max(oldest_s)::integer AS oldest_s
              FROM (SELECT minute, sum(waiting) AS waiting, max(oldest_s) AS oldest_s
                      FROM mfg_integration_minute {chosen} AND minute >= {since}
                     GROUP BY minute) sample
             GROUP BY 1
            """,
            params,
        )
        for slot_number, waiting, oldest_s in self.env.cr.fetchall():
            rows.setdefault(slot_number, {}).update(waiting=waiting, oldest_s=oldest_s)
        return rows

    @api.model
    def _points(self, rows, hours):
        step = STEPS[hours] * 60
        last = int(fields.Datetime.now().timestamp() // step)
        return [
            self._point(number * step, rows.get(number, {}))
            for number in range(last - hours * 3600 // step + 1, last + 1)
        ]

    @api.model
    def _point(self, epoch, row):
        buckets = row.get("buckets") or []
        percentiles = {
            name: histogram.percentile(buckets, share) if buckets else None
            for name, share in _SHARES.items()
        }
        return {
            "time": epoch * 1000,
            "outbound": row.get("outbound", 0),
            "inbound": row.get("inbound", 0),
            "failed": row.get("dead", 0) + row.get("rejected", 0),
            "retries": row.get("retries", 0),
            "error_rate": _error_rate(row),
            "waiting": row.get("waiting", 0),
            "oldest_s": row.get("oldest_s", 0),
            **percentiles,
        }

    @api.model
    def _totals(self, rows, points):
        total = {name: 0 for name in minutes.COUNTS}
        buckets = []
        for row in rows.values():
            for name in total:
                total[name] += row.get(name, 0)
            buckets = histogram.add(buckets, row.get("buckets"))
        return {
            "done": total["done"],
            "failed": total["dead"] + total["rejected"],
            "retries": total["retries"],
            "error_rate": _error_rate(total),
            "p95": histogram.percentile(buckets, 0.95) if buckets else None,
            "oldest_s": max((point["oldest_s"] for point in points), default=0),
        }


def _error_rate(row):
    """Return the share of attempts that failed, in percent, with what was refused at the
    door; None without any."""
    tried = row.get("attempts", 0) + row.get("rejected", 0)
    failed = row.get("failures", 0) + row.get("rejected", 0)
    return round(100 * min(failed / tried, 1), 2) if tried else None
