from odoo.tests import TransactionCase, tagged

from . import bypass


@tagged("post_install", "-at_install")
class TestBypass(TransactionCase):
    """The registry of attempts; ``./mfg faults hold`` makes them, too."""

    def test_no_attempt_gets_past_a_hold(self):
        result = bypass.run(self.env, every_user=False)
        self.assertFalse(result["leaked"], "attempts that got past a hold")
        self.assertFalse(result["void"], "attempts that prove nothing")
        self.assertFalse(result["crashed"], "attempts that failed for other reasons")
        self.assertGreaterEqual(len(result["attempts"]), 54)

    def test_every_path_and_channel_is_tried(self):
        paths = {attempt.path for attempt in bypass.ATTEMPTS}
        guards = {"H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H11", "3.2"}
        held = {"3.3 order", "3.3 work order", "3.3 receipt"}
        self.assertEqual(paths, guards | held)
        channels = {attempt.channel for attempt in bypass.ATTEMPTS}
        self.assertEqual(channels, set(bypass.CHANNELS))
