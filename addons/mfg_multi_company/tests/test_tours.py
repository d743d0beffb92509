from odoo.tests import HttpCase, tagged

from .common import GroupCase


@tagged("post_install", "-at_install")
class TestTours(GroupCase, HttpCase):
    """What a consultant sets up in the web client, without developer mode."""

    def test_consultant_sets_up_plants_and_roles(self):
        self.world.plants["a"].action_close()
        self.world.plants["a"].active = False
        self.start_tour(
            "/web#action=mfg_multi_company.mfg_plant_action",
            "mfg_multi_company_setup",
            login="group-conf",
        )
        plant = self.env["mfg.plant"].search([("code", "=", "LNZ")])
        self.assertEqual((plant.name, plant.state), ("Machining Linz", "active"))
        self.assertEqual(plant.company_id, self.world.companies["a"])
        steward = self.env["mfg.plant.domain"]._steward("item", plant)
        self.assertEqual(steward, self.world.users["worker"])
        assignment = plant.assignment_ids
        self.assertEqual(assignment.state, "requested")
        self.as_user(assignment, "apr1").action_approve()
        self.assertTrue(self.world.users["worker"]._mfg_has_role("PLANNER", plant))
