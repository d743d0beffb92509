from datetime import datetime, timezone

from odoo.exceptions import ValidationError
from odoo.tests.common import tagged

from .test_delivery import EngineCase


@tagged("post_install", "-at_install")
class TestBatchWindow(EngineCase):
    """Batch messages keep to the times agreed, in the plant's own time."""

    def _window(self, **values):
        return self.env["mfg.integration.batch.window"].create(
            {"endpoint_id": self.endpoint.id, **values}
        )

    def _are_open(self, *moment):
        settings = self.env["mfg.integration.endpoint"]._dispatch_settings()
        hours = settings.endpoints[self.endpoint.id].batch_hours
        return hours.are_open(datetime(*moment, tzinfo=timezone.utc))

    def test_without_windows_at_any_time(self):
        self.assertTrue(self._are_open(2026, 3, 2, 3, 0))

    def test_window_is_in_the_time_of_the_company(self):
        self.company.partner_id.tz = "Europe/Vienna"
        self._window(weekday="0", hour_from=22, hour_to=23.5)  # Mondays
        self.assertEqual(self.endpoint.batch_zone, "Europe/Vienna")
        self.assertTrue(self._are_open(2026, 3, 2, 21, 0), "22:00 in winter")
        self.assertFalse(self._are_open(2026, 3, 2, 22, 30), "the end is not in it")
        self.assertFalse(self._are_open(2026, 3, 3, 21, 0), "a Tuesday")
        self.assertTrue(self._are_open(2026, 7, 6, 20, 0), "22:00 in summer")

    def test_window_over_midnight_takes_two_lines(self):
        self._window(hour_from=22, hour_to=24)
        self._window(hour_from=0, hour_to=5)
        for hour, is_open in (
            (21, False),
            (22, True),
            (23, True),
            (4, True),
            (5, False),
        ):
            self.assertEqual(self._are_open(2026, 3, 2, hour, 59), is_open)
        with self.assertRefused(ValidationError, "two lines"):
            self._window(hour_from=22, hour_to=5)
