from odoo.tests.common import BaseCase, tagged

from ..engine.outcome import RetrySchedule, Verdict, classify
from ..engine.problem import gist


@tagged("post_install", "-at_install")
class TestOutcome(BaseCase):
    """What an answer means, and how long we wait."""

    def test_answers(self):
        for status, verdict in (
            (200, Verdict.DELIVERED),
            (202, Verdict.DELIVERED),
            (204, Verdict.DELIVERED),
            (301, Verdict.DEAD),
            (307, Verdict.DEAD),
            (400, Verdict.DEAD),
            (401, Verdict.DEAD),
            (404, Verdict.DEAD),
            (408, Verdict.RETRY),
            (410, Verdict.GONE),
            (422, Verdict.DEAD),
            (425, Verdict.RETRY),
            (429, Verdict.RETRY),
            (500, Verdict.RETRY),
            (503, Verdict.RETRY),
        ):
            with self.subTest(status=status):
                self.assertEqual(classify(status)[0], verdict)

    def test_delays_grow_and_the_last_one_repeats(self):
        schedule = RetrySchedule((5, 30, 120), max_attempts=6, jitter=0)
        self.assertEqual(
            [schedule.delay(attempts) for attempts in range(1, 7)],
            [5, 30, 120, 120, 120, None],
        )

    def test_jitter_stays_within_its_bounds(self):
        schedule = RetrySchedule((100,), max_attempts=9, jitter=0.2)
        delays = {schedule.delay(1) for _turn in range(200)}
        self.assertGreater(len(delays), 1)
        self.assertTrue(all(80 <= delay <= 120 for delay in delays))

    def test_retry_after_counts_within_our_own_bounds(self):
        schedule = RetrySchedule((5, 30, 120), max_attempts=9, jitter=0)
        self.assertEqual(schedule.delay(1, retry_after=60), 60)
        self.assertEqual(schedule.delay(1, retry_after=1), 5, "never hammers")
        self.assertEqual(schedule.delay(1, retry_after=86400), 120, "never parks")

    def test_refusals_are_told_in_words(self):
        for answer, words in (
            (
                '{"title": "No lot", "status": 422, "detail": "Enter one"}',
                "No lot: Enter one",
            ),
            ('{"error": "No lot"}', "No lot"),
            ('{"detail": ["No lot"]}', '{"detail": ["No lot"]}'),
            ('"No lot"', '"No lot"'),
            ('{"title": "No l', '{"title": "No l'),
            ("No lot", "No lot"),
            ("", ""),
            (False, False),
        ):
            with self.subTest(answer):
                self.assertEqual(gist(answer), words)
