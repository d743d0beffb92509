from odoo import fields, models, tools


class ResUsers(models.Model):
    _inherit = "res.users"

    def _mfg_has_role(self, code, plant=None):
        """Tell whether the user has a plant role today.

        The groups of the user are not asked: they hold in all companies alike.

        :param str code: of a ``mfg.plant.role``
        :param plant: ``mfg.plant``; empty asks for the role in the whole group
        :return: bool
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        return any(
            (not place or (plant and place == plant.id))
            and first <= today
            and (not last or today <= last)
            for place, first, last in self._mfg_role_periods(self.id, code)
        )

    @tools.ormcache("user_id", "code")
    def _mfg_role_periods(self, user_id, code):
        """Tuples (plant id or False, first day, last day or False) of approved assignments."""
        # Gates ask on behalf of people who may not see assignments.
        rows = (
            self.env["mfg.plant.role.assignment"]
            .sudo()
            .search(
                [
                    ("user_id", "=", user_id),
                    ("role_id.code", "=", code),
                    ("state", "=", "approved"),
                    "|",
                    ("plant_id", "=", False),
                    ("plant_id.state", "=", "active"),
                ]
            )
        )
        return tuple((row.plant_id.id, row.date_from, row.date_to) for row in rows)
