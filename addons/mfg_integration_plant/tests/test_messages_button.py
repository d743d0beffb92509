from lxml import etree

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
        self.assertEqual(message.status, "waiting")
        self.assertIn(message.system_id.name, message.text)
        self.assertEqual(message.action_open()["res_model"], "mfg.integration.delivery")

    def test_button_is_there_for_the_viewer_only(self):
        for name in ("mrp.production", "stock.picking", "stock.lot", "purchase.order"):
            with self.subTest(model=name):
                self.assertEqual(self._buttons(name, self.viewer), 1)
        self.assertEqual(self._buttons("mrp.production", self.operator), 0)

    def _buttons(self, name, user):
        form = self.env[name].with_user(user)
        arch = etree.fromstring(form.get_view(view_type="form")["arch"])
        return len(arch.xpath("//button[@name='action_view_mfg_messages']"))
