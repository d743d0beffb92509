from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request

from ..engine import context, observation


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Attribute the request before anything of it is done.

        Reading pages (GET) write little: their first write through the ORM attributes them.
        """
        if not request.env["mfg.audit.rule"]._is_capturing():
            return super()._dispatch(endpoint)
        with context.work(**context.request_work()):
            if request.httprequest.method != "GET":
                context.prepare(request.env)
            return super()._dispatch(endpoint)

    @classmethod
    def _handle_error(cls, exception):
        """Record what somebody was refused."""
        if isinstance(exception, AccessError) and request.db:
            asked = request.params or {}
            observation.refused(
                request.env,
                request.session.uid,
                asked.get("model"),
                asked.get("method"),
                exception,
            )
        return super()._handle_error(exception)
