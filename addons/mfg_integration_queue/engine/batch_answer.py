"""What a receiver says about each event of a batch.

The answer is a JSON object: ``{"results": [{"id": "<CloudEvents id>", "status": 200,
"error": "…"}, …]}``, with the HTTP status that a request of its own would have got.
"""

import json
from dataclasses import replace

from .outcome import Outcome, Verdict, classify

#: error code of an event that the answer says nothing about
UNKNOWN = "BATCH-001"
EXCERPT = 2000


def outcomes(deliveries, answer, whole):
    """Return the :class:`.outcome.Outcome` of each delivery.

    :param bytes answer: body of the answer
    :param whole: outcome of the request
    """
    results = _results(answer)
    return [_outcome(results.get(delivery.uuid), whole) for delivery in deliveries]


def _results(answer):
    try:
        results = json.loads(answer)["results"]
        return {
            result["id"]: (int(result["status"]), str(result.get("error") or ""))
            for result in results
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _outcome(result, whole):
    if result is None:
        return replace(whole, verdict=Verdict.RETRY, error_code=UNKNOWN, in_batch=True)
    status, error = result
    verdict, code = classify(status)
    return Outcome(
        verdict,
        status=status,
        error_code=code,
        excerpt=error[:EXCERPT] or None,
        secret_id=whole.secret_id,
        in_batch=True,
    )
