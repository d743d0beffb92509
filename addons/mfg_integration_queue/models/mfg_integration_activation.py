import logging

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.wakeup import SETTINGS, notify_after_commit

_logger = logging.getLogger(__name__)

# The server's identifier survives restarts and fail-over, not a new server; the number of
# the database does not survive a copy or a restore; Odoo draws a new uuid for its copies.
_FINGERPRINT = """
    SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
           (SELECT oid::text FROM pg_database
             WHERE datname = current_database()) AS database_oid,
           COALESCE((SELECT value FROM ir_config_parameter
                      WHERE key = 'database.uuid'), '') AS database_uuid,
           current_database()::text AS database_name
"""
_IDENTITY = ("system_identifier", "database_oid", "database_uuid")


class MfgIntegrationActivation(models.Model):
    """Which database may talk to other systems: the one an administrator activated.

    A copy or a restored backup holds messages that the original sends, too. It is known by
    its fingerprint and sends nothing until somebody answers for it.
    """

    _name = "mfg.integration.activation"
    _description = "Integration Activation"
    _order = "id desc"
    _rec_name = "database_name"

    database_name = fields.Char(string="Database", required=True, readonly=True)
    system_identifier = fields.Char(
        string="Database Server", required=True, readonly=True
    )
    database_oid = fields.Char(string="Database Number", required=True, readonly=True)
    database_uuid = fields.Char(string="Odoo's Database Id", readonly=True)
    backlog = fields.Selection(
        [("send", "Sent"), ("cancel", "Given up")],
        string="Waiting Messages",
        readonly=True,
    )
    note = fields.Text(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Activated by", required=True, readonly=True
    )
    create_date = fields.Datetime(string="Activated", readonly=True)

    def init(self):
        """Whoever installs the module activates the database it is installed in."""
        self.env.cr.execute("SELECT FROM mfg_integration_activation LIMIT 1")
        if not self.env.cr.rowcount:
            self.env.cr.execute(
                f"""
                INSERT INTO mfg_integration_activation
                       (system_identifier, database_oid, database_uuid, database_name,
                        note, user_id, create_uid, create_date)
                SELECT f.*, 'Installation', %(uid)s, %(uid)s, timezone('UTC', now())
                  FROM ({_FINGERPRINT}) f
                """,
                {"uid": self.env.uid},
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Activations come from the dialog only."""
        if not self.env.su:
            raise AccessError(_("Use “Activate” in the notice above the messages."))
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        """Who activated what stays as it is."""
        raise UserError(_("An activation is a record of what happened."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("An activation is a record of what happened."))

    @api.model
    def _fingerprint(self):
        """Return the values that tell this database from every other."""
        self.env.cr.execute(_FINGERPRINT)
        return self.env.cr.dictfetchone()

    @api.model
    def _is_active(self):
        """Tell whether this very database was activated, and by the last activation."""
        # sudo: the workers ask, and everybody whose messages wait
        last = self.sudo().search([], limit=1)
        here = self._fingerprint()
        active = all((last[name] or "") == here[name] for name in _IDENTITY)
        if not active:
            _logger.info(
                "Nothing is sent from %s: an administrator has to activate it",
                here["database_name"],
            )
        return active

    @api.model
    def _activate(self, note, backlog):
        """Let this database talk to other systems.

        :param backlog: what to do with the messages that wait: ``send`` or ``cancel``
        """
        if backlog == "cancel":
            self._cancel_backlog()
        # sudo: by this method only; its callers have checked the rights
        self.sudo().create(
            {
                **self._fingerprint(),
                "backlog": backlog,
                "note": note,
                "user_id": self.env.uid,
            }
        )
        notify_after_commit(self.env.cr, SETTINGS)

    @api.model
    def _cancel_backlog(self):
        # What is dead already waits for a decision of its own.
        self.env.cr.execute(
            "SELECT id FROM mfg_integration_delivery WHERE dead_id IS NULL"
        )
        ids = [id_ for (id_,) in self.env.cr.fetchall()]
        # sudo: the messages of every company
        self.env["mfg.integration.delivery"].sudo().browse(ids)._cancel(
            _("Given up when the database was activated")
        )
