from odoo import api, fields, models, tools


class MfgIntegrationErrorCode(models.Model):
    """What a technical failure means in business words, and what to do about it."""

    _name = "mfg.integration.error.code"
    _description = "Integration Error"
    _order = "code"

    code = fields.Char(required=True)
    name = fields.Char(string="What Happened", required=True, translate=True)
    suggestion = fields.Text(string="What to Do", translate=True)
    runbook = fields.Html(
        translate=True, help="Step by step, for whoever has to solve it."
    )

    _sql_constraints = [
        ("code_uniq", "unique(code)", "This error code exists already.")
    ]

    @api.model_create_multi
    def create(self, vals_list):
        """Forget the cached catalogue."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """Forget the cached catalogue."""
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Forget the cached catalogue."""
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _for_code(self, code):
        """Return the entry of a code; HTTP statuses without one of their own share that
        of their hundred (``HTTP-5xx``)."""
        ids = self._ids_by_code()
        return self.browse(ids.get(code) or ids.get(f"{(code or '')[:6]}xx"))

    @api.model
    @tools.ormcache()
    def _ids_by_code(self):
        # sudo: everyone who sees a message sees what its error means
        return {error.code: error.id for error in self.sudo().search([])}
