from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgAuditRemoval(models.Model):
    """One person asks for the trail's removal, another one agrees."""

    _name = "mfg.audit.removal"
    _description = "Removal of the Audit Trail"
    _order = "id desc"
    _rec_name = "reason"
    _valid_hours = 24

    reason = fields.Char(required=True)
    create_uid = fields.Many2one("res.users", string="Asked By", readonly=True)
    create_date = fields.Datetime(string="Asked On", readonly=True)
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        """A request begins without agreement, whatever the values say."""
        # Named, so that no default of the caller's context stands for an agreement.
        none_yet = {"approved_by_id": False, "approved_on": False}
        return super().create(
            [{"reason": vals.get("reason"), **none_yet} for vals in vals_list]
        )

    def write(self, vals):  # pylint: disable=method-required-super
        """Requests do not change; :meth:`action_approve` is the only way on.

        :raises UserError: always
        """
        raise UserError(_("A request for removal cannot be changed: make another one."))

    def action_approve(self):
        """Agree to somebody else's request.

        :raises AccessError: the user is no audit administrator
        :raises UserError: it is the user's own
        """
        self.check_access_rights("write")
        for request in self:
            if request.create_uid == self.env.user:
                raise UserError(
                    _(
                        "You asked for the removal yourself: another audit administrator"
                        " has to agree."
                    )
                )
        return super().write(  # pylint: disable=super-method-mismatch
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now()}
        )

    @api.model
    def _approved(self):
        """The request that somebody else agreed to a short while ago, or none."""
        since = fields.Datetime.now() - relativedelta(hours=self._valid_hours)
        # Whoever uninstalls modules need not be an audit administrator.
        requests = self.sudo().search([("approved_on", ">=", since)])
        return requests.filtered(lambda each: each.approved_by_id != each.create_uid)[
            :1
        ]
