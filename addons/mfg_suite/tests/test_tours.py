from odoo.tests import HttpCase, tagged

from odoo.addons.mfg_integration_queue.tests.mapping_common import OutboundMappingCase

from .common import EVERY_RIGHT, SuiteCase


@tagged("post_install", "-at_install")
class TestTours(OutboundMappingCase, SuiteCase, HttpCase):
    """The screens of the suite in a browser, as people with rights in one plant see them."""

    def test_plant_user_looks_at_the_home_page(self):
        hold = self._hold()
        hold.sudo().responsible_id = self.person
        self._hold(name="LOT-2", late=False)
        self._dead_letter()
        self.person.password = self.person.login
        self.start_tour(
            "/web#action=mfg_suite.mfg_suite_home_action",
            "mfg_suite_home",
            login=self.person.login,
        )

    def test_su_04_operator_works_off_the_inbox(self):
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
        self.operator.password = self.operator.login
        self.start_tour(
            "/web#action=mfg_suite.mfg_suite_exception_action",
            "mfg_suite_exception",
            login=self.operator.login,
        )
        self.assertEqual(letter.state, "replayed")
        self.assertIn({"country": "Austria"}, self._send_mapped())

    def test_every_view_opens_for_every_role(self):
        self._everything()
        self._disagreement()
        for groups in (EVERY_RIGHT, "mfg_audit_trail.group_auditor"):
            env = self.env(
                user=self._user(groups, groups).id,
                context={"allowed_company_ids": self.company.ids},
            )
            for name in ("mfg.suite.exception", "mfg.integration.stock.overview"):
                model = env[name]
                if model.check_access_rights("read", raise_exception=False):
                    views = [(False, kind) for kind in ("tree", "pivot", "search")]
                    model.get_views(views, {"toolbar": True})
                    model.search([]).read()
