from odoo.tests import TransactionCase

from .world import World


class HoldCase(TransactionCase):
    """Lot A, the oldest, and lot B of one part, ten each on a shelf."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = World(cls.env)
        cls.env = cls.world.env
        cls.part = cls.world.product()
        cls.lot_a = cls.world.lot(cls.part, "A")
        cls.lot_b = cls.world.lot(cls.part, "B")
        for lot in (cls.lot_a, cls.lot_b):
            cls.world.put(cls.part, 10, lot)

    def as_user(self, record, name):
        """The record in the environment of a user."""
        return record.with_env(self.world.as_user(name))

    def assertStays(self, lot, quantity=10):
        """The lot is where it was and nothing of it is reserved."""
        self.assertEqual(self.world.on_hand(lot.product_id, lot), quantity)
        self.assertEqual(self.world.reserved(lot.product_id, lot), 0)
