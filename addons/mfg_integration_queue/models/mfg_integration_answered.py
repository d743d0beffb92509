from odoo import api, fields, models

from ..engine import problem


class MfgIntegrationAnswered(models.AbstractModel):
    """Something the other side answered, for people and as it was received."""

    _name = "mfg.integration.answered"
    _description = "Answer of Another System"

    excerpt = fields.Text(string="Answer as Received", readonly=True)
    answer = fields.Text(
        compute="_compute_answer",
        help="What it says in words, if it is a problem document.",
    )

    @api.depends("excerpt")
    def _compute_answer(self):
        for answered in self:
            answered.answer = problem.gist(answered.excerpt)
