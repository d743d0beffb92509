from odoo.tests.common import HttpCase, tagged

from .test_alert import WatchCase


@tagged("post_install", "-at_install")
class TestTours(WatchCase, HttpCase):
    """The screens in a browser; an error on its console fails the test."""

    def _open_screens(self, user):
        self._emit()
        self._bury()
        self._pass(61)
        user.password = user.login
        self.start_tour(
            "/web#action=mfg_integration_queue.mfg_integration_monitor_action",
            "mfg_integration_queue_screens",
            login=user.login,
        )

    def test_plant_user_opens_the_screens(self):
        self._open_screens(self.viewer)

    def test_operator_opens_the_screens(self):
        self._open_screens(self.operator)
