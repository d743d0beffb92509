from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .common import CARD
from .mapping_common import OutboundMappingCase

SCHEMA = (
    '{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}'
)


@tagged("post_install", "-at_install")
class TestContractCard(OutboundMappingCase):
    """A contract is approved when it says what operations will ask, and works."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.write({**CARD, "owner_id": cls.integrator.id})

    def _submitted(self, **values):
        version = (
            self.env["mfg.integration.interface.version"]
            .with_user(self.integrator)
            .create(
                {
                    "interface_id": self.interface.id,
                    "major": 2,
                    "schema": SCHEMA,
                    "example": '{"n": 1}',
                    "impact_assessment": "Nobody reads it yet.",
                    **values,
                }
            )
        )
        version.action_submit()
        return version.with_user(self.approver)

    # card

    def test_each_gap_of_the_card_is_named(self):
        self.interface.write(
            {
                "system_of_record": False,
                "owner_id": False,
                "recovery_tolerance_hours": 0,
                "sla_max_age_minutes": 0,
                "sla_recovery_minutes": 0,
                "fallback_procedure": False,
                "runbook": "<p><br></p>",
                "lifecycle": "transition",
            }
        )
        version = self._submitted(impact_assessment=False)
        for label in (
            "System of Record",
            "Owner",
            "Business Goes On For",
            "At the Latest After",
            "Recovered Within",
            "Meanwhile",
            "Runbook",
            "Ends On",
            "Impact Assessment",
        ):
            with self.assertRefused(UserError, f"Missing: .*{label}"):
                version.action_approve()
            self.assertIn(label, version.card_gaps)
        self.assertEqual(version.state, "review")

    def test_complete_card_is_approved(self):
        version = self._submitted()
        self.assertFalse(version.card_gaps)
        version.action_approve()
        self.assertEqual(version.state, "approved")

    def test_shipped_contracts_have_complete_cards(self):
        ref = "mfg_integration_queue.mfg_integration_interface_version_system"
        for name in ("ping", "note"):
            self.assertFalse(self.env.ref(f"{ref}_{name}_1_0")._gaps())

    # example

    def test_example_has_to_pass_the_mapping_for_every_system(self):
        units = self._map("Units")
        version = self._submitted_mapped(units)
        with self.assertRefused(UserError, "does not pass:\nUnits: “BOX” has no"):
            version.action_approve()
        other = self.env["mfg.integration.system"].create(
            {"name": "WMS", "code": "wms-one", "company_id": self.company.id}
        )
        self._entries(units, [("BOX", "BX", {"system_id": other.id})])
        with self.assertRefused(UserError, "“BOX” has no translation"):
            version.action_approve()
        self._entries(units, [("BOX", "CT")])
        version.action_approve()
        self.assertEqual(version.state, "approved")

    def test_example_has_to_pass_the_mapping_before_anybody_uses_it(self):
        self.interface.subscription_ids.unlink()
        units = self._map("Units")
        version = self._submitted_mapped(units)
        with self.assertRefused(UserError, "“BOX” has no translation"):
            version.action_approve()
        # who will use it is not known yet
        self._entries(units, [("BOX", "CT", {"system_id": self.system.id})])
        version.action_approve()
        self.assertEqual(version.state, "approved")

    def _submitted_mapped(self, units):
        version = (
            self.env["mfg.integration.interface.version"]
            .with_user(self.integrator)
            .create(
                {
                    "interface_id": self.interface.id,
                    "major": 2,
                    "example": '{"unit": "BOX"}',
                    "impact_assessment": "None.",
                    "mapping_line_ids": [
                        (
                            0,
                            0,
                            {"path": "unit", "kind": "value", "value_map_id": units.id},
                        )
                    ],
                }
            )
        )
        version.action_submit()
        return version.with_user(self.approver)

    def test_inbound_contract_needs_somebody_who_handles_it(self):
        self.interface = self._interface(
            "nobody.listens",
            "Nobody listens",
            direction="inbound",
            owner_id=self.integrator.id,
            version_ids=[],
            **CARD,
        )
        with self.assertRefused(
            UserError, "No installed module handles nobody.listens"
        ):
            self._submitted(major=1).action_approve()

    # compatibility

    def test_minor_version_must_not_break_the_receiver(self):
        self._submitted().action_approve()
        lax = self._submitted(
            minor=1, schema='{"properties": {"n": {"type": "integer"}}}'
        )
        with self.assertRefused(
            UserError, "new major version.\n(.*\n)*n: not required any more"
        ):
            lax.action_approve()
        self.assertTrue(lax.is_breaking)
        self.assertIn("note.changed v2.0", lax.differences)
        wider = self._submitted(
            minor=2, schema=SCHEMA.replace('"n": {', '"m": {"type": "string"}, "n": {')
        )
        self.assertFalse(wider.is_breaking)
        self.assertIn("m: new optional field", wider.differences)
        wider.action_approve()
        self._submitted(major=3, schema="{}").action_approve()

    # states

    def test_deprecated_version_holds_until_there_is_another(self):
        version = self._submitted()
        version.action_approve()
        with self.assertRefused(UserError, "Only integration approvers"):
            version.with_user(self.integrator).action_deprecate()
        version.action_deprecate()
        self.assertEqual(version.state, "deprecated")
        first = self.interface.version_ids - version
        self.assertEqual(self.interface.current_version_id, first)
        first.with_user(self.approver).action_retire()
        self.assertEqual(self.interface.current_version_id, version)
        self._emit(payload={"n": 1})
        version.action_retire()
        self.assertEqual(version.state, "retired")
        self.assertFalse(self.interface.current_version_id)
        with self.assertRefused(UserError, "is “Retired”"):
            version.action_deprecate()

    # change log

    def test_change_log_tells_who_did_what(self):
        version = self._submitted()
        version.action_approve()
        self.interface.with_user(self.integrator).write(
            {"max_age_hours": 5, "system_of_record": "MES"}
        )
        log = (
            self.env["mfg.integration.contract.change"]
            .with_user(self.viewer)
            .search([("interface_id", "=", self.interface.id)], order="id")
        )
        approved = log.filtered(lambda each: each.kind == "approved")
        self.assertEqual(approved.version_id, version)
        self.assertEqual(approved.user_id, self.approver)
        review = log.filtered(lambda each: each.kind == "review")
        self.assertEqual(review.user_id, self.integrator)
        self.assertIn("Give up After (h): 72 → 5", log[-1].description)
        self.assertIn("System of Record: Odoo → MES", log[-1].description)
        self.assertEqual(log[-1].user_id, self.integrator)

    def test_edited_draft_is_logged_with_a_hash_of_long_texts(self):
        version = self._submitted()
        version.with_user(self.integrator).action_back_to_draft()
        version.with_user(self.integrator).schema = '{"description": "%s"}' % (
            "x" * 200
        )
        (entry,) = self.env["mfg.integration.contract.change"].search(
            [("version_id", "=", version.id), ("kind", "=", "edited")]
        )
        self.assertRegex(
            entry.description, r"JSON Schema: \{.*→ 219 characters \(SHA-256"
        )

    def test_change_log_tells_a_runbook_as_people_read_it(self):
        self.interface.with_user(self.integrator).runbook = "<p>Call <b>Anna</b></p>"
        entry = self.env["mfg.integration.contract.change"].search([], limit=1)
        self.assertIn("→ Call *Anna*", entry.description)
        self.assertNotIn("<", entry.description)

    def test_change_log_is_not_rewritten(self):
        entry = self.env["mfg.integration.contract.change"].search([], limit=1)
        for user in (self.integrator, self.env.ref("base.user_admin")):
            with self.assertRaises(UserError):
                entry.with_user(user).write({"description": "Nothing"})
            with self.assertRaises(UserError):
                entry.with_user(user).unlink()
        with self.assertRaises(AccessError):
            entry.with_user(self.integrator).create({"kind": "approved"})
