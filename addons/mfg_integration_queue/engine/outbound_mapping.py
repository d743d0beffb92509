"""Mapping of deliveries just before they are sent, for the interfaces that have one."""

import json
import logging

import psycopg2

from . import mapping
from .outcome import Outcome, Verdict

_logger = logging.getLogger(__name__)


def prepare(cursor, plans, deliveries):
    """Fill in ``mapped`` of the deliveries whose contract is mapped for their endpoint.

    :param plans: (interface version id, endpoint id) → :class:`.mapping.Plan`
    :return: delivery id → :class:`.outcome.Outcome` of those that cannot be sent
    """
    jobs = [
        (delivery, plan)
        for delivery in deliveries
        if (plan := plans.get((delivery.version_id, delivery.endpoint_id)))
    ]
    if not jobs:
        return {}
    documents = [(plan, json.loads(delivery.payload)) for delivery, plan in jobs]
    try:
        results = mapping.map_all(cursor, documents)
    except psycopg2.ProgrammingError as error:
        # A module that was updated or uninstalled a moment ago took the column along
        # that cross references are looked up by; new settings are on their way.
        _logger.info("Cross references cannot be read: %s", error)
        outcome = Outcome(Verdict.RETRY, error_code="INT-001", excerpt=str(error))
        return {delivery.id: outcome for delivery, _plan in jobs}
    failed = {}
    for (delivery, _plan), result in zip(jobs, results, strict=True):
        if isinstance(result, mapping.Unmapped):
            failed[delivery.id] = Outcome(
                Verdict.DEAD,
                error_code=result.code,
                excerpt=result.cause,
                reason="mapping",
                cause=result.cause,
            )
        else:
            delivery.mapped = json.dumps(result, ensure_ascii=False)
    return failed
