from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestDecision(HoldCase):
    """A hold ends by a signed decision of a second person, and in no other way."""

    def test_qh_18_release_by_a_second_person(self):
        hold = self.world.hold(self.lot_a)
        self.assertEqual(hold.state, "on_hold")
        disposition = self.world.propose(hold, "release")
        self.assertEqual(hold.state, "approval")
        self.world.sign(disposition, "apr1")
        self.assertEqual(disposition.state, "done")
        self.assertEqual(hold.state, "closed")
        self.assertFalse(self.lot_a.is_on_hold)
        signature = disposition.signature_ids
        self.assertEqual(signature.user_id, self.world.users["apr1"])
        self.assertEqual(signature.printed_name, "Hold apr1")
        self.assertEqual(signature.content_hash, disposition._content_hash())

    def test_qh_18_placed_in_error_is_withdrawn_like_a_release(self):
        hold = self.world.hold(self.lot_a)
        self.world.decide(hold, "withdraw")
        self.assertEqual(hold.state, "cancelled")
        self.assertFalse(self.lot_a.is_on_hold)

    def test_qh_18_who_placed_or_proposed_does_not_approve(self):
        both = self.world.user(
            "both",
            "mfg_quality_hold.group_inspect,mfg_quality_hold.group_approve,"
            "stock.group_stock_user",
        )
        self.world.users["both"] = both
        placed = self.world.hold(self.lot_a, user="both")
        disposition = self.world.propose(placed, "release")
        with self.assertRaisesRegex(AccessError, "Another approver"):
            self.world.sign(disposition, "both")
        other = self.world.hold(self.lot_b)
        disposition = self.world.propose(other, "release", user="both")
        with self.assertRaisesRegex(AccessError, "Another approver"):
            self.world.sign(disposition, "both")

    def test_qh_18_managers_and_administrators_do_not_approve(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        admin = self.world.user(
            "admin", "base.group_system,stock.group_stock_manager,mrp.group_mrp_manager"
        )
        self.world.users["admin"] = admin
        for user in ("mgr", "admin", "conf", "qa"):
            with self.subTest(user), self.assertRaises(AccessError):
                self.as_user(disposition, user)._sign("approve", "ok", f"hold-{user}")
            self.assertFalse(disposition.signature_ids)
        self.assertTrue(self.lot_a.is_on_hold)

    @mute_logger("odoo.addons.base.models.res_users")
    def test_qh_18_signature_needs_the_password_each_time(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        with self.assertRaisesRegex(UserError, "password"), self.cr.savepoint():
            self.world.sign(disposition, "apr1", password="hold-apr2")
        env = self.world.as_user("apr1")
        wizard = env["mfg.quality.sign"].create({"disposition_id": disposition.id})
        with self.assertRaisesRegex(UserError, "password"):
            wizard.action_done()
        self.assertTrue(self.lot_a.is_on_hold)
        wizard.password = "hold-apr1"
        wizard.action_done()
        self.assertFalse(self.lot_a.is_on_hold)

    def test_qh_18_password_is_kept_nowhere(self):
        field = self.env["mfg.quality.sign"]._fields["password"]
        self.assertFalse(field.store)

    def test_qh_18_signature_is_neither_made_nor_changed_by_hand(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        values = {
            "hold_id": hold.id,
            "disposition_id": disposition.id,
            "user_id": self.world.users["apr1"].id,
            "printed_name": "Hold apr1",
            "role": "approver",
            "decision": "approve",
            "meaning": "ok",
            "signed_on": "2024-01-01 00:00:00",
            "content_hash": disposition._content_hash(),
        }
        with self.assertRaises(AccessError):
            self.env["mfg.quality.signature"].sudo().create(values)
        self.world.sign(disposition, "apr1", decision="reject")
        signature = disposition.signature_ids.sudo()
        with self.assertRaises(UserError):
            signature.decision = "approve"
        with self.assertRaises(UserError):
            signature.unlink()
        self.assertEqual(disposition.state, "rejected")
        self.assertTrue(self.lot_a.is_on_hold)

    def test_qh_18_signed_content_is_fixed(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        for values in (
            {"kind": "scrap"},
            {"justification": "x"},
            {"line_ids": [Command.update(disposition.line_ids.id, {"quantity": 1})]},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "fixed"):
                disposition.write(values)
        for values in ({"state": "approved"}, {"proposed_by_id": False}):
            with self.subTest(values), self.assertRaises(AccessError):
                disposition.sudo().write(values)

    def test_qh_18_matrix_asks_for_two_persons(self):
        self.env["mfg.quality.approval.rule"].create(
            {
                "name": "Concessions",
                "company_id": self.world.company.id,
                "kind": "use_as_is",
                "severity": "critical",
                "count": 2,
            }
        )
        hold = self.world.hold(self.lot_a, reason="SAFETY")
        disposition = self.world.propose(hold, "use_as_is")
        self.world.sign(disposition, "apr1")
        self.assertEqual(disposition.state, "proposed")
        self.assertEqual(disposition.missing_signatures, 1)
        with self.assertRaisesRegex(AccessError, "Another person"):
            self.world.sign(disposition, "apr1")
        self.assertTrue(self.lot_a.is_on_hold)
        self.world.sign(disposition, "apr2")
        self.assertEqual(disposition.state, "done")

    def test_qh_18_matrix_goes_by_company_and_value(self):
        rules = self.env["mfg.quality.approval.rule"]
        other = self.env["res.company"].create({"name": "Other Hold Plant"})
        rules.create(
            [
                {"name": "Elsewhere", "company_id": other.id, "count": 3},
                {"name": "Dear", "min_value": 40, "count": 2},
            ]
        )
        hold = self.world.hold(self.lot_a)
        # At 5 each.
        cheap = self.world.propose(hold, "scrap", {hold.line_ids: 2})
        dear = self.world.propose(hold, "scrap", {hold.line_ids: 8})
        self.assertEqual((cheap.value, cheap.missing_signatures), (10, 1))
        self.assertEqual((dear.value, dear.missing_signatures), (40, 2))
        for disposition in (cheap, dear):
            self.world.sign(disposition, "apr1")
        self.assertEqual((cheap.state, dear.state), ("approved", "proposed"))
        self.world.sign(dear, "apr2")
        self.assertEqual(dear.state, "approved")

    def test_qh_18_one_person_does_not_stand_for_two_roles(self):
        both, one = self.world.users["apr1"], self.world.users["apr2"]
        engineering, purchasing = self.env["res.groups"].create(
            [
                {"name": "Engineering", "users": [Command.set((both | one).ids)]},
                {"name": "Purchasing", "users": [Command.set(both.ids)]},
            ]
        )
        self.env["mfg.quality.approval.rule"].create(
            [
                {"name": group.name, "group_id": group.id, "kind": "release"}
                for group in (engineering, purchasing)
            ]
        )
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        self.assertEqual(disposition.missing_signatures, 2)
        self.world.sign(disposition, "apr1")
        self.assertEqual(disposition.missing_signatures, 1)
        with self.assertRaisesRegex(AccessError, "Another person"):
            self.world.sign(disposition, "apr1")
        self.assertTrue(self.lot_a.is_on_hold)
        # Who can stand for either role leaves the place to who can fill only that one.
        self.world.sign(disposition, "apr2")
        self.assertEqual(disposition.state, "done")
        self.assertFalse(self.lot_a.is_on_hold)

    def test_qh_18_who_must_sign_is_asked_and_then_who_carries_out(self):
        world = self.world
        world.users["qa"].groups_id += self.env.ref("mfg_quality_hold.group_approve")
        self.env["mfg.quality.approval.rule"].create(
            {"name": "Two", "company_id": world.company.id, "count": 2}
        )
        disposition = world.propose(world.hold(self.lot_a), "scrap")

        def asked():
            activities = disposition.activity_ids
            return {each.user_id.login: each.summary for each in activities}

        # Not the one who proposed it, approver or not.
        sign = "Sign or reject the decision"
        self.assertEqual(asked(), {"hold-apr1": sign, "hold-apr2": sign})
        world.sign(disposition, "apr1")
        self.assertEqual(asked(), {"hold-apr2": sign})
        world.sign(disposition, "apr2")
        self.assertEqual(asked(), {"hold-qa": "Carry out the decision"})
        self.as_user(disposition, "qa").action_execute()
        self.assertFalse(disposition.activity_ids)

    def test_qh_18_nobody_is_asked_to_sign_what_is_rejected(self):
        disposition = self.world.propose(self.world.hold(self.lot_a), "release")
        self.assertTrue(disposition.activity_ids)
        self.world.sign(disposition, decision="reject")
        self.assertFalse(disposition.activity_ids)

    def test_qh_18_state_and_flags_are_not_written_by_hand(self):
        hold = self.world.hold(self.lot_a)
        line = hold.line_ids
        for record, values in (
            (hold, {"state": "closed"}),
            (line, {"state": "closed"}),
            (line, {"qty_disposed": 10}),
            (self.lot_a, {"is_on_hold": False}),
            (self.lot_a.quant_ids[0], {"is_on_hold": False}),
            (self.world.shelf, {"is_on_hold": False}),
        ):
            for su in (False, True):
                env = self.world.as_user("mgr")(su=su)
                with self.subTest(values, su=su), self.assertRaises(AccessError):
                    record.with_env(env).write(values)
        for record in (hold, line):
            with self.assertRaises(UserError):
                record.sudo().unlink()
        self.assertTrue(self.lot_a.is_on_hold)

    def test_qh_18_receipt_after_the_hold_is_held_too(self):
        hold = self.world.hold(self.lot_a)
        self.world.ship(
            self.part,
            5,
            self.lot_a,
            source=self.world.suppliers,
            destination=self.world.shelf,
            kind="in",
        )
        self.assertEqual(self.world.on_hand(self.part, self.lot_a), 15)
        self.world.decide(hold, "release", {hold.line_ids: 10})
        self.assertEqual(hold.line_ids.qty_open, 5)
        picking = self.world.transfer(self.part, 25)
        picking.action_assign()
        self.assertEqual(self.world.reserved(self.part, self.lot_a), 10)

    def test_qh_26_other_companies_neither_see_nor_move(self):
        hold = self.world.hold(self.lot_a)
        other = self.env["res.company"].create({"name": "Other Hold Plant"})
        stranger = self.world.user("stranger", "stock.group_stock_manager")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        env = self.env(user=stranger.id, su=False)
        env = env(context=dict(env.context, allowed_company_ids=other.ids))
        self.assertFalse(env["mfg.quality.hold"].search([("id", "=", hold.id)]))
        with self.assertRaises(AccessError):
            hold.with_env(env).write({"note": "x"})
        with self.assertRaisesRegex(UserError, hold.name):
            env["stock.quant"].sudo()._update_available_quantity(
                self.part, self.world.shelf, -1, lot_id=self.lot_a
            )

    def test_qh_26_flow_of_another_company_leaves_held_lots(self):
        """A user of B whose document makes A's, as between companies, ships no held lot."""
        hold = self.world.hold(self.lot_a)
        picking = self.world.transfer(self.part, 15)
        other = self.env["res.company"].create({"name": "Other Hold Plant"})
        stranger = self.world.user("stranger", "stock.group_stock_user")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        flow = picking.with_user(stranger).sudo()
        flow = flow.with_context(allowed_company_ids=other.ids)
        flow.action_assign()
        self.assertEqual(flow.move_line_ids.lot_id, self.lot_b)
        with self.assertRaisesRegex(UserError, hold.name), self.cr.savepoint():
            self.world.line(flow, self.lot_a, 5, flow.env)
        flow.move_ids.picked = True
        flow.with_context(skip_backorder=True).button_validate()
        self.assertStays(self.lot_a)

    def test_qh_26_one_hold_is_of_one_company(self):
        other = self.env["res.company"].create({"name": "Other Hold Plant"})
        foreign = self.env["stock.lot"].create(
            {
                "name": "F",
                "product_id": self.world.product(company_id=False).id,
                "company_id": other.id,
            }
        )
        with self.assertRaisesRegex(UserError, "One hold concerns one company"):
            self.env["mfg.quality.hold"].place(foreign | self.lot_a, "SUSPECT")
        with self.assertRaises(AccessError):
            self.world.hold(foreign)
