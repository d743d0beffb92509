from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessDenied
from odoo.http import request

from ..engine import credential, observation


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.constrains("groups_id")
    def _check_audit_roles(self):
        self.env["res.groups"]._check_audit_roles()

    @classmethod
    def _login(cls, db, login, password, user_agent_env):
        """Record who logged in, and who tried to."""
        before = cls._login_failures()
        try:
            uid = super()._login(db, login, password, user_agent_env)
        except AccessDenied:
            cls._observe_login("F", before, login=login)
            raise
        cls._observe_login("L", before, user=uid, ids=[uid], login=login)
        return uid

    @classmethod
    def check(cls, db, uid, passwd):
        """Note what a call of the external API was sent with, and who was refused.

        :raises AccessDenied: as in Odoo
        """
        before = cls._login_failures()
        credential.expect()
        try:
            res = super().check(db, uid, passwd)
        except AccessDenied:
            cls._observe_login("F", before, ids=[uid])
            raise
        credential.remember(db, uid, passwd)
        return res

    @classmethod
    def _login_failures(cls):
        """Failed attempts from this address so far, and when the last one was."""
        failures = getattr(cls.pool, "_login_failures", None) or {}
        return failures.get(request.httprequest.remote_addr) if request else None

    @classmethod
    def _observe_login(cls, operation, before, user=0, **known):
        # Odoo keeps the transaction of a login to itself and rolls a failed one back.
        with cls.pool.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if before and env["res.users"]._on_login_cooldown(*before):
                known["outcome"] = "locked"
            observation.write(
                env,
                operation,
                "res.users",
                user=user,
                retention=observation.SECURITY,
                **known,
            )

    def _check_credentials(self, password, env):
        # Where a password was wrong and an API key right, the key notes itself.
        credential.expect()
        result = super()._check_credentials(password, env)
        credential.default(self.env.cr.dbname, self.env.uid)
        return result
