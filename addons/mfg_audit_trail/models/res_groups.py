from odoo import _, api, models
from odoo.exceptions import ValidationError

#: rights of which nobody has two: who decides what is captured, who judges it, and who
#: holds the keys that prove it
ROLES = ("group_admin", "group_reviewer", "group_key_custodian")


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        """Roles of the audit trail stay apart, whatever group brings them."""
        groups = super().create(vals_list)
        groups._check_audit_roles()
        return groups

    def write(self, vals):
        """Roles of the audit trail stay apart, whatever group brings them."""
        result = super().write(vals)
        if "users" in vals or "implied_ids" in vals:
            self._check_audit_roles()
        return result

    @api.model
    def _check_audit_roles(self):
        """See that nobody has two roles of the audit trail.

        :raises ValidationError: somebody has
        """
        roles = [
            self.env.ref(f"mfg_audit_trail.{name}", raise_if_not_found=False)
            for name in ROLES
        ]
        if not all(roles):
            return  # the module is being installed
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT r.uid, array_agg(r.gid ORDER BY r.gid)
              FROM res_groups_users_rel r
              JOIN res_users u ON u.id = r.uid AND u.active
             WHERE r.gid = ANY(%s)
          GROUP BY r.uid
            HAVING COUNT(*) > 1
             LIMIT 1
            """,
            [[role.id for role in roles]],
        )
        found = self.env.cr.fetchone()
        if found:
            # Who gives rights need not be able to read what the message names.
            user = self.env["res.users"].sudo().browse(found[0])
            held = self.env["res.groups"].sudo().browse(found[1])
            raise ValidationError(
                _(
                    "%(user)s would be %(roles)s of the audit trail. These roles belong to"
                    " different people: take one of them away.",
                    user=user.name,
                    roles=_(" and ").join(held.mapped("name")),
                )
            )
