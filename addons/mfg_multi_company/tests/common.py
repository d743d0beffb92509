from odoo.tests import TransactionCase

from .world import PLANTS, World


class GroupCase(TransactionCase):
    """Three companies; somebody who configures and two who approve, in company A."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = World(cls.env)
        cls.env = cls.world.env
        cls.world.user("conf", PLANTS + "configure,base.group_partner_manager")
        cls.world.user("apr1", PLANTS + "approve")
        cls.world.user("apr2", PLANTS + "approve")
        cls.world.user("worker", "mrp.group_mrp_user,stock.group_stock_user")
        cls.world.user("stranger", PLANTS + "configure,base.group_allow_export", "c")

    @classmethod
    def as_user(cls, record, name):
        """The record in the environment of a person."""
        return record.with_env(cls.world.env_of(name))

    @classmethod
    def assign(cls, user, role, plant="a", approver="apr1", **values):
        """A role assignment that one person requested and another approved."""
        env = cls.world.env_of("conf")
        assignment = env["mfg.plant.role.assignment"].create(
            {
                "user_id": cls.world.users[user].id,
                "role_id": role.id,
                "plant_id": plant and cls.world.plants[plant].id,
                **values,
            }
        )
        assignment.action_request()
        if approver:
            cls.as_user(assignment, approver).action_approve()
        return assignment
