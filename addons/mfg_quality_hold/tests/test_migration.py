from pathlib import Path

from odoo.modules.migration import load_script
from odoo.tests import tagged

from .common import HoldCase

FOLDER = Path(__file__).parents[1] / "migrations"


@tagged("post_install", "-at_install")
class TestMigration(HoldCase):
    """A database of an earlier version goes on with what it has."""

    def test_ages_of_the_first_version_are_grouped_again(self):
        holds = self.world.hold(self.lot_a) | self.world.hold(self.lot_b)
        self.env.flush_all()
        for hold, age in zip(holds, ("3", "31"), strict=True):
            self.env.cr.execute(
                "UPDATE mfg_quality_hold SET age_bucket = %s WHERE id = %s",
                [age, hold.id],
            )
        script = FOLDER / "17.0.1.1.0" / "pre-sortable_ages.py"
        load_script(str(script), "sortable_ages").migrate(self.env.cr, "17.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(holds.mapped("age_bucket"), ["03", "31"])
