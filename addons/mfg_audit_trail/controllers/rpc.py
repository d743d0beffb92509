import xmlrpc.client

from odoo import api, registry
from odoo.exceptions import AccessError
from odoo.http import request, route

from odoo.addons.base.controllers import rpc

from ..engine import observation


def observe(arguments, error):
    """Record what a call of the external API was refused.

    :param arguments: database, user, password, model, method and what the method got; the
        password was right, or the call would not have come as far as that
    :param AccessError error: what it was told
    """
    if len(arguments) < 5:
        return
    database, uid, _password, model, method = arguments[:5]
    with registry(database).cursor() as cr:
        env = api.Environment(cr, int(uid), {})
        observation.refused(env, env.uid, model, method, error)


class RPC(rpc.RPC):
    def _xmlrpc(self, service):
        try:
            return super()._xmlrpc(service)
        except AccessError as error:
            observe(xmlrpc.client.loads(request.httprequest.get_data())[0], error)
            raise

    @route()
    def jsonrpc(self, service, method, args):
        """Record what is refused; see :func:`observe`."""
        try:
            return super().jsonrpc(service, method, args)
        except AccessError as error:
            observe(args, error)
            raise
