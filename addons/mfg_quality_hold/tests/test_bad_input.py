from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestBadInput(HoldCase):
    """What makes no sense is refused: with lot, hold, reason, responsible and next step for
    people of quality, without any of it for others."""

    def assertRefused(self, call, *words, error=UserError):
        """The call is refused, and the message has all these words."""
        with self.assertRaises(error) as caught, self.cr.savepoint():
            call()
        for word in words:
            self.assertIn(word, str(caught.exception))
        return str(caught.exception)

    def assertTellsNothing(self, call):
        """Who has no quality rights is refused and learns nothing."""
        message = self.assertRefused(call, error=AccessError)
        for secret in ("Suspect material", "Hold stk", "Cracks", "QH/"):
            self.assertNotIn(secret, message)

    def placing(self, **values):
        """The dialog on lot A, as somebody on the floor fills it in."""
        return self.world.as_user("stk")["mfg.quality.hold.place"].create(
            {
                "res_model": "stock.lot",
                "res_ids": self.lot_a.ids,
                "reason_id": self.env.ref("mfg_quality_hold.reason_suspect").id,
                **values,
            }
        )

    def test_quantity_above_what_is_there(self):
        self.assertRefused(
            lambda: self.world.hold(self.lot_a, quantity=11), "11", "A", "Hold less"
        )
        self.assertRefused(
            lambda: self.world.hold(self.lot_a, quantity=0), "above zero"
        )
        hold = self.world.hold(self.lot_a, quantity=6, note="Cracks")
        self.assertRefused(
            self.placing(is_partial=True, quantity=5).action_place,
            *("A", "6.0 are on hold already", hold.name, "Suspect material"),
            *("responsible: Hold stk", "Hold less, or the whole lot"),
        )
        self.assertTellsNothing(
            lambda: self.world.hold(self.lot_a, quantity=5, user="none")
        )
        self.assertEqual(self.lot_a.hold_line_ids.hold_id, hold)

    def test_unit_of_another_category(self):
        wizard = self.placing(
            is_partial=True, quantity=1, uom_id=self.env.ref("uom.product_uom_kgm").id
        )
        self.assertRefused(wizard.action_place, "A", "kg", "Units", "same category")
        wizard.uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertRefused(wizard.action_place, "12.0", "cannot be held")
        self.assertFalse(self.lot_a.hold_line_ids)

    def test_lot_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other Hold Plant"})
        shared = self.world.product(company_id=False)
        foreign = self.env["stock.lot"].create(
            {"name": "FOREIGN", "product_id": shared.id, "company_id": other.id}
        )
        message = self.assertRefused(
            lambda: self.world.hold(foreign), error=AccessError
        )
        self.assertNotIn("FOREIGN", message)
        both = self.world.users["qa"]
        both.company_ids += other
        both = self.lot_a.with_user(both).with_context(
            allowed_company_ids=both.company_ids.ids
        )
        self.assertRefused(
            lambda: both.env["mfg.quality.hold"].place(both | foreign, "SUSPECT"),
            *("Hold Test Plant", "Other Hold Plant", "Place a hold for each"),
        )
        self.assertFalse(self.lot_a.is_on_hold or foreign.is_on_hold)

    def test_closed_reason(self):
        reason = self.env.ref("mfg_quality_hold.reason_suspect")
        wizard = self.placing()
        reason.active = False
        self.assertRefused(
            lambda: self.world.hold(self.lot_a),
            *("SUSPECT", "Hold Test Plant", "Configuration > Reasons"),
        )
        self.assertRefused(wizard.action_place, "Suspect material", "Choose another")
        self.assertFalse(self.lot_a.is_on_hold)

    def test_less_severe_than_the_reason(self):
        self.assertRefused(
            lambda: self.world.hold(self.lot_a, reason="SAFETY", severity="minor"),
            *("critical", "another reason"),
        )
        hold = self.world.hold(self.lot_a, reason="INSPECT", severity="critical")
        self.assertEqual(hold.severity, "critical")
        # Fewer signatures would do if people could write this.
        for user in ("stk", "qa", "conf"):
            self.assertRefused(
                lambda user=user: self.as_user(hold, user).write({"severity": "minor"}),
                "severity",
                error=AccessError,
            )

    @mute_logger("odoo.addons.base.models.res_users")
    def test_release_without_password(self):
        hold = self.world.hold(self.lot_a, note="Cracks")
        disposition = self.world.propose(hold, "release")
        signs = self.world.as_user("apr1")["mfg.quality.sign"]
        wizard = signs.create({"disposition_id": disposition.id})
        self.assertIn("10.0 Units  A", wizard.content)
        self.assertIn("A, Part", self.as_user(hold, "apr1").what)
        words = "A", hold.name, "Suspect material", "Hold stk", "Enter your password"
        self.assertRefused(wizard.action_done, *words)
        for empty in (None, False, ""):
            self.assertRefused(
                lambda empty=empty: self.as_user(disposition, "apr1")._sign(
                    "approve", "ok", empty
                ),
                *words,
            )
        self.assertRefused(
            lambda: self.world.sign(disposition, "apr1", password="hold-apr2"),
            "Hold apr1",
        )
        self.assertTellsNothing(
            lambda: self.world.as_user("none")["mfg.quality.sign"].create(
                {"disposition_id": disposition.id, "password": "hold-none"}
            )
        )
        self.assertTrue(self.lot_a.is_on_hold)

    def test_disposition_over_the_open_quantity(self):
        hold = self.world.hold(self.lot_a, note="Cracks")
        line = hold.line_ids
        self.assertRefused(
            lambda: self.world.propose(hold, "release", {line: 11}),
            *("11", "A", "10.0 are open", hold.name, "Suspect material", "Hold stk"),
            "Lower the quantity",
        )
        proposed = self.world.propose(hold, "release", {line: 6})
        self.assertRefused(
            lambda: self.world.propose(hold, "release", {line: 5}), "4.0 are open"
        )
        draft = self.world.as_user("qa")["mfg.quality.disposition"].create(
            {
                "hold_id": hold.id,
                "kind": "release",
                "line_ids": [Command.create({"hold_line_id": line.id, "quantity": 9})],
            }
        )
        # Nor is it carried past the check into what is up for signature.
        self.assertRefused(
            lambda: draft.line_ids.write({"disposition_id": proposed.id}), "fixed"
        )
        self.assertRefused(
            lambda: draft.line_ids.copy({"qty_done": 9}), "moves", error=AccessError
        )
        self.assertTellsNothing(
            lambda: self.world.propose(hold, "release", {line: 1}, user="none")
        )
        self.assertEqual(line.qty_open, 10)

    def test_signature_replayed(self):
        self.env["mfg.quality.approval.rule"].create(
            {"name": "Two", "company_id": self.world.company.id, "count": 2}
        )
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release", {hold.line_ids: 4})
        self.world.sign(disposition, "apr1")
        self.assertRefused(
            lambda: self.world.sign(disposition, "apr1"),
            *("signed already", "Another person", "A", hold.name, "Suspect material"),
            "Hold stk",
            error=AccessError,
        )
        # Made by hand from the one there is, for this decision or for another one.
        other = self.world.propose(hold, "release", {hold.line_ids: 6})
        signature = disposition.signature_ids
        for values in ({}, {"disposition_id": other.id}):
            self.assertRefused(
                lambda values=values: signature.sudo().copy(values), error=AccessError
            )
        self.assertEqual(other.missing_signatures, 2)
        self.world.sign(disposition, "apr2")
        self.assertEqual(disposition.state, "done")
        self.assertRefused(
            lambda: self.world.sign(disposition, "apr2"),
            *("not up for a signature", hold.name, "Propose another"),
        )
        self.assertEqual(hold.line_ids.qty_open, 6)

    def test_first_values_are_not_the_callers(self):
        hold = self.world.hold(self.lot_a)
        inspector = self.world.as_user("qa")
        self.env["ir.default"].set("mfg.quality.inspection", "verdict", "pass")
        forged = {
            "default_state": "executing",
            "default_proposed_by_id": self.env.uid,
            "default_qty_done": 5,
            "default_verdict": "pass",
            "default_run_on": "2026-01-01 00:00:00",
        }
        decision = (
            inspector["mfg.quality.disposition"]
            .with_context(**forged)
            .create(
                {
                    "hold_id": hold.id,
                    "kind": "scrap",
                    "line_ids": [
                        Command.create(
                            {"hold_line_id": hold.line_ids.id, "quantity": 1}
                        )
                    ],
                }
            )
        )
        self.assertEqual(decision.state, "draft")
        self.assertFalse(decision.proposed_by_id)
        self.assertFalse(decision.line_ids.qty_done)
        inspection = (
            inspector["mfg.quality.inspection"]
            .with_context(**{**forged, "default_state": "done"})
            .create({"hold_id": hold.id, "product_id": self.lot_a.product_id.id})
        )
        self.assertEqual(inspection.state, "open")
        self.assertFalse(inspection.verdict)
        trace = (
            inspector["mfg.quality.trace"]
            .with_context(**forged)
            .create({"lot_ids": [Command.set(self.lot_a.ids)]})
        )
        self.assertFalse(trace.run_on)
