from odoo import _, api, fields, models
from odoo.exceptions import AccessError


class MfgIntegrationActivate(models.TransientModel):
    """Asks for what has to be thought of before a copy may talk to other systems."""

    _name = "mfg.integration.activate"
    _description = "Activate This Database"

    database_name = fields.Char(
        string="This Database",
        readonly=True,
        default=lambda self: self.env.cr.dbname,
    )
    activated_name = fields.Char(
        string="Activated Before",
        readonly=True,
        default=lambda self: self._default_activated_name(),
    )
    waiting = fields.Integer(
        string="Waiting Messages",
        readonly=True,
        default=lambda self: self._default_waiting(),
    )
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

    @api.model
    def _default_activated_name(self):
        return self.env["mfg.integration.activation"].search([], limit=1).database_name

    @api.model
    def _default_waiting(self):
        self.env.cr.execute(
            "SELECT count(*) FROM mfg_integration_delivery WHERE dead_id IS NULL"
        )
        return self.env.cr.fetchone()[0]

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
