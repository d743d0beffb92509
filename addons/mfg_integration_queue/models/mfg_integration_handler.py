from odoo import _, api, models, tools


class MfgIntegrationHandler(models.AbstractModel):
    """What happens with a message that came in. One model per message type::

        class StockReceiptHandler(models.AbstractModel):
            _name = "mfg.integration.handler.stock.receipt"
            _inherit = "mfg.integration.handler"
            _description = "Handler of stock.receipt"
            _message_type = "stock.receipt"

            def _handle(self, payload, message):
                picking = self.env["stock.picking"].create(...)
                message.link(picking)
                return {"picking": picking.name}

    It runs as the service user of the sending system, in the system's company only, inside
    one transaction with the idempotency key and the result. ``UserError`` and its kin mean:
    a person has to look at it. :class:`..engine.not_yet.NotYet` means: it came before
    another message that it needs. Any other exception means: try again later.
    """

    _name = "mfg.integration.handler"
    _description = "Inbound Message Handler"

    #: code of the interface whose messages the model handles
    _message_type = None
    #: name that handlers share whose messages are kept in order among each other
    _conversation = None

    @api.model
    def _handle(self, payload, message):
        """Do what the message asks for.

        :param dict payload: valid under the approved contract
        :param message: :class:`..engine.inbound_message.InboundMessage`; its ``link()``
            notes the documents that came out of it
        :return: dict for the sender's status page, JSON values only
        """
        raise NotImplementedError(
            _("%(model)s does not say what to do.", model=self._name)
        )

    @api.model
    def _ordering_key(self, payload):
        """Return the key whose messages are processed one after the other.

        Asked when the sender gives none. Default: all messages of one system over one
        interface stay in order.
        """
        return ""

    @api.model
    def _for_type(self, message_type):
        """Return the handler model of a message type, or None."""
        name = self._names_by_type().get(message_type)
        return self.env[name] if name else None

    @api.model
    @tools.ormcache()
    def _names_by_type(self):
        names = self.pool.descendants(["mfg.integration.handler"], "_inherit")
        return {
            self.env[name]._message_type: name
            for name in sorted(names)
            if self.env[name]._message_type
        }
