import jsonschema

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import HttpCase, tagged

from .common import QueueCase


@tagged("post_install", "-at_install")
class TestTemplate(QueueCase):
    """An interface begins with what worked elsewhere, and still needs an approval."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # other modules may have interfaces of the shipped templates' codes
        for number, template in enumerate(
            cls.env["mfg.integration.template"].search([])
        ):
            template.code = f"from.template{number}"
        cls.template = cls.env.ref(
            "mfg_integration_queue.mfg_integration_template_item_changed"
        ).with_user(cls.integrator)

    def test_interface_from_a_template_is_a_draft(self):
        action = self.template.action_create_interface()
        interface = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(interface.code, self.template.code)
        self.assertEqual(interface.owner_id, self.integrator)
        self.assertEqual(interface.version_ids.state, "draft")
        self.assertEqual(interface.version_ids.author_id, self.integrator)
        self.assertFalse(interface._card_gaps())
        self.assertFalse(interface.current_version_id)

    def test_second_use_leads_to_the_interface_that_is_there(self):
        self.template.action_create_interface()
        with self.assertRefused(UserError, "is there already"):
            self.template.action_create_interface()

    def test_shipped_examples_follow_their_schemas(self):
        templates = self.env["mfg.integration.template"].search([])
        self.assertGreaterEqual(len(set(templates.mapped("pattern"))), 4)
        for template in templates.with_user(self.integrator):
            with self.subTest(template.code):
                action = template.action_create_interface()
                interface = self.env[action["res_model"]].browse(action["res_id"])
                version = interface.version_ids
                jsonschema.Draft7Validator(version._parse("schema")).validate(
                    version._parse("example")
                )

    def test_viewer_creates_nothing_from_it(self):
        with self.assertRaises(AccessError):
            self.template.with_user(self.viewer).action_create_interface()

    def test_template_that_is_no_json_is_refused(self):
        with self.assertRefused(ValidationError, "Example.* is not JSON"):
            self.template.sudo().example = "{"


@tagged("post_install", "-at_install")
class TestConsultant(QueueCase, HttpCase):
    """What a consultant does in the web client, without developer mode and without shell."""

    #: wide enough for every menu of the application to stand in the bar
    browser_size = "1920x1080"

    def test_consultant_sets_up_an_interface(self):
        service = self._user("service", "base.group_user")
        service.name = "Tour Service"
        self.integrator.password = self.integrator.login
        menu = self.env.ref("mfg_integration_queue.mfg_integration_menu_root")
        action = "mfg_integration_queue.mfg_integration_system_action"
        self.start_tour(
            f"/web#action={action}&menu_id={menu.id}",
            "mfg_integration_queue_consultant",
            login=self.integrator.login,
        )
        system = self.env["mfg.integration.system"].search(
            [("code", "=", "supplier-portal")]
        )
        self.assertEqual(system.user_id, service)
        self.assertEqual(system.company_id, self.company)
        interface = self.env["mfg.integration.interface"].search(
            [("code", "=", "order.acknowledged")]
        )
        self.assertEqual(interface.version_ids.state, "draft")
        self.assertEqual(interface.system_of_record, "Supplier portal")
        value_map = self.env["mfg.integration.value.map"].search(
            [("name", "=", "Units of the supplier")]
        )
        self.assertEqual(value_map.kind, "unit")
        self.assertEqual(
            (value_map.line_ids.external_value, value_map.line_ids.factor),
            ("KGM", 1000),
        )
        credential = system.credential_ids
        self.assertEqual(credential.name, "Portal operators")
        self.assertEqual(credential.interface_ids, interface)
