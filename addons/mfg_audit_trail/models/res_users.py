from odoo import models

from ..engine import credential


class ResUsers(models.Model):
    _inherit = "res.users"

    @classmethod
    def check(cls, db, uid, passwd):
        """Note what a call of the external API was sent with.

        :raises AccessDenied: as in Odoo
        """
        credential.expect()
        super().check(db, uid, passwd)
        credential.remember(db, uid, passwd)

    def _check_credentials(self, password, env):
        # Where a password was wrong and an API key right, the key notes itself.
        credential.expect()
        result = super()._check_credentials(password, env)
        credential.default(self.env.cr.dbname, self.env.uid)
        return result
