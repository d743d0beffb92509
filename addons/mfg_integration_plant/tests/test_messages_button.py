from odoo import Command
from odoo.tests import new_test_user, tagged

from .common import PlantCase


@tagged("post_install", "-at_install")
class TestMessagesButton(PlantCase):
    """The order shows its messages to those who may read the queue."""

    def setUp(self):
        super().setUp()
        self.viewer = new_test_user(
            self.env,
            "plant_test_viewer",
            "mrp.group_mrp_user,mfg_integration_queue.group_viewer",
            company_id=self.plant.id,
            company_ids=[Command.set(self.plant.ids)],
        )
        self.done, self.silent = (
            self.order(self.product(name), 1) for name in ("Gear", "Pinion")
        )
        self.done.button_mark_done()
        self.env.cr.flush()

    def test_viewer_sees_and_opens_the_messages_of_one_order(self):
        done = self.done.with_user(self.viewer)
        self.assertEqual(done.mfg_message_count, 1)
        self.assertEqual(self.silent.with_user(self.viewer).mfg_message_count, 0)
        action = done.action_view_mfg_messages()
        message = (
            self.env[action["res_model"]]
            .with_user(self.viewer)
            .search(action["domain"])
        )
        self.assertEqual(len(message), 1)
        self.assertEqual(message.endpoint_id, self.subscription.endpoint_id)

    def test_button_is_there_for_the_viewer_only(self):
        form = self.env["mrp.production"]
        self.assertIn(
            "action_view_mfg_messages",
            form.with_user(self.viewer).get_view(view_type="form")["arch"],
        )
        self.assertNotIn(
            "action_view_mfg_messages",
            form.with_user(self.operator).get_view(view_type="form")["arch"],
        )
