import base64
import io

import zxingcpp
from lxml import html
from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HoldCase


@tagged("post_install", "-at_install")
class TestReports(HoldCase):
    """What is printed says what is held and why, and scanners can read it."""

    def render(self, report, records, user="qa"):
        """The report as the user prints it, parsed."""
        reports = self.world.as_user(user)["ir.actions.report"]
        content, _kind = reports._render_qweb_html(
            f"mfg_quality_hold.{report}", records.ids
        )
        return html.fromstring(content)

    def read_codes(self, page):
        """{symbology: text} of the pictures on a page, as a scanner reads them."""
        codes = {}
        for source in page.xpath(".//img/@src"):
            data = base64.b64decode(source.partition("base64,")[2])
            for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(data))):
                codes[code.format.name] = code.text
        return codes

    def test_qh_25_tag_is_readable_by_people_and_scanners(self):
        hold = self.world.hold(self.lot_a, 6, note="Only quality knows")
        document = self.render("mfg_quality_hold_report_tag", hold, user="stk")
        (page,) = document.xpath("//div[contains(@class, 'page')]")
        codes = self.read_codes(page)
        self.assertEqual(codes["Code128"], hold.name)
        self.assertIn(f"id={hold.id}&model=mfg.quality.hold", codes["QRCode"])
        text = " ".join(page.text_content().split())
        for words in ("ON HOLD", hold.name, "Lot A", "6.0", "Suspect material"):
            self.assertIn(words, text)
        self.assertIn("Placed by Hold stk", text)
        self.assertIn(str(hold.placed_on.year), text)
        self.assertNotIn("Only quality knows", text)

    def test_qh_25_colour_follows_the_severity(self):
        for reason, colour in (("SAFETY", "#c62828"), ("INSPECT", "#f9c80e")):
            hold = self.world.hold(self.lot_a, reason=reason)
            page = self.render("mfg_quality_hold_report_tag", hold)
            style = page.xpath("//div[contains(@class, 'page')]/@style")[0]
            self.assertIn(colour, style)

    def test_qh_25_each_held_thing_has_its_tag(self):
        hold = self.world.hold(self.lot_a | self.lot_b)
        document = self.render("mfg_quality_hold_report_tag", hold)
        self.assertEqual(len(document.xpath("//div[contains(@class, 'page')]")), 2)

    def test_qh_25_prints_are_logged(self):
        hold = self.world.hold(self.lot_a)
        for _copy in range(2):
            self.render("mfg_quality_hold_report_tag", hold, user="stk")
        first, second = hold.message_ids.sorted("id")[-2:].mapped("body")
        self.assertIn("Hold tag printed.", first)
        self.assertIn("printed again, copy 2", second)
        self.assertEqual(hold.message_ids.sorted("id")[-1].author_id.name, "Hold stk")
        with self.assertRaises(AccessError):
            self.as_user(hold, "stk").write({"tag_print_count": 0})

    def test_qh_25_nobody_prints_what_he_may_not_see(self):
        hold = self.world.hold(self.lot_a)
        for report in ("tag", "dossier"):
            with self.subTest(report), self.assertRaises(AccessError):
                self.render(f"mfg_quality_hold_report_{report}", hold, user="none")

    def test_dossier_is_complete_for_an_auditor(self):
        hold = self.world.hold(self.lot_a, note="Cracks at the seam")
        disposition = self.world.decide(hold, "scrap", {hold.line_ids: 4})
        self.render("mfg_quality_hold_report_tag", hold)
        document = self.render("mfg_quality_hold_report_dossier", hold, user="apr1")
        text = " ".join(document.text_content().split())
        signature = disposition.signature_ids
        for words in (
            hold.name,
            "Cracks at the seam",
            disposition.name,
            "Looked at it.",
            signature.content_hash,
            "stands for the present content",
            "Hold apr1",
            "executed 4.0",
            disposition.line_ids.move_ids.reference,
            "Hold tag printed.",
        ):
            self.assertIn(words, text)

    def test_recall_notices_go_to_those_who_have_some(self):
        self.world.ship(self.part, 3, self.lot_a)
        trace = self.as_user(self.env["mfg.quality.trace"], "qa").create(
            {"lot_ids": [(6, 0, (self.lot_a | self.lot_b).ids)]}
        )
        trace.action_run()
        text = self.render("mfg_quality_trace_report_recall", trace).text_content()
        self.assertIn(self.world.partner.name, text)
        self.assertIn("3.0", text)
        report = self.render("mfg_quality_trace_report_containment", trace)
        report = " ".join(report.text_content().split())
        self.assertIn("Lots in stock that are on hold 0.0 %", report)
        self.assertIn("Customers who have some of it 1", report)
        unsold = trace.create({"lot_ids": [(6, 0, self.lot_b.ids)]})
        unsold.action_run()
        with self.assertRaisesRegex(UserError, "nobody to be notified"):
            self.render("mfg_quality_trace_report_recall", unsold)
