from odoo import models
from odoo.http import request

from ..engine import context


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, arguments):
        """Attribute the request before anything of it is done.

        Reading pages (GET) write little: their first write through the ORM attributes them.
        """
        if request.httprequest.method != "GET":
            context.prepare(request.env)
        return super()._pre_dispatch(rule, arguments)
