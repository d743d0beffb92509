"""SU-12: whatever a menu opens can be searched, grouped, and explains itself when empty; its
buttons work."""

from lxml import etree
from screens import SCREENS

from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import is_html_empty


@tagged("standard", "post_install", "-at_install")
class TestMenus(TransactionCase):
    """The lists behind the menus of our modules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        menus = cls.env["ir.ui.menu"].search([])
        own = menus.get_external_id()
        opened = menus.filtered(
            lambda menu: menu.action and own[menu.id].startswith("mfg_")
        )
        cls.actions = [
            menu.action
            for menu in opened
            if menu.action._name == "ir.actions.act_window"
            and menu.action.target == "current"
        ]

    def test_su_12_every_list_of_a_menu_can_be_grouped(self):
        self.assertGreater(len(self.actions), 40)
        missing = []
        for action in self.actions:
            model = self.env[action.res_model]
            arch = model.get_view(action.search_view_id.id, "search")["arch"]
            filters = etree.fromstring(arch).iter("filter")
            if not any("group_by" in (each.get("context") or "") for each in filters):
                missing.append(action.get_external_id()[action.id])
        self.assertFalse(missing)

    def test_su_12_every_list_of_a_menu_says_what_it_is_for(self):
        silent = [
            action.get_external_id()[action.id]
            for action in self.actions
            if is_html_empty(action.help)
        ]
        self.assertFalse(silent)

    def test_su_12_every_right_is_given_without_developer_mode(self):
        groups = self.env["res.groups"].search([])
        own = groups.get_external_id()
        hidden = [
            own[group.id]
            for _app, kind, found, _place in groups.get_groups_by_application()
            for group in found
            if kind != "selection" and own[group.id].startswith("mfg_")
        ]
        self.assertFalse(hidden, "the form of a user shows them in developer mode only")

    def test_su_12_every_menu_has_its_picture(self):
        menus = self.env["ir.ui.menu"].search([("action", "!=", False)])
        own = menus.get_external_id()
        opened = {
            menu.action.get_external_id()[menu.action.id]
            for menu in menus
            if own[menu.id].startswith("mfg_")
        }
        own_actions = {each for each in opened if each.startswith("mfg_")}
        self.assertGreater(len(own_actions), 80)
        self.assertFalse(own_actions - {screen.action for screen in SCREENS})

    def test_buttons_call_methods_that_take_records(self):
        """The web client hands ids to the method of a button, which an ``api.model`` refuses."""
        views = self.env["ir.ui.view"].search([("model", "!=", False)])
        own = views.get_external_id()
        wrong, buttons = [], 0
        for view in views:
            if not own[view.id].startswith("mfg_") or view.model not in self.env:
                continue
            for button in etree.fromstring(view.arch).iter("button"):
                method = getattr(self.env[view.model], button.get("name") or "", None)
                if button.get("type") == "object" and method:
                    buttons += 1
                    if getattr(method, "_api", None) == "model":
                        wrong.append((own[view.id], button.get("name")))
        self.assertGreater(buttons, 100)
        self.assertFalse(wrong)

    def test_form_of_a_new_record_opens(self):
        """Where a menu leads to a list with a form, New in it does: nothing is filled in yet."""
        opened = {
            action.res_model
            for action in self.actions
            if "form" in action.view_mode.split(",")
        }
        forms = 0
        for model in sorted(opened):
            arch = etree.fromstring(self.env[model].get_view(False, "form")["arch"])
            if arch.get("create") in ("0", "false", "False"):
                continue
            with self.subTest(model):
                self.assertTrue(Form(self.env[model]))
            forms += 1
        self.assertGreater(forms, 20)
