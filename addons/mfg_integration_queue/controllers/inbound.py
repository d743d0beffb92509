import ipaddress
import json
import socket
from contextlib import suppress

from werkzeug.exceptions import HTTPException

from odoo import SUPERUSER_ID, fields
from odoo.http import Controller, Response, request, route

from ..engine import api_key, inbound_request, webhook_signature
from ..engine.inbound_request import MAX_BODY
from ..engine.problem import Problem
from ..engine.quota import Quotas, note_refusal
from .dispatcher import problem_response

#: bytes read and thrown away after a refusal, so that the sender gets to read the answer
MAX_DRAIN = 16 * 1024 * 1024
CHUNK = 64 * 1024

_ROUTE = {
    "type": "mfg_integration",
    "auth": "none",
    "csrf": False,
    "save_session": False,
}
_quotas = Quotas()


class InboundController(Controller):
    """Where other systems send us messages and ask what became of them."""

    @route("/mfg_integration/v1/in/<string:code>", **_ROUTE)
    def receive(self, code):
        """Take in one message: 202 and where to ask, or 200 with the result."""
        return self._answer(self._receive, code)

    @route("/mfg_integration/v1/in/<string:code>/status/<string:uuid>", **_ROUTE)
    def status(self, code, uuid):
        """Tell the sender of a message what became of it."""
        return self._answer(self._status, code, uuid)

    def _answer(self, work, *arguments):
        try:
            return work(*arguments)
        except Problem as problem:
            return _draining(problem_response(problem))

    def _receive(self, code):
        _check_method("POST")
        inbox = _inbox()
        caller = _authenticate(inbox)
        interface = _interface(inbox, caller, code)
        _check_content_type()
        body = _read_body()
        headers = request.httprequest.headers
        answer, replayed = inbox._receive(
            caller,
            interface,
            headers,
            body,
            _signed_id(caller, headers, body),
            request.httprequest.remote_addr,
        )
        response = _json_response(answer["body"], answer["status"], answer["headers"])
        if replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def _status(self, code, uuid):
        _check_method("GET")
        inbox = _inbox()
        caller = _authenticate(inbox)
        interface = _interface(inbox, caller, code, retired=True)
        answer = inbox._status(uuid, interface["id"], caller["system_id"])
        if answer is None:
            raise Problem("IN-404-MESSAGE")
        return _json_response(answer, 200, {"Cache-Control": "no-store"})


def _inbox():
    # Nobody is logged in: the key is checked here, and handlers run as the service user.
    return request.env(user=SUPERUSER_ID)["mfg.integration.inbox"]


