from odoo.http import request, route

from odoo.addons.web.controllers import session

from ..engine import observation


def observe():
    """Record who leaves, while it is known."""
    uid = request.session.uid
    if request.db and uid:
        observation.observe(
            request.env(user=uid),
            "O",
            "res.users",
            [uid],
            user=uid,
            retention=observation.SECURITY,
        )


class Session(session.Session):
    @route()
    def destroy(self):
        """Record the logout."""
        observe()
        return super().destroy()

    @route()
    def logout(self, redirect="/web"):
        """Record the logout."""
        observe()
        return super().logout(redirect=redirect)
