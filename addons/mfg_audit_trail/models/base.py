from odoo import api, models

from ..engine import context


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

    def _write(self, vals):
        # What is written late, at a flush after a commit, has its first write here.
        context.attribute(self.env)
        return super()._write(vals)