def _json_response(body, status, headers):
    return Response(
        json.dumps(body, ensure_ascii=False),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def _check_method(allowed):
    if request.httprequest.method != allowed:
        raise Problem("IN-405", headers={"Allow": allowed})


def _authenticate(inbox):
    """Return the caller behind the API key of the request.

    Without the right key every answer is the same. Whoever has it is told what is wrong.

    :raises Problem: no key, a wrong, expired or revoked one, a foreign network, too many
        messages
    """
    text = _given_key()
    caller = None
    with suppress(KeyError):
        prefix = api_key.prefix_of(text)
        caller = inbox.env["mfg.integration.credential"]._lookup(prefix)
    if not api_key.fits(text, caller and caller["hash"]):
        raise Problem("IN-401", headers={"WWW-Authenticate": "Bearer"})
    addr = request.httprequest.remote_addr
    code = _refusal(caller, addr)
    if code:
        note_refusal(request.env.registry, caller["id"], code, addr)
        headers = {"WWW-Authenticate": "Bearer"} if code.startswith("IN-401") else None
        raise Problem(code, headers=headers)
    pause = _quotas.take(request.env.registry, caller["id"], caller["quota"], addr)
    if pause is not None:
        raise Problem("IN-429", retry_after=pause)
    return caller


def _given_key():
    scheme, _blank, token = request.httprequest.headers.get(
        "authorization", ""
    ).partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.httprequest.headers.get("x-api-key", "").strip()


def _refusal(caller, addr):
    if caller["revoked"]:
        return "IN-401-REVOKED"
    if caller["expires_at"] and caller["expires_at"] <= fields.Datetime.now():
        return "IN-401-EXPIRED"
    if caller["networks"] and not _inside(addr, caller["networks"]):
        return "IN-403-NETWORK"
    return None


def _inside(addr, networks):
    try:
        address = ipaddress.ip_address(addr)
    except ValueError:
        return False
    # A server that listens on both families sees IPv4 callers so.
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def _interface(inbox, caller, code, retired=False):
    """Return the route of an interface the caller may use."""
    try:
        interface = inbox._route(code)
    except KeyError as error:
        raise Problem("IN-404") from error
    if interface["company_id"] not in (False, caller["company_id"]):
        raise Problem("IN-404")
    if interface["id"] not in caller["interfaces"]:
        raise Problem("IN-403-SCOPE")
    if not interface["version_id"] and not retired:
        raise Problem("IN-410" if interface["retired"] else "IN-404")
    return interface


def _check_content_type():
    headers = request.httprequest.headers
    media_type, utf8 = inbound_request.media_type(headers)
    accepted = (inbound_request.JSON, inbound_request.CLOUD_EVENT)
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    if media_type not in accepted or not utf8 or not plain:
        raise Problem(
            "IN-415",
            f"Send {accepted[0]} or {accepted[1]} in UTF-8, not compressed.",
            headers={"Accept": ", ".join(accepted)},
        )


def _raw_request():
    # Odoo hands out the body as a whole only, and not the connection; werkzeug's request,
    # behind its methods, has both.
    return request.httprequest.get_data.__self__


def _stream():
    return _raw_request().stream


def _read_body():
    """Return the body, having read no more than :data:`MAX_BODY` bytes and a piece.

    :raises Problem: it is larger, or ended before its announced length
    """
    declared = request.httprequest.content_length
    if declared is not None and declared > MAX_BODY:
        raise _too_large()
    pieces, size = [], 0
    try:
        while piece := _stream().read(CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY:
                raise _too_large()
    except (HTTPException, OSError) as error:
        if getattr(error, "code", None) == 413:
            raise _too_large() from error
        raise Problem("IN-411") from error
    if declared is not None and size < declared:
        raise Problem("IN-411")
    _stop_listening()
    return b"".join(pieces)


def _stop_listening():
    """Say that nothing more is read from this connection.

    Odoo closes it after the answer. Before that, Werkzeug's server listens for another 10 ms
    whether more is coming, unless the sender hangs up first; a worker process does nothing
    else meanwhile.
    """
    connection = _raw_request().environ.get("werkzeug.socket")
    if connection is not None:  # other servers do not listen on
        with suppress(OSError):  # the sender is gone
            connection.shutdown(socket.SHUT_RD)


def _too_large():
    return Problem("IN-413", f"A message may have {MAX_BODY} bytes.")


def _signed_id(caller, headers, body):
    """Return the ``webhook-id`` of a signed request, None where none is asked for."""
    given = headers.get("webhook-signature")
    if not caller["signature_required"] and not (given and caller["secrets"]):
        return None
    now = fields.Datetime.now()
    secrets = [
        raw for raw, valid_to in caller["secrets"] if valid_to is None or valid_to > now
    ]
    try:
        return webhook_signature.verify(headers, body, secrets)
    except webhook_signature.BadSignature as error:
        raise Problem("IN-401-SIGNATURE", str(error)) from error


def _draining(response):
    """Read on a little after the answer: a connection that is closed over unread bytes is
    reset, and the answer with it."""
    try:
        stream = _stream()
    except HTTPException:  # larger than Odoo takes at all
        return response

    def drain():
        left = MAX_DRAIN
        with suppress(HTTPException, OSError):
            while left > 0 and (piece := stream.read(CHUNK)):
                left -= len(piece)

    response.call_on_close(drain)
    return response
