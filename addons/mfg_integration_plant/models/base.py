from odoo import SUPERUSER_ID, models


class Base(models.AbstractModel):
    """Below every way to change a record: what triggers of messages look at.

    A change of a model without triggers costs one look-up in a cache.
    """

    _inherit = "base"

    def _write(self, vals):
        # Everything that reaches the database comes by here, computed or assigned.
        fields = self._mfg_trigger_fields()
        if fields and (watched := fields & vals.keys()):
            self.env["mfg.integration.trigger"]._note_changes(
                self, {name: vals[name] for name in watched}
            )
        return super()._write(vals)

    def _create(self, data_list):
        records = super()._create(data_list)
        if fields := self._mfg_trigger_fields():
            self.env["mfg.integration.trigger"]._note_created(records, fields)
        return records

    def _mfg_trigger_fields(self):
        # While modules are loaded the table of the triggers may not exist yet.
        if not self.pool.ready and self.env.uid == SUPERUSER_ID:
            return None
        return self.env["mfg.integration.trigger"]._watched().get(self._name)
