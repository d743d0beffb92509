from odoo import models

from ..engine import credential, observation

#: letters of a key that Odoo itself keeps readable, to find it by
PREFIX = 8


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        # Once per key and process: Odoo remembers which keys were right.
        uid = super()._check_credentials(scope=scope, key=key)
        if uid:
            credential.was_checked(self.env.cr.dbname, uid, f"key:{key[:PREFIX]}")
            observation.observe(
                self.env,
                "A",
                "res.users",
                [uid],
                user=uid,
                retention=observation.SECURITY,
                key=key[:PREFIX],
                scope=scope,
            )
        return uid
