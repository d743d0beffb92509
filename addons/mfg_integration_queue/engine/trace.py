"""W3C Trace Context: which messages belong to one piece of work, across systems.

The trace of a transaction hangs on its cursor: what an inbound message sets off continues
it, whatever environment the handler emits from, also in hooks before the commit.
"""

import re

_TRACEPARENT = re.compile(
    r"00-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACE = re.compile(r"[0-9a-f]{32}")
_BOUND = "mfg_integration_queue.traceparent"


def valid(traceparent):
    """Return ``traceparent`` if it is one, else None."""
    return traceparent if _TRACEPARENT.fullmatch(traceparent or "") else None


def begin(message_id):
    """Return the first traceparent of a new trace, named after its first message."""
    hex_id = str(message_id).replace("-", "")
    return f"00-{hex_id}-{hex_id[16:]}-01"


def follow(traceparent, message_id):
    """Return the traceparent of a message that ``traceparent`` led to."""
    flags = traceparent[-2:]
    return f"{traceparent[:35]}-{str(message_id).replace('-', '')[16:]}-{flags}"


def trace_id(traceparent):
    """Return the trace of a traceparent, 32 hexadecimal digits, or None."""
    return traceparent[3:35] if traceparent else None


def read(text):
    """Return the trace that a person means by an id, a traceparent or a message id.

    :return: 32 hexadecimal digits, or None
    """
    text = (text or "").strip().lower()
    given = _TRACEPARENT.fullmatch(text)
    if given:
        return given["trace"]
    text = text.replace("-", "")
    return text if _TRACE.fullmatch(text) else None


def bind(cr, traceparent):
    """Let everything emitted in this transaction continue a trace."""
    cr.postcommit.data[_BOUND] = traceparent


def bound(cr):
    """Return the traceparent that this transaction continues, or None."""
    return cr.postcommit.data.get(_BOUND)
