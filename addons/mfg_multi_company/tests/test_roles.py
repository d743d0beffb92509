from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import GroupCase


@tagged("post_install", "-at_install")
class TestRoles(GroupCase):
    """Roles hold in a plant, by the word of a second person, beside Odoo's groups."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.planner = cls.env.ref("mfg_multi_company.role_planner")
        cls.release = cls.env.ref("mfg_multi_company.role_release")
        cls.worker = cls.world.users["worker"]

    def test_role_holds_in_its_plant_and_period(self):
        groups = self.worker.groups_id
        plants = self.world.plants
        has_role = self.worker._mfg_has_role
        self.assertFalse(has_role("PLANNER", plants["a"]))
        assignment = self.assign("worker", self.planner)
        self.assertTrue(has_role("PLANNER", plants["a"]))
        self.assertFalse(has_role("PLANNER", plants["b"]))
        self.assertFalse(has_role("PLANNER"), "not in the whole group")
        plants["a"].action_suspend()
        self.assertFalse(has_role("PLANNER", plants["a"]), "plant is suspended")
        plants["a"].action_activate()
        self.as_user(assignment, "apr2").action_revoke()
        self.assertFalse(has_role("PLANNER", plants["a"]))
        # yesterday in every time zone
        over = fields.Date.subtract(fields.Date.context_today(self.worker), days=2)
        self.assign("worker", self.planner, date_from="2020-01-01", date_to=over)
        self.assertFalse(has_role("PLANNER", plants["a"]), "is over")
        self.assign("worker", self.release, plant=None)
        self.assertTrue(has_role("RELEASE", plants["b"]))
        self.assertTrue(has_role("RELEASE"))
        self.assertEqual(self.worker.groups_id, groups, "Odoo's groups are untouched")

    def test_look_up_of_a_role_costs_no_query(self):
        self.assign("worker", self.planner)
        plant = self.world.plants["a"]
        self.worker._mfg_has_role("PLANNER", plant)
        with self.assertQueryCount(0):
            self.assertTrue(self.worker._mfg_has_role("PLANNER", plant))

    def test_those_who_may_decide_are_asked(self):
        asked = self.assign("apr2", self.planner, approver=None)
        activities = asked.sudo().activity_ids
        self.assertIn(self.world.users["apr1"], activities.user_id)
        self.assertNotIn(self.world.users["apr2"], activities.user_id, "the person")
        self.assertNotIn(self.world.users["conf"], activities.user_id, "who asks")
        for user in activities.user_id:
            self.assertIn(self.world.companies["a"], user.company_ids)
        self.as_user(asked, "apr1").action_reject()
        self.assertFalse(asked.sudo().activity_ids)

    def test_mc_19_nobody_gives_roles_alone(self):
        self.world.user(
            "both", "mfg_multi_company.group_configure,mfg_multi_company.group_approve"
        )
        env = self.world.env_of("both")
        values = {"role_id": self.planner.id, "plant_id": self.world.plants["a"].id}
        asked = env["mfg.plant.role.assignment"].create(
            {**values, "user_id": self.worker.id}
        )
        asked.action_request()
        with self.assertRaisesRegex(AccessError, "Another person must decide"):
            asked.action_approve()
        own = self.as_user(self.env["mfg.plant.role.assignment"], "conf").create(
            {**values, "user_id": self.world.users["both"].id}
        )
        own.action_request()
        with self.assertRaisesRegex(AccessError, "roles of their own"):
            own.with_env(env).action_approve()
        with self.assertRaisesRegex(AccessError, "Group Approval"):
            self.as_user(asked, "conf").action_approve()
        with self.assertRaisesRegex(AccessError, "by a person"):
            asked.sudo().with_user(self.env.ref("base.user_root")).action_approve()
        self.assertEqual(asked.state, "requested")

    def test_mc_19_decisions_are_not_written_by_hand(self):
        model = self.world.env_of("conf")["mfg.plant.role.assignment"]
        values = {
            "user_id": self.worker.id,
            "role_id": self.planner.id,
            "plant_id": self.world.plants["a"].id,
        }
        for target in (model, model.sudo()):
            with self.assertRaisesRegex(AccessError, "buttons only"):
                target.create({**values, "state": "approved"})
            made = target.with_context(default_state="approved").create(values)
            self.assertEqual(made.state, "draft", "whatever the context says")
            with self.assertRaisesRegex(AccessError, "buttons only"):
                made.write({"state": "approved"})
        made.action_request()
        with self.assertRaisesRegex(UserError, "cannot change any more"):
            made.role_id = self.release
        with self.assertRaisesRegex(UserError, "stays on record"):
            made.unlink()
        result = model.load(
            ["user_id/.id", "role_id/.id", "state"],
            [[str(self.worker.id), str(self.planner.id), "Approved"]],
        )
        self.assertIn("buttons only", result["messages"][0]["message"])

    def test_mc_19_conflicting_roles_are_refused(self):
        self.assign("worker", self.planner)
        with self.assertRaisesRegex(ValidationError, "Production Planner already"):
            self.assign("worker", self.release, approver=None)
        with self.assertRaisesRegex(ValidationError, "Production Planner already"):
            self.assign("worker", self.release, plant=None, approver=None)
        # Asked for before the other one was approved: the approval looks again.
        late = self.assign("apr2", self.release, approver=None)
        self.assign("apr2", self.planner)
        with self.assertRaisesRegex(ValidationError, "Production Planner already"):
            self.as_user(late, "apr1").action_approve()
        self.assertIn("Planner already", late.conflict_note)

    def test_conflict_in_the_whole_group_and_with_a_control(self):
        conflict = self.env.ref("mfg_multi_company.conflict_production")
        self.assign(
            "worker", self.planner, date_from="2024-01-01", date_to="2024-12-31"
        )
        self.assign("worker", self.release, date_from="2025-01-01")
        self.assertFalse(conflict.violation_count, "one after the other")
        env = self.world.env_of("conf")
        auditor = self.world.role("AUDITOR")
        env["mfg.plant.role.conflict"].create(
            {
                "role_a_id": auditor.id,
                "role_b_id": self.release.id,
                "scope": "group",
                "level": "warn",
            }
        )
        with self.assertRaisesRegex(ValidationError, "Compensating Control"):
            self.assign("worker", auditor, plant=None, approver=None)
        self.assign(
            "worker", auditor, plant=None, compensating_control="Reviewed monthly"
        )
        row = env["mfg.plant.role.conflict"].search([("role_a_id", "=", auditor.id)])
        self.assertEqual(row.violation_count, 2)
        self.assertEqual(
            self.worker,
            env["mfg.plant.role.assignment"]
            .search(row.action_view_violations()["domain"])
            .user_id,
        )
        with self.assertRaisesRegex(ValidationError, "already has a row"):
            row.copy({"role_a_id": self.release.id, "role_b_id": auditor.id})

    def test_mc_15_strangers_see_no_assignment(self):
        assignment = self.assign("worker", self.planner)
        env = self.world.env_of("stranger")
        found = env["mfg.plant.role.assignment"].search(
            [("user_id", "=", self.worker.id)]
        )
        self.assertFalse(found)
        with self.assertRaises(AccessError):
            assignment.with_env(env).read(["reason"])
