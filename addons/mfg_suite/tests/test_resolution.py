from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.mfg_integration_queue.tests.mapping_common import (
    InboundMappingCase,
    OutboundMappingCase,
)

from .common import SuiteCase


@tagged("post_install", "-at_install")
class TestResolution(OutboundMappingCase, InboundMappingCase, SuiteCase):
    """SU-04: seeded faults, resolved from My Exceptions in at most three clicks each.

    A click is a button or a row; what is typed in between is not counted.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._user(
            "clerk", "mfg_integration_queue.group_operator,mrp.group_mrp_user"
        )
        cls.interface.exception_owner_id = cls.clerk
        cls.note.exception_owner_id = cls.clerk

    def mine(self, user, kind):
        """The only exception of a kind that waits for somebody."""
        row = self._rows(user, [("is_mine", "=", True), ("kind", "=", kind)])
        row.ensure_one()
        return row

    def follow(self, row, action):
        """The record that an action opens, in the environment of who opened it."""
        context = action.get("context", {})
        if action.get("res_id"):
            return row.env[action["res_model"]].browse(action["res_id"])
        return row.env[action["res_model"]].with_context(**context)

    def test_su_04_dead_letter_two_clicks(self):
        letter = self._dead_letter()
        row = self.mine(self.clerk, "outbound")
        message = self.follow(row, row.action_resolve())
        message.action_replay()
        self.assertEqual((letter.state, letter.decided_by_id), ("replayed", self.clerk))
        self.assertFalse(self._rows(self.clerk))

    def test_su_04_missing_map_two_clicks(self):
        countries = self._map("Countries", [("DE", "Germany")])
        self._declare(
            self.interface.version_ids,
            {"path": "country", "kind": "value", "value_map_id": countries.id},
        )
        self._emit(payload={"country": "AT"}, user=self.person)
        self.assertEqual(self._send_mapped(), [])
        row = self.mine(self.clerk, "mapping")
        with Form(self.follow(row, row.action_resolve())) as dialog:
            self.assertEqual(dialog.system_id, self.system)
            with dialog.line_ids.edit(0) as line:
                self.assertEqual((line.map_id, line.value), (countries, "AT"))
                line.translation = "Austria"
        dialog.record.action_apply()
        self.assertFalse(self._rows(self.clerk))
        self.assertEqual(self._send_mapped(), [{"country": "Austria"}])

    def test_su_04_missing_map_of_a_message_that_came_in(self):
        texts = self._map("Texts")
        self._declare(
            self.note.version_ids,
            {"path": "text", "kind": "value", "value_map_id": texts.id},
        )
        self._take_in({"text": "Hallo"})
        self._process_due()
        row = self.mine(self.clerk, "mapping")
        with Form(self.follow(row, row.action_resolve())) as dialog:
            with dialog.line_ids.edit(0) as line:
                self.assertEqual(line.value, "Hallo")
                line.translation = "Hello"
        dialog.record.action_apply()
        entry = texts.line_ids
        self.assertEqual(
            (entry.internal_value, entry.external_value), ("Hello", "Hallo")
        )
        self._process_due()
        self.assertFalse(self._rows(self.clerk))

    def test_missing_map_without_the_right_to_add_one_is_looked_at(self):
        countries = self._map("Countries", [("DE", "Germany")])
        self._declare(
            self.interface.version_ids,
            {"path": "country", "kind": "value", "value_map_id": countries.id},
        )
        self._emit(payload={"country": "AT"}, user=self.person)
        self._send_mapped()
        row = self._rows(self.viewer)
        self.assertEqual(row.action_resolve()["res_model"], "mfg.integration.dead")
        with self.assertRaises(AccessError):
            row.env["mfg.suite.translation"].create({})

    def test_su_04_overdue_hold_three_clicks_each(self):
        approver = self._user("signer", "mfg_quality_hold.group_approve")
        approver.password = "sign it"
        inspector = self._user(
            "inspector",
            "stock.group_stock_user,mrp.group_mrp_user,mfg_quality_hold.group_inspect",
        )
        hold = self._hold(by=self._user("floor", "stock.group_stock_user"))
        hold.sudo().responsible_id = inspector
        row = self.mine(inspector, "hold")
        known = self.follow(row, row.action_resolve())
        action = known.action_propose_disposition()
        with Form(self.follow(row, action)) as form:
            form.kind = "release"
        form.record.action_propose()
        # whoever is asked to sign finds that in the own inbox
        row = self.mine(approver, "signature")
        decision = self.follow(row, row.action_resolve())
        with Form(self.follow(row, decision.action_sign())) as dialog:
            dialog.password = "sign it"
        dialog.record.action_done()
        self.assertEqual(hold.state, "closed")
        self.assertFalse(self._rows(inspector))
