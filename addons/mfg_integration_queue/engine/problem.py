"""Refusals as RFC 9457 problem details."""

import json

MEDIA_TYPE = "application/problem+json"

#: code → (HTTP status, title). The wording for people here is in the error catalogue.
CATALOGUE = {
    "IN-400-JSON": (400, "The body cannot be read"),
    "IN-400-KEY": (400, "The idempotency key cannot be used"),
    "IN-400-EVENT": (400, "The CloudEvents attributes cannot be used"),
    "IN-401": (401, "An API key is required"),
    "IN-401-EXPIRED": (401, "The API key has expired"),
    "IN-401-REVOKED": (401, "The API key is revoked"),
    "IN-401-SIGNATURE": (401, "The signature is not accepted"),
    "IN-403-NETWORK": (403, "The API key may not be used from this address"),
    "IN-403-SCOPE": (403, "The API key may not use this interface"),
    "IN-404": (404, "There is no such interface"),
    "IN-404-MESSAGE": (404, "There is no such message"),
    "IN-405": (405, "The method is not allowed here"),
    "IN-409": (409, "A message with this idempotency key is being processed"),
    "IN-410": (410, "Every version of the contract is retired"),
    "IN-411": (400, "The body did not arrive completely"),
    "IN-413": (413, "The body is too large"),
    "IN-415": (415, "The content type is not supported"),
    "IN-422": (422, "The message does not fit the contract"),
    "IN-422-KEY": (422, "The idempotency key was used for other content"),
    "IN-422-DATA": (422, "The message cannot be processed as it is"),
    "IN-429": (429, "Too many messages"),
    "IN-500": (503, "The message could not be processed now"),
    "IN-503": (503, "The interface is not ready"),
    "MET-401": (401, "A metrics token is required"),
    "MET-501": (501, "Metrics are not installed"),
    "MAP-001": (422, "A value of the message is not known here"),
    "MAP-002": (422, "The message cannot be rearranged"),
}


class Problem(Exception):
    """A request that is not accepted, and why."""

    def __init__(self, code, detail=None, errors=None, retry_after=None, headers=None):
        """
        :param code: key of :data:`CATALOGUE`
        :param detail: sentence about this occurrence
        :param errors: ``[{"pointer", "detail"}, …]`` about single fields
        :param retry_after: seconds after which it is worth another try
        """
        super().__init__(code)
        self.code = code
        self.status, self.title = CATALOGUE[code]
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, round(retry_after)))

    def body(self):
        """Return the members of the problem document."""
        body = {
            "type": f"urn:mfg:problem:{self.code.lower()}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = self.errors
        return body

    def explanation(self):
        """Return detail and field errors as lines of text."""
        lines = [self.detail or self.title]
        lines += [
            f"{error['pointer']}: {error['detail']}" for error in self.errors or []
        ]
        return "\n".join(lines)


def gist(text):
    """Return what another side's problem document, or an answer like one, says in words.

    :param text: anything; what is no such document comes back as it is
    """
    try:
        document = json.loads(text or "")
    except ValueError:
        return text
    if not isinstance(document, dict):
        return text
    said = [document.get(name) for name in ("title", "detail", "message", "error")]
    return ": ".join(each for each in said if each and isinstance(each, str)) or text
