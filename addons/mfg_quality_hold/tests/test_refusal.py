import base64
import time

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.auth_totp.models.totp import TIMESTEP, hotp

from ..exceptions import HoldRefusal
from ..hooks import uninstall_hook
from .common import HoldCase


@tagged("post_install", "-at_install")
class TestRefusal(HoldCase, HttpCase):
    """Who is refused learns why and what to do, as far as that is his business."""

    def refuse(self, user):
        """The error of a transfer that would take the held lot."""
        hold = self.world.hold(self.lot_a, note="Only quality knows")
        picking = self.world.transfer(self.part, 5)
        with self.assertRaises(UserError) as caught, self.cr.savepoint():
            self.world.line(picking, self.lot_a, 5, env=self.world.as_user(user))
        return hold, caught.exception

    def test_refusal_names_lot_hold_reason_responsible_and_next_step(self):
        hold, error = self.refuse("stk")
        for words in (
            "A, Part",
            hold.name,
            "Suspect material",
            "Hold stk",
            "create a disposition",
        ):
            self.assertIn(words, str(error))
        self.assertIsInstance(error, HoldRefusal)
        self.assertEqual(error.args[1]["res_id"], hold.id)
        self.assertNotIn("Only quality knows", str(error))

    def test_refusal_tells_others_the_number_alone(self):
        plain = self.world.user("plain", "stock.group_stock_user")
        group = self.env.ref("mfg_quality_hold.group_place")
        stock = self.env.ref("stock.group_stock_user")
        # A plant may have taken the right to see holds away from its warehouse.
        stock.implied_ids -= group
        plain.groups_id -= group
        self.world.users["plain"] = plain
        hold, error = self.refuse("plain")
        self.assertNotIsInstance(error, HoldRefusal)
        self.assertIn(hold.name, str(error))
        self.assertNotIn("Suspect material", str(error))
        self.assertNotIn("responsible", str(error))

    def test_refusal_does_not_look_into_another_company(self):
        hold = self.world.hold(self.lot_a)
        other = self.env["res.company"].create({"name": "Neighbour"})
        user = self.world.user("neighbour", "stock.group_stock_user")
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        Line = self.env["mfg.quality.hold.line"].with_user(user)
        with self.assertRaises(UserError) as caught:
            Line._refuse(hold.line_ids.with_user(user), self.part, self.lot_a)
        self.assertNotIsInstance(caught.exception, HoldRefusal)
        self.assertNotIn("Suspect material", str(caught.exception))

    def test_validating_what_lost_its_reservation_names_the_hold(self):
        picking = self.world.transfer(self.part, 5)
        self.world.line(picking, self.lot_a, 5)
        self.world.env["stock.quant"]._update_available_quantity(
            self.part, self.world.shelf, -10, lot_id=self.lot_b
        )
        hold = self.world.hold(self.lot_a)
        with self.assertRaises(UserError) as caught:
            self.as_user(picking, "stk").button_validate()
        for words in ("A", hold.name, "Suspect material", "Hold stk", "disposition"):
            self.assertIn(words, str(caught.exception))
        self.assertStays(self.lot_a)

    @mute_logger("odoo.http")
    def test_refusal_opens_the_hold_in_the_web_client(self):
        hold = self.world.hold(self.lot_a)
        picking = self.world.transfer(self.part, 5)
        self.authenticate("hold-stk", "hold-stk")
        answer = self.opener.post(
            f"{self.base_url()}/web/dataset/call_kw/stock.move.line/create",
            json={
                "params": {
                    "model": "stock.move.line",
                    "method": "create",
                    "args": [
                        {
                            "move_id": picking.move_ids.id,
                            "picking_id": picking.id,
                            "product_id": self.part.id,
                            "lot_id": self.lot_a.id,
                            "quantity": 5,
                        }
                    ],
                    "kwargs": {},
                }
            },
        )
        error = answer.json()["error"]["data"]
        self.assertIn(hold.name, error["message"])
        # What makes the client show the dialog with the button, and where that leads.
        shown_as = error["context"]["exception_class"]
        self.assertEqual(shown_as, "odoo.exceptions.RedirectWarning")
        action = error["arguments"][1]
        self.assertEqual((action["res_model"], action["res_id"]), (hold._name, hold.id))

    def test_qh_27_not_uninstalled_while_something_is_on_hold(self):
        # The demo group has holds as well.
        self.env.cr.execute("UPDATE mfg_quality_hold_line SET state = 'closed'")
        self.env.invalidate_all()
        hold = self.world.hold(self.lot_a)
        own = self.env["ir.module.module"].search([("name", "=", "mfg_quality_hold")])
        below = self.env["ir.module.module"].search([("name", "=", "stock")])
        for module in (own, below):
            with (
                self.subTest(module.name),
                self.assertRaisesRegex(UserError, hold.name),
            ):
                module.button_uninstall()
        with self.assertRaisesRegex(UserError, hold.name):
            uninstall_hook(self.env)
        self.assertEqual(own.state, "installed")
        self.world.decide(hold, "release")
        uninstall_hook(self.env)

    @mute_logger("odoo.addons.base.models.res_users", "odoo.addons.auth_totp.models")
    def test_qh_18_second_factor_is_asked_for_where_the_user_has_one(self):
        hold = self.world.hold(self.lot_a)
        disposition = self.world.propose(hold, "release")
        key = b"quality-hold-key-123"
        self.world.users["apr1"].sudo().totp_secret = base64.b32encode(key).decode()
        signs = self.world.as_user("apr1")["mfg.quality.sign"]
        values = {"disposition_id": disposition.id, "password": "hold-apr1"}
        self.assertTrue(signs.new(values).needs_totp)
        code = hotp(key, int(time.time() / TIMESTEP))
        for wrong in (None, "abc", f"{(code + 1) % 10**6:06}"):
            with self.subTest(wrong), self.assertRaises(UserError):
                with self.cr.savepoint():
                    signs.create({**values, "totp_code": wrong})
        self.assertTrue(self.lot_a.is_on_hold)
        signs.create({**values, "totp_code": f"{code:06}"})
        self.assertFalse(self.lot_a.is_on_hold)
        self.assertFalse(signs._fields["totp_code"].store)
