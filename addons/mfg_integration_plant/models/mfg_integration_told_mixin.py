from odoo import _, models
from odoo.exceptions import UserError


def declared(records, attribute):
    """Return what the classes of a model declare, those of all modules in one.

    :param str attribute: ``_mfg_messages`` or ``_mfg_collections``
    :return: {code of an interface: function}; of two modules the later one decides
    """
    found = {}
    for part in reversed(type(records).__mro__):
        found.update(vars(part).get(attribute, {}))
    return found


class MfgIntegrationToldMixin(models.AbstractModel):
    """A record that canonical messages are about; see ``contracts/``.

    Each module that inherits a document declares its own messages and no others.
    """

    _name = "mfg.integration.told.mixin"
    _description = "Told by Plant Messages"

    #: code of an interface → function that returns its payload for one record
    _mfg_messages = {}
    #: code of an interface → function that sums several records up in its messages; takes
    #: the records and company → whether somebody listens, yields (record the message is
    #: about, company, payload, ordering key)
    _mfg_collections = {}

    def _mfg_integration_payload(self, interface_code):
        """Return the payload of ``interface_code`` for this record.

        :param str interface_code: key of ``_mfg_messages``
        :return: JSON-ready dict
        :raises UserError: there is no such message about records of this kind
        """
        self.ensure_one()
        build = declared(self, "_mfg_messages").get(interface_code)
        if build is None:
            raise UserError(
                _(
                    "Nothing says what “%(code)s” tells about %(kind)s: give its trigger the "
                    "values of the message.",
                    code=interface_code,
                    kind=self._description,
                )
            )
        # sudo: who changes a document need not see all that its message tells, and the
        # message must not depend on who clicked: neither on the language nor on anything
        # else in the context, which callers over RPC choose.
        return build(self.with_env(self.env(context={})).sudo())
