from odoo import models
from odoo.http import request

from ..engine import context


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
