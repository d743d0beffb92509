from odoo import api, models

from ..engine import context, refusal


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        """Attribute what is written; see :mod:`..engine.context`."""
        context.attribute(self.env)
        if context.REASON_KEY not in self.env.context:
            return super().create(vals_list)
        with context.reason(self.env):
            return super().create(vals_list)

    def write(self, vals):
        """Attribute what is written; see :mod:`..engine.context`."""
        context.attribute(self.env)
        if context.REASON_KEY not in self.env.context:
            return super().write(vals)
        with context.reason(self.env):
            return super().write(vals)

    def unlink(self):
        """Attribute what is deleted; see :mod:`..engine.context`."""
        context.attribute(self.env)
        if context.REASON_KEY not in self.env.context:
            return super().unlink()
        with context.reason(self.env):
            return super().unlink()

    @api.model
    def load(self, fields, data):
        """An import is told apart from what else happens on a screen."""
        if not self.pool.ready:
            return super().load(fields, data)
        with context.part(
            self.env, origin="import", file=context.import_file(self.env)
        ):
            return super().load(fields, data)

    def _write(self, vals):
        # What is written late, at a flush after a commit, has its first write here.
        context.attribute(self.env)
        with refusal.explained(self.env):
            return super()._write(vals)

    @api.model
    def _create(self, data_list):
        with refusal.explained(self.env):
            return super()._create(data_list)
