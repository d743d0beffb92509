"""What a Prometheus server reads: everything from SQL, so it is right whatever number of
processes work on the database."""

from . import histogram, minutes

_NOW = "timezone('UTC', clock_timestamp())"
_CLASSES = {1: "real_time", 2: "near_real_time", 3: "batch"}

_WAITING = f"""
    SELECT direction, class, count(*), GREATEST(max(EXTRACT(epoch FROM {_NOW} - since)), 0),
           count(*) FILTER (WHERE due_at < {_NOW})
      FROM (SELECT 'outbound' AS direction, class, created_at AS since, due_at
              FROM mfg_integration_delivery
            UNION ALL
            SELECT 'inbound', class, inbox_at, NULL FROM mfg_integration_inbox_todo) waiting
     GROUP BY 1, 2
"""
_EXCEPTIONS = """
    SELECT 'outbound', count(*) FROM mfg_integration_dead WHERE state = 'open'
     UNION ALL
    SELECT 'inbound', count(*) FROM mfg_integration_inbox_exception WHERE state = 'open'
"""
_TOTALS = f"""
    SELECT COALESCE(i.code, ''), COALESCE(s.code, ''),
           CASE WHEN t.endpoint_id = 0 THEN 'inbound' ELSE 'outbound' END,
           t.done, t.dead, t.cancelled, t.rejected, t.attempts, t.failures, t.retries,
           t.latency_ms, t.buckets
      FROM ({minutes.TOTALS}) t
 LEFT JOIN mfg_integration_interface i ON i.id = t.interface_id
 LEFT JOIN mfg_integration_system s ON s.id = t.system_id
"""
_ENDPOINTS = """
    SELECT s.code, e.id::text, e.name,
           CASE WHEN t.paused_at IS NOT NULL THEN 'paused'
                ELSE COALESCE(t.breaker, 'closed') END
      FROM mfg_integration_endpoint e
      JOIN mfg_integration_system s ON s.id = e.system_id
 LEFT JOIN mfg_integration_endpoint_state t ON t.endpoint_id = e.id
     WHERE e.active
"""
_WORKERS = f"""
    SELECT w.name, w.mode, w.partitions, cardinality(wire.inflight),
           GREATEST(EXTRACT(epoch FROM {_NOW} - w.heartbeat_at), 0)
      FROM mfg_integration_worker w
 LEFT JOIN mfg_integration_worker_wire wire ON wire.worker_id = w.id
"""
_STATES = ("closed", "half_open", "open", "paused")


class NotInstalled(Exception):
    """The Python package prometheus_client is missing."""


def render(cr):
    """Return (body, content type) for a Prometheus server.

    :raises NotInstalled: prometheus_client is missing
    """
    try:  # only for those who scrape
        from prometheus_client import (
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            core,
            generate_latest,
        )
    except ImportError as error:
        raise NotInstalled from error
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(cr, core))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    """Reads the figures when it is asked."""

    def __init__(self, cr, core):
        self._cr = cr
        self._core = core

    def collect(self):
        yield from self._waiting()
        yield self._exceptions()
        yield from self._totals()
        yield self._endpoints()
        yield from self._workers()

    def _query(self, query):
        self._cr.execute(query)
        return self._cr.fetchall()

    def _gauge(self, name, text, labels):
        return self._core.GaugeMetricFamily(
            f"mfg_integration_{name}", text, labels=labels
        )

    def _counter(self, name, text, labels):
        return self._core.CounterMetricFamily(
            f"mfg_integration_{name}", text, labels=labels
        )

    def _waiting(self):
        labels = ["direction", "class"]
        backlog = self._gauge("backlog", "Messages that wait.", labels)
        oldest = self._gauge(
            "oldest_seconds", "Seconds the oldest waiting message has waited.", labels
        )
        late = self._gauge("late", "Messages that wait past their due time.", labels)
        found = {row[:2]: row[2:] for row in self._query(_WAITING)}
        for direction in ("outbound", "inbound"):
            for number, name in _CLASSES.items():
                count, age, overdue = found.get((direction, number), (0, 0, 0))
                backlog.add_metric([direction, name], count)
                oldest.add_metric([direction, name], float(age))
                late.add_metric([direction, name], overdue)
        return backlog, oldest, late

    def _exceptions(self):
        family = self._gauge(
            "exceptions", "Messages that wait for a person to decide.", ["direction"]
        )
        for direction, count in self._query(_EXCEPTIONS):
            family.add_metric([direction], count)
        return family

    def _totals(self):
        labels = ["interface", "system", "direction"]
        messages = self._counter(
            "messages", "Messages by what became of them.", [*labels, "outcome"]
        )
        attempts = self._counter("attempts", "Attempts by result.", [*labels, "result"])
        retries = self._counter("retries", "Attempts after the first.", labels)
        latency = self._core.HistogramMetricFamily(
            "mfg_integration_latency_seconds",
            "Seconds from the record of a message to the answer of its receiver.",
            labels=labels,
        )
        for key, row in self._sums().items():
            for outcome in ("done", "dead", "cancelled", "rejected"):
                messages.add_metric([*key, outcome], row[outcome])
            attempts.add_metric([*key, "ok"], row["attempts"] - row["failures"])
            attempts.add_metric([*key, "failed"], row["failures"])
            retries.add_metric(key, row["retries"])
            latency.add_metric(
                key, _cumulated(row["buckets"]), row["latency_ms"] / 1000
            )
        return messages, attempts, retries, latency

    def _sums(self):
        """Return (interface, system, direction) → figures over companies and endpoints."""
        sums = {}
        for row in self._query(_TOTALS):
            found = sums.setdefault(
                row[:3], {**dict.fromkeys(minutes.COUNTS, 0), "buckets": []}
            )
            for name, value in zip(minutes.COUNTS, row[3:-1], strict=True):
                found[name] += int(value)
            found["buckets"] = histogram.add(found["buckets"], row[-1])
        return sums

    def _endpoints(self):
        family = self._gauge(
            "endpoint_state",
            "1 for the state an endpoint is in: breaker closed, half_open or open, or paused.",
            ["system", "endpoint", "name", "state"],
        )
        for system, endpoint, name, state in self._query(_ENDPOINTS):
            for each in _STATES:
                family.add_metric([system, endpoint, name, each], int(state == each))
        return family

    def _workers(self):
        labels = ["worker", "mode"]
        lag = self._gauge(
            "worker_lag_seconds",
            "Seconds since the worker's last sign of life.",
            labels,
        )
        partitions = self._gauge(
            "worker_partitions", "Partitions the worker owns.", labels
        )
        inflight = self._gauge(
            "worker_inflight", "Messages handed to the worker's senders.", labels
        )
        for name, mode, owned, sending, age in self._query(_WORKERS):
            lag.add_metric([name, mode], float(age))
            partitions.add_metric([name, mode], owned)
            inflight.add_metric([name, mode], sending or 0)
        return lag, partitions, inflight


def _cumulated(buckets):
    """Return what Prometheus wants: (upper bound in seconds, messages up to there)."""
    bounds = [str(bound / 1000) for bound in histogram.BOUNDS] + ["+Inf"]
    total, cumulated = 0, []
    for bound, count in zip(bounds, buckets, strict=True):
        total += int(count)
        cumulated.append((bound, total))
    return cumulated
