from odoo import _, api, fields, models
from odoo.exceptions import AccessError


class MfgIntegrationActivate(models.TransientModel):
    """Asks for what has to be thought of before a copy may talk to other systems."""

    _name = "mfg.integration.activate"
    _description = "Activate This Database"

    database_name = fields.Char(
        string="This Database", compute="_compute_database_name"
    )
    activated_name = fields.Char(
        string="Activated Before", compute="_compute_database_name"
    )
    waiting = fields.Integer(string="Waiting Messages", compute="_compute_waiting")
    backlog = fields.Selection(
        [
            ("cancel", "Give them up: the original sends them"),
            ("send", "Send them: there is no other database any more"),
        ],
        string="What Waits",
        required=True,
    )
    note = fields.Text(
        string="Reason",
        required=True,
        help="Why this database may talk to other systems, e.g. server moved.",
    )

    @api.depends_context("uid")
    def _compute_database_name(self):
        activations = self.env["mfg.integration.activation"]
        last = activations.search([], limit=1)
        for wizard in self:
            wizard.database_name = activations._fingerprint()["database_name"]
            wizard.activated_name = last.database_name

    @api.depends_context("uid")
    def _compute_waiting(self):
        self.env.cr.execute(
            "SELECT count(*) FROM mfg_integration_delivery WHERE dead_id IS NULL"
        )
        self.waiting = self.env.cr.fetchone()[0]

    def action_activate(self):
        """Let this database talk to other systems, as an administrator of the queue.

        :raises AccessError: somebody else asks
        """
        self.ensure_one()
        if not self.env.user.has_group("mfg_integration_queue.group_administrator"):
            raise AccessError(
                _("Only integration administrators can activate a database.")
            )
        self.env["mfg.integration.activation"]._activate(self.note, self.backlog)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
