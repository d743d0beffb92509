from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, ValidationError


class MfgPlantRoleAssignment(models.Model):
    """A person has a role in a plant for a while, because a second person agreed."""

    _name = "mfg.plant.role.assignment"
    _description = "Plant Role Assignment"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "user_id, role_id, id desc"
    _rec_name = "user_id"
    _decision_content = ("user_id", "role_id", "plant_id", "date_from", "date_to")

    user_id = fields.Many2one(
        "res.users",
        "Person",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('share', '=', False)]",
        tracking=True,
    )
    role_id = fields.Many2one(
        "mfg.plant.role", required=True, ondelete="restrict", tracking=True
    )
    plant_id = fields.Many2one(
        "mfg.plant",
        index=True,
        ondelete="restrict",
        tracking=True,
        help="Leave empty if the role holds in all plants of the group.",
    )
    company_id = fields.Many2one(
        related="plant_id.company_id", store=True, precompute=True
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: fields.Date.context_today(self),
        tracking=True,
    )
    date_to = fields.Date(
        "Until", tracking=True, help="Last day of the role; empty: open."
    )
    reason = fields.Text(help="Why the person needs the role.")
    compensating_control = fields.Text(
        help="What makes up for a conflict of roles that the matrix warns of, such as a "
        "monthly review by somebody else."
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("revoked", "Revoked"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    conflict_note = fields.Text(
        "Conflicts",
        compute="_compute_conflict_note",
        help="Other roles of the person that do not go with this one.",
    )

    @api.depends("user_id", "role_id", "plant_id", "date_from", "date_to", "state")
    def _compute_conflict_note(self):
        for assignment in self:
            assignment.conflict_note = "\n".join(
                conflict._describe(other)
                for conflict, other in assignment._find_conflicts()
            )

    @api.depends("user_id", "role_id", "plant_id")
    def _compute_display_name(self):
        for assignment in self:
            if not assignment.user_id or not assignment.role_id:
                assignment.display_name = _("New")  # not chosen yet
                continue
            where = assignment.plant_id.code or _("Group")
            assignment.display_name = (
                f"{assignment.user_id.name}: {assignment.role_id.name} ({where})"
            )

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for assignment in self:
            if assignment.date_to and assignment.date_to < assignment.date_from:
                raise ValidationError(
                    _("Until (%(date)s) is before From.", date=assignment.date_to)
                )

    # -- actions -----------------------------------------------------------------------

    def action_request(self):
        """Ask for approval.

        :raises ValidationError: the matrix forbids the combination
        """
        self._check_state("draft")
        self._check_conflicts()
        self._set_requested()

    def action_approve(self):
        """Let the roles count, as a second person with the right to approve.

        :raises AccessError: the user asked for it, gets it, or may not approve
        :raises ValidationError: the matrix forbids the combination by now
        """
        self._check_decision()
        self._meet_other_decisions()
        self._check_conflicts()
        self._decide("approved")

    def action_reject(self):
        """Decline the request."""
        self._check_decision()
        self._decide("rejected")

    def action_revoke(self):
        """Take the role away at once; asks for no second person."""
        self._check_state("approved")
        self.check_access_rights("read")
        self.check_access_rule("read")
        user = self.env.user
        if not (
            user.has_group("mfg_multi_company.group_configure")
            or user.has_group("mfg_multi_company.group_approve")
        ):
            raise AccessError(
                _("Taking roles away needs the right Configure or Approve.")
            )
        self._decide("revoked")

    def _deciders(self):
        return self._approvers_in(self.company_id) - self.user_id

    def _check_decision(self):
        self._check_state("requested")
        self.check_access_rights("read")
        self.check_access_rule("read")
        self._check_second_person()
        if not self.env.user.has_group("mfg_multi_company.group_approve"):
            raise AccessError(
                _("Deciding on roles needs the right Group Approval: Approve.")
            )
        if self.env.user in self.user_id:
            raise AccessError(_("Nobody decides on roles of their own."))

    def _decide(self, state):
        # Approvers write nothing but the decision, which the checks allowed.
        self.sudo()._set_decided(state)
        self.env.registry.clear_cache()

    def _meet_other_decisions(self):
        """Make two decisions on roles of one person at the same time collide.

        Each transaction would see the matrix respected; together they could break it.
        An update of all rows of the person lets the second one start over.
        """
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE mfg_plant_role_assignment SET write_date = write_date
             WHERE user_id = ANY(%s) AND state IN ('requested', 'approved')
            """,
            [self.user_id.ids],
        )

    # -- conflicts ---------------------------------------------------------------------

    def _overlaps(self, other):
        """Tell whether both hold on some day."""
        if self.date_to and self.date_to < other.date_from:
            return False
        return not (other.date_to and self.date_from and other.date_to < self.date_from)

    def _find_conflicts(self):
        """Pairs (row of the matrix, approved assignment) that speak against this one."""
        self.ensure_one()
        if not (self.user_id and self.role_id):
            return []
        # Roles in companies that the approver does not see conflict all the same.
        others = self.sudo().search(
            [
                ("user_id", "=", self.user_id.id),
                ("state", "=", "approved"),
                ("id", "not in", self._origin.ids),
            ]
        )
        if not others:
            return []
        matrix = self.env["mfg.plant.role.conflict"]._of_role(self.role_id)
        found = []
        by_role = defaultdict(list)
        for other in others:
            by_role[other.role_id].append(other)
        for conflict in matrix:
            role = (conflict.role_a_id | conflict.role_b_id) - self.role_id
            for other in by_role[role]:
                same_place = (
                    conflict.scope == "group"
                    or not (self.plant_id and other.plant_id)
                    or self.plant_id == other.plant_id
                )
                if same_place and self._overlaps(other):
                    found.append((conflict, other))
        return found

    def _check_conflicts(self):
        """:raises ValidationError: a combination is forbidden, or needs a control"""
        for assignment in self:
            for conflict, other in assignment._find_conflicts():
                if conflict.level == "block":
                    raise ValidationError(
                        _(
                            "%(user)s cannot become %(role)s: %(why)s. Revoke the other "
                            "role, or choose another person.",
                            user=assignment.user_id.name,
                            role=assignment.role_id.name,
                            why=conflict._describe(other),
                        )
                    )
                if not assignment.compensating_control:
                    raise ValidationError(
                        _(
                            "Fill in Compensating Control of %(record)s, because of: "
                            "%(why)s.",
                            record=assignment.display_name,
                            why=conflict._describe(other),
                        )
                    )
