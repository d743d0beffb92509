from odoo import models

from ..engine import credential

#: letters of a key that Odoo itself keeps readable, to find it by
PREFIX = 8


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        uid = super()._check_credentials(scope=scope, key=key)
        if uid:
            credential.was_checked(self.env.cr.dbname, uid, f"key:{key[:PREFIX]}")
        return uid
