from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import GroupCase


@tagged("post_install", "-at_install")
class TestPlants(GroupCase):
    """A document has one plant at most, and a plant is seen by its company."""

    def test_plant_of_a_warehouse_or_else_of_the_company(self):
        plants = self.world.env_of("conf")["mfg.plant"]
        company = self.world.companies["a"]
        whole = self.world.plants["a"]
        main = self.world.warehouse()
        other = self.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC", "company_id": company.id}
        )
        self.assertEqual(plants._plant_of(company, other), whole)
        line_two = plants.create(
            {
                "name": "Line two",
                "code": "TA2",
                "warehouse_ids": [Command.set(other.ids)],
            }
        )
        self.assertEqual(plants._plant_of(company, other), whole, "still a draft")
        line_two.action_activate()
        self.assertEqual(plants._plant_of(company, other), line_two)
        self.assertEqual(plants._plant_of(company, main), whole)
        with self.assertRaisesRegex(ValidationError, "Second.*another plant"):
            self.as_user(whole, "conf").warehouse_ids = other
        line_two.action_close()
        self.assertEqual(plants._plant_of(company, other), whole)

    def test_second_plant_needs_warehouses(self):
        with self.assertRaisesRegex(ValidationError, "already stands for the whole"):
            self.world.env_of("conf")["mfg.plant"].create(
                {"name": "Twin", "code": "TWIN"}
            )

    @mute_logger("odoo.sql_db")
    def test_code_is_unique_also_across_companies(self):
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.world.env_of("stranger")["mfg.plant"].create(
                {"name": "Same code", "code": "TA"}
            )

    def test_mc_15_strangers_see_no_plant_but_controllers_do(self):
        plant = self.world.plants["a"]
        env = self.world.env_of("stranger")
        Plant = env["mfg.plant"]
        self.assertIn(plant.id, self.env["mfg.plant"].search([("code", "=", "TA")]).ids)
        self.assertFalse(Plant.search([("code", "=", "TA")]))
        self.assertFalse(Plant.name_search("Plant A"))
        groups = Plant.read_group([], ["sequence:sum"], ["company_id"])
        companies = [group["company_id"][0] for group in groups]
        self.assertEqual(companies, self.world.companies["c"].ids)
        for denied in (
            lambda: plant.with_env(env).read(["name"]),
            lambda: plant.with_env(env).export_data(["name"]),
            lambda: plant.with_env(env).message_ids.read(["body"]),
            lambda: plant.with_env(env).action_close(),
        ):
            with self.assertRaises(AccessError):
                denied()
        self.world.user("ctrl", "mfg_multi_company.group_mfg_group_controller", "c")
        self.assertEqual(self.as_user(plant, "ctrl").name, "Plant A")
        with self.assertRaises(AccessError):
            self.as_user(plant, "ctrl").name = "Mine"

    def test_plant_that_was_in_use_stays(self):
        plant = self.as_user(self.world.plants["a"], "conf")
        with self.assertRaisesRegex(UserError, "was in use"):
            plant.unlink()
        with self.assertRaises(AccessError):
            self.as_user(plant, "worker").name = "Mine"


@tagged("post_install", "-at_install")
class TestStewards(GroupCase):
    """For each kind of data and each day there is one person to ask."""

    def test_steward_of_the_plant_comes_before_the_group(self):
        self.world.steward("conf", "item")
        self.world.steward("worker", "item", "b", date_to="2020-12-31")
        steward = self.world.env_of("worker")["mfg.plant.domain"]._steward
        conf, worker = self.world.users["conf"], self.world.users["worker"]
        self.assertEqual(steward("item", self.world.plants["a"]), conf)
        self.assertEqual(steward("item", self.world.plants["b"]), conf, "has ended")
        self.world.steward("worker", "item", "b", date_from="2021-01-01")
        self.assertEqual(steward("item", self.world.plants["b"]), worker)
        self.assertFalse(steward("vendor", self.world.plants["b"]))

    def test_periods_of_two_stewards_do_not_overlap(self):
        self.world.steward("conf", "item", date_to="2024-12-31")
        self.world.steward("worker", "item", date_from="2025-01-01")
        with self.assertRaisesRegex(ValidationError, "Group worker already is"):
            self.world.steward("apr1", "item", date_from="2026-01-01")
        with self.assertRaisesRegex(ValidationError, "is before From"):
            self.world.steward("apr1", "bom", date_to="2019-01-01")
        with self.assertRaisesRegex(ValidationError, "External System"):
            self.world.steward("apr1", "bom", system_of_record="external")
