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
            uid, model, method = cls._audit_asked()
            observation.observe(
                request.env,
                "N",
                model if isinstance(model, str) and model in request.env else None,
                once=str(exception),
                user=uid,
                retention=observation.SECURITY,
                path=request.httprequest.path,
                method=method,
                message=str(exception),
            )
        return super()._handle_error(exception)

    @classmethod
    def _audit_asked(cls):
        """User, model and method that the request is about, None where it does not say."""
        asked = request.params or {}
        arguments = asked.get("args")
        if asked.get("service") == "object" and len(arguments or ()) > 4:
            # database, user, password, model, method; the password was right by now
            return arguments[1], arguments[3], arguments[4]
        return request.session.uid, asked.get("model"), asked.get("method")
