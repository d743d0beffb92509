from odoo.tests import HttpCase, tagged

from odoo.addons.mfg_integration_queue.tests.mapping_common import OutboundMappingCase

from .common import SuiteCase

INBOX = "/web#action=mfg_suite.mfg_suite_exception_action"


@tagged("post_install", "-at_install")
class TestTours(OutboundMappingCase, SuiteCase, HttpCase):
    """The screens of the suite in a browser, as people with rights in one plant see them."""

    def start(self, tour, user, url=INBOX):
        """Run a tour as somebody, whose login and password are ``suite-tour``."""
        user.write({"login": "suite-tour", "password": "suite-tour"})
        self.start_tour(url, tour, login="suite-tour")

    def test_plant_user_looks_at_the_home_page(self):
        hold = self._hold()
        hold.sudo().responsible_id = self.person
        self._hold(name="LOT-2", late=False)
        self._dead_letter()
        self.start(
            "mfg_suite_home",
            self.person,
            "/web#action=mfg_suite.mfg_suite_home_action",
        )

    def test_su_04_operator_works_off_dead_letter_and_missing_map(self):
        letter = self._dead_letter()
        countries = self._map("Countries", [("DE", "Germany")])
        self._declare(
            self.interface.version_ids,
            {"path": "country", "kind": "value", "value_map_id": countries.id},
        )
        self._emit(
            record=self._record("Valve"), payload={"country": "AT"}, user=self.person
        )
        self._send_mapped()
        self.start("mfg_suite_exception", self.operator)
        self.assertEqual(letter.state, "replayed")
        self.assertIn({"country": "Austria"}, self._send_mapped())

    def test_su_04_inspector_and_approver_resolve_an_overdue_hold(self):
        inspector = self._user(
            "inspector",
            "stock.group_stock_user,mrp.group_mrp_user,mfg_quality_hold.group_inspect",
        )
        approver = self._user("signer", "mfg_quality_hold.group_approve")
        hold = self._hold(by=self._user("floor", "stock.group_stock_user"))
        hold.sudo().responsible_id = inspector
        self.start("mfg_suite_overdue_hold", inspector)
        inspector.login = "suite-inspector"
        self.start("mfg_suite_signature", approver)
        self.assertEqual(hold.state, "closed")

    def test_su_04_controller_resolves_price_mismatch_and_capture_gap(self):
        user = self._user(
            "control", "account.group_account_invoice,mfg_audit_trail.group_reviewer"
        )
        found = self._disagreement(
            self.other_company, self.company, owners=(self.stranger, user)
        )
        alert = self._capture_gap(owner=user)
        self.start("mfg_suite_price_and_gap", user)
        self.assertEqual((found.state, found.resolved_by_id), ("resolved", user))
        self.assertEqual((alert.state, alert.closed_by_id), ("closed", user))
