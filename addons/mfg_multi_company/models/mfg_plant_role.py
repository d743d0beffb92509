from odoo import api, fields, models


class MfgPlantRole(models.Model):
    """What somebody may do in a plant; beside Odoo's groups, which hold everywhere."""

    _name = "mfg.plant.role"
    _description = "Plant Role"
    _order = "sequence, code"
    _rec_names_search = ["code", "name"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Short name that gates and programs use.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True)
    assignment_ids = fields.One2many("mfg.plant.role.assignment", "role_id")
    assignment_count = fields.Integer(
        "People", compute="_compute_assignment_count", compute_sudo=False
    )

    _sql_constraints = [
        ("code_uniq", "unique(code)", "The code of a plant role must be unique."),
    ]

    @api.depends("assignment_ids.state")
    def _compute_assignment_count(self):
        counts = dict(
            self.env["mfg.plant.role.assignment"]._read_group(
                [("role_id", "in", self.ids), ("state", "=", "approved")],
                ["role_id"],
                ["__count"],
            )
        )
        for role in self:
            role.assignment_count = counts.get(role, 0)

    @api.model_create_multi
    def create(self, vals_list):
        roles = super().create(vals_list)
        self.env.registry.clear_cache()
        return roles

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def _holders(self, plant):
        """Who has the role in a plant today, or in the whole group.

        :param plant: ``mfg.plant``; empty asks for the whole group alone
        :return: ``res.users``
        """
        self.ensure_one()
        # As for ``res.users._mfg_role_periods``: assignments are not for everybody's eyes.
        rows = self.env["mfg.plant.role.assignment"].sudo()
        users = rows.search(
            [
                ("role_id", "=", self.id),
                ("state", "=", "approved"),
                ("plant_id", "in", [False, *plant.ids]),
            ]
        ).user_id
        return self.env["res.users"].browse(
            users.filtered(lambda user: user._mfg_has_role(self.code, plant)).ids
        )
