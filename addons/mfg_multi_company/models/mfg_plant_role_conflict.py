from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgPlantRoleConflict(models.Model):
    """Two roles that one person should not have together."""

    _name = "mfg.plant.role.conflict"
    _description = "Conflict of Plant Roles"
    _order = "level, id"

    role_a_id = fields.Many2one(
        "mfg.plant.role", "Role", required=True, ondelete="cascade"
    )
    role_b_id = fields.Many2one(
        "mfg.plant.role", "Does Not Go with", required=True, ondelete="cascade"
    )
    scope = fields.Selection(
        [("plant", "In the Same Plant"), ("group", "Anywhere in the Group")],
        required=True,
        default="plant",
    )
    level = fields.Selection(
        [("block", "Forbidden"), ("warn", "With a Compensating Control")],
        required=True,
        default="block",
    )
    reason = fields.Char(translate=True, help="What could happen otherwise.")
    violation_count = fields.Integer(
        "People", compute="_compute_violation_count", help="Who has both today."
    )

    _sql_constraints = [
        (
            "not_itself",
            "CHECK (role_a_id <> role_b_id)",
            "A role does not conflict with itself. Choose two roles.",
        ),
    ]

    @api.constrains("role_a_id", "role_b_id")
    def _check_once(self):
        rows = self.search([])  # pylint: disable=no-search-all
        for row in self:
            pair = row.role_a_id | row.role_b_id
            if any(other.role_a_id | other.role_b_id == pair for other in rows - row):
                raise ValidationError(
                    _(
                        "The matrix already has a row for %(a)s and %(b)s.",
                        a=row.role_a_id.name,
                        b=row.role_b_id.name,
                    )
                )

    @api.depends("role_a_id", "role_b_id", "scope")
    def _compute_violation_count(self):
        for conflict in self:
            conflict.violation_count = len(conflict._violators())

    @api.depends("role_a_id", "role_b_id")
    def _compute_display_name(self):
        for conflict in self:
            conflict.display_name = (
                f"{conflict.role_a_id.name} / {conflict.role_b_id.name}"
            )

    @api.model
    def _of_role(self, role):
        """Rows of the matrix that name a role."""
        # The matrix binds everybody, also those who may not read it.
        return self.sudo().search(
            ["|", ("role_a_id", "=", role.id), ("role_b_id", "=", role.id)]
        )

    def _describe(self, other):
        """One sentence about the conflict with an assignment."""
        text = _(
            "%(user)s is %(role)s already, which conflicts with %(pair)s",
            user=other.user_id.name,
            role=other.role_id.name,
            pair=self.display_name,
        )
        return f"{text} ({self.reason})" if self.reason else text

    def _violators(self):
        """Approved assignments of this pair that one person has at the same time."""
        assignments = self.env["mfg.plant.role.assignment"]
        if not (self.role_a_id and self.role_b_id):
            return assignments
        found = assignments
        for assignment in assignments.search(
            [("state", "=", "approved"), ("role_id", "=", self.role_a_id.id)]
        ):
            for conflict, other in assignment._find_conflicts():
                if conflict == self._origin:
                    found |= assignment | other
        return found

    def action_view_violations(self):
        """Open the assignments that the row of the matrix finds fault with."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_plant_role_assignment_action"
        )
        return {**action, "domain": [("id", "in", self._violators().ids)]}
