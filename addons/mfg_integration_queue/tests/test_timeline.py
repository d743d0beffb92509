from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .inbound_common import InboundCase
from .test_delivery import EngineCase


@tagged("post_install", "-at_install")
class TestTimeline(InboundCase, EngineCase):
    """What was said about a document, in words its people use.

    A partner is no document with a button of its own here: the timeline is asked directly,
    as the mixin's button does.
    """

    def _timeline(self, record=None, user=None):
        self.env.cr.flush()
        self.env.invalidate_all()
        timeline = self.env["mfg.integration.timeline"].with_user(user or self.viewer)
        return timeline._for_record(record or self.record)

    def test_each_state_in_words(self):
        self._emit()
        line = self._timeline()
        self.assertEqual((line.text, line.status), ("On its way to MES One", "waiting"))
        self._fail(delay=0)
        self.assertEqual(self._timeline().text, "MES One has not taken it yet")
        self._deliver()
        line = self._timeline()
        self.assertRegex(line.text, r"^MES One confirmed \d\d:\d\d$")
        self.assertEqual(line.status, "done")
        self._emit()
        self._bury()
        failed = self._timeline().filtered(lambda each: each.status == "failed")
        self.assertRegex(failed.text, r"^MES One did not accept it \d\d:\d\d$")
        self.assertEqual(failed.action_open()["res_model"], "mfg.integration.delivery")

    def test_time_is_that_of_the_user(self):
        self._emit()
        self._deliver()
        self.env.cr.execute(
            "UPDATE mfg_integration_delivery_log SET finished_at = '2026-05-04 12:02:00'"
            " WHERE endpoint_id = %s",
            [self.endpoint.id],
        )
        self.viewer.tz = "Europe/Berlin"
        with freeze_time("2026-05-04 15:00:00"):
            self.assertEqual(self._timeline().text, "MES One confirmed 14:02")
        with freeze_time("2026-05-05 15:00:00"):
            self.assertIn("5/4/26, 2:02", self._timeline().text)

    def test_document_that_came_in_knows_its_message(self):
        self._take_in()
        message = self._process_due()
        line = self._timeline(self.system)
        self.assertRegex(line.text, r"^MES One reported \d\d:\d\d$")
        self.assertEqual((line.direction, line.status), ("inbound", "done"))
        self.assertEqual(line.action_open()["res_id"], message.id)
        self.assertEqual(line.trace_id, message.trace_id)
        self.assertEqual(message._count_by_record(self.system), {self.system.id: 1})

    def test_only_what_the_user_may_see(self):
        self._emit()
        stranger = self._user(
            "viewer", "mfg_integration_queue.group_viewer", self.other_company
        )
        self.assertFalse(self._timeline(user=stranger))
        with self.assertRaises(AccessError):
            self._timeline(user=self.employee)
        line = self._timeline()
        with self.assertRaises(AccessError):
            line.with_user(stranger).read(["text"])

    def test_message_that_is_gone(self):
        self._emit()
        line = self._timeline()
        self.env.cr.execute(
            "DELETE FROM mfg_integration_delivery WHERE endpoint_id = %s",
            [self.endpoint.id],
        )
        self.env.invalidate_all()
        with self.assertRefused(UserError, "not kept any more"):
            line.action_open()

    def test_button_finds_its_place_on_a_form(self):
        mixin = self.env["mfg.integration.timeline.mixin"]
        for arch in (
            "<form><sheet><div name='button_box'/><group/></sheet></form>",
            "<form><sheet><group/></sheet></form>",
        ):
            form = etree.fromstring(arch)
            mixin._mfg_add_timeline_button(form)
            path = (
                "sheet/div[@name='button_box']/button[@name='action_view_mfg_messages']"
            )
            self.assertEqual(len(form.findall(path)), 1)
        bare = etree.fromstring("<form><group/></form>")
        mixin._mfg_add_timeline_button(bare)
        self.assertEqual(etree.tostring(bare), b"<form><group/></form>")
