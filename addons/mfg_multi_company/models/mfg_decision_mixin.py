from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.ledger import ledger


class MfgDecisionMixin(models.AbstractModel):
    """Somebody asks, somebody else decides; what was asked for is fixed meanwhile.

    A model that inherits this adds its own ``state`` and names its first value.
    """

    _name = "mfg.decision.mixin"
    _description = "Asked by one person, decided by another"

    # State in which others are asked to decide.
    _asked_state = "requested"
    # State of a new record; contents may change in these states alone.
    _first_state = "draft"
    _open_states = ("draft",)
    # Fields that a decision stands for.
    _decision_content = ()
    # Written by actions alone, by whomever and with whatever rights.
    _decision_fields = (
        "state",
        "requested_by_id",
        "requested_on",
        "decided_by_id",
        "decided_on",
    )

    requested_by_id = fields.Many2one(
        "res.users", "Requested by", readonly=True, copy=False
    )
    requested_on = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one(
        "res.users", "Decided by", readonly=True, copy=False
    )
    decided_on = fields.Datetime(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        if not ledger(self.env.cr).in_transition:
            if any(
                vals.get(name) for vals in vals_list for name in self._decision_fields
            ):
                self._refuse_direct_change()
            # Named here, so that no default of the caller's context takes effect.
            first = dict.fromkeys(self._decision_fields, False)
            first["state"] = self._first_state
            vals_list = [{**vals, **first} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not ledger(self.env.cr).in_transition:
            if any(name in vals for name in self._decision_fields):
                self._refuse_direct_change()
            fixed = [name for name in self._decision_content if name in vals]
            if fixed:
                self._check_open(fixed)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_open_only(self):
        for record in self:
            if record.state not in self._open_states:
                raise UserError(
                    _(
                        "%(record)s stays on record, because it was asked for. "
                        "Reject, cancel or end it instead.",
                        record=record.display_name,
                    )
                )

    def _refuse_direct_change(self):
        raise AccessError(
            _(
                "State, requester and decision of a %(document)s change through its "
                "buttons only.",
                document=self._description,
            )
        )

    def _check_open(self, names):
        """:raises UserError: a field that a decision stands for would change"""
        for record in self:
            if record.state not in self._open_states:
                raise UserError(
                    _(
                        "%(fields)s of %(record)s cannot change any more: others rely on "
                        "what was asked for. Make a new one.",
                        fields=", ".join(self._fields[name].string for name in names),
                        record=record.display_name,
                    )
                )

    def _transit(self, **vals):
        """Change state and whatever follows from it."""
        answered = self.browse()
        if vals.get("state", self._asked_state) != self._asked_state:
            answered = self.filtered(lambda each: each.state == self._asked_state)
        with ledger(self.env.cr).transition():
            self.write(vals)
        # They are on the lists of others, which who asks or decides may not write.
        answered.sudo().activity_ids.unlink()

    def _set_requested(self):
        """Note that the user of the environment asks for a decision, and ask for it."""
        self._transit(
            state=self._asked_state,
            requested_by_id=self.env.uid,
            requested_on=fields.Datetime.now(),
        )
        self._ask_deciders()

    def _ask_deciders(self):
        """Put the records on the lists of activities of those who may decide."""
        for record in self:
            # Without mail: it would need an address of whoever asks.
            asked = record.with_context(mail_activity_quick_update=True)
            for user in record._deciders() - record.requested_by_id - record.create_uid:
                asked.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=record._question(),
                    user_id=user.id,
                )

    def _deciders(self):
        """``res.users`` who are asked to decide."""
        return self.env["res.users"]

    def _question(self):
        """What they are asked, in a few words."""
        return _("Decide on %(document)s", document=self.display_name)

    @api.model
    def _approvers_in(self, companies):
        """``res.users`` with the right to approve in one of the companies; in any, if there
        are none."""
        # Whom to ask is no secret.
        users = self.env.ref("mfg_multi_company.group_approve").sudo().users
        return users.filtered(
            lambda user: not companies or user.company_ids & companies
        )

    def _set_decided(self, state):
        """Note that the user of the environment has decided."""
        self._transit(
            state=state, decided_by_id=self.env.uid, decided_on=fields.Datetime.now()
        )

    def _check_state(self, *states):
        """:raises UserError: a record is in none of the states"""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for record in self:
            if record.state not in states:
                raise UserError(
                    _(
                        "%(record)s is in state %(state)s. This needs: %(wanted)s.",
                        record=record.display_name,
                        state=labels.get(record.state, record.state),
                        wanted=", ".join(labels[state] for state in states),
                    )
                )

    def _check_second_person(self):
        """Whoever asked does not decide, whatever rights that person has.

        :raises AccessError: the user created or requested a record, or is no person
        """
        if self.env.uid == SUPERUSER_ID:
            raise AccessError(_("A decision is taken by a person, not by the system."))
        for record in self:
            if self.env.user in record.requested_by_id | record.create_uid:
                raise AccessError(
                    _(
                        "You asked for %(record)s. Another person must decide.",
                        record=record.display_name,
                    )
                )
