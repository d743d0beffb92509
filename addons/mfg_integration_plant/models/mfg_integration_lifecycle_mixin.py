from odoo import api, fields, models


class MfgIntegrationLifecycleMixin(models.AbstractModel):
    """A document whose form shows where it stands in its life."""

    _name = "mfg.integration.lifecycle.mixin"
    _description = "Document with a Lifecycle"

    #: model that yields the steps
    _mfg_lifecycle_model = None

    mfg_lifecycle = fields.Json(
        string="Lifecycle",
        compute="_compute_mfg_lifecycle",
        help="What is done, what is late and whose turn it is.",
    )

    # What a step depends on lies all over the database: it is worked out at each reading.
    @api.depends_context("uid", "lang")
    def _compute_mfg_lifecycle(self):
        lifecycle = self.env[self._mfg_lifecycle_model]
        for document in self:
            # a form that was not saved has no life yet
            saved = isinstance(document.id, int)
            document.mfg_lifecycle = lifecycle._of(document) if saved else []
