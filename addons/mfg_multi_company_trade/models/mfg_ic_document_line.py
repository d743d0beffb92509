from odoo import models
from odoo.tools import float_compare

from odoo.addons.mfg_multi_company.engine.ledger import ledger


class MfgIcDocumentLine(models.AbstractModel):
    """A line of an order that may be one side of an intercompany flow."""

    _name = "mfg.ic.document.line"
    _description = "Line of a document of an intercompany flow"

    def _mfg_ic_changed(self, values, agreed):
        """Lines the other side relies on that would change, unless both sides agreed.

        :param dict values: what is about to be written
        :param set agreed: names of the fields that both sides agreed on
        """
        touched = agreed & set(values)
        if not touched or ledger(self.env.cr).agreeing:
            return self.browse()
        held = self.order_id._mfg_ic_held()
        return self.filtered(
            lambda line: (
                line.order_id in held
                and any(line._mfg_ic_differs(name, values[name]) for name in touched)
            )
        )

    def _mfg_ic_differs(self, name, value):
        if self._fields[name].type == "many2one":
            return self[name].id != value
        return bool(float_compare(self[name], value or 0, precision_digits=6))
