import json
import logging

import psycopg2
from werkzeug.exceptions import HTTPException

from odoo.http import HttpDispatcher, Response

from ..engine.problem import MEDIA_TYPE, Problem

_logger = logging.getLogger(__name__)

PREFIX = "/mfg_integration/v1/"


def problem_response(problem):
    """Return a :class:`Problem` as HTTP response."""
    return Response(
        json.dumps(problem.body(), ensure_ascii=False),
        status=problem.status,
        headers=problem.headers,
        content_type=MEDIA_TYPE,
    )


class InboundDispatcher(HttpDispatcher):
    """Routes for programs: the body stays unread and every refusal is a problem document.

    Odoo's own dispatcher reads forms of any size before a route is asked, and answers with
    HTML.
    """

    routing_type = "mfg_integration"

    @classmethod
    def is_compatible_with(cls, request):
        """Only our own routes; other routes' error messages need not name this type."""
        return request.httprequest.path.startswith(PREFIX)

    def dispatch(self, endpoint, args):
        """Call the route with the arguments of its path only."""
        self.request.params = dict(args)
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        """Answer what no route foresaw."""
        if isinstance(exc, HTTPException):
            return exc
        retry_after = 1 if isinstance(exc, psycopg2.Error) else 60
        return problem_response(Problem("IN-503", retry_after=retry_after))
