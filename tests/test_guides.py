"""SU-10: what README and role guides tell somebody to open is there, for that login."""

import re
from functools import cached_property
from pathlib import Path

from lxml import etree

from odoo.tests import TransactionCase, tagged

ROOT = Path(__file__).parent.parent
GUIDES = ROOT / "docs" / "guides"
LOGIN = re.compile(r"[Ll]og in as `([\w-]+)`")
# What a guide names as it stands on the screen is in italics; bold is emphasis.
NAMED = re.compile(r"(?<![*\w])\*([^*\n][^*]*?)\*(?![*\w])")
STEP = "▸"
# Menus of the form itself, not of the application.
FORM_MENUS = ("Print", "Actions", "Action", "Favorites", "Developer Tools")


def named(text):
    """What a page names in italics, each once, line breaks undone."""
    found = (" ".join(each.split()) for each in NAMED.findall(text))
    return dict.fromkeys(found)


@tagged("standard", "post_install", "-at_install")
class TestGuides(TransactionCase):
    """Role guides name menus that the role sees, and words that are on the screens."""

    def guides(self):
        """(name, text, login) of each role's guide."""
        for path in sorted(GUIDES.glob("*.md")):
            text = path.read_text(encoding="utf-8")
            login = LOGIN.search(text)
            if login:
                yield path.name, text, login[1]

    def visible(self, login):
        """Paths of the menus that a login sees, as a guide writes them."""
        user = self.env["res.users"].search([("login", "=", login)])
        self.assertEqual(len(user), 1, f"{login}: no such login in the demo group")
        menus = self.env["ir.ui.menu"].with_user(user)
        menus = menus.browse(menus._visible_menu_ids())
        # A menu below one that is not shown is not shown either.
        shown = set(menus.ids)
        menus = menus.filtered(
            lambda menu: (
                {int(each) for each in menu.parent_path.split("/") if each} <= shown
            )
        )
        return [menu.complete_name.replace("/", f" {STEP} ") for menu in menus]

    @cached_property
    def words(self):
        """Every label of the suite's screens, lower case."""
        found = set()
        for view in self.env["ir.ui.view"].search([]):
            tree = etree.fromstring(view.arch)
            for node in tree.iter():
                if not isinstance(node.tag, str):
                    continue
                found.update(
                    node.get(name)
                    for name in ("string", "title", "help", "confirm")
                    if node.get(name)
                )
                found.update(text.strip() for text in (node.text, node.tail) if text)
        for model, names in (
            ("ir.ui.menu", ["name"]),
            ("ir.model", ["name"]),
            ("ir.model.fields", ["field_description"]),
            ("ir.model.fields.selection", ["name"]),
            ("ir.actions.actions", ["name"]),
            ("res.groups", ["name", "full_name"]),
            ("ir.module.category", ["name"]),
        ):
            for record in self.env[model].search([]):
                found.update(record[name] for name in names if record[name])
        return {" ".join(each.split()).lower() for each in found}

    @cached_property
    def sources(self):
        """Texts of the suite that no record holds: of the web client, and of Python."""
        files = [
            path
            for kind in ("*.js", "*.xml", "*.py")
            for path in (ROOT / "addons").rglob(kind)
            if "tests" not in path.parts
        ]
        text = " ".join(path.read_text(encoding="utf-8") for path in files)
        return " ".join(text.split())

    def test_su_10_guides_lead_to_menus_that_the_role_sees(self):
        wrong = []
        for name, text, login in self.guides():
            paths = self.visible(login)
            for each in named(text):
                if STEP not in each or each.split(f" {STEP} ")[0] in FORM_MENUS:
                    continue
                if not any(
                    path == each or path.endswith(f" {STEP} {each}") for path in paths
                ):
                    wrong.append(f"{name}: {each}, as {login}")
        self.assertFalse(wrong, "\n".join(wrong))

    def test_su_10_guides_use_the_words_of_the_screens(self):
        wrong = []
        count = 0
        for name, text, _login in self.guides():
            for each in named(text):
                count += 1
                # A right is written as category and group.
                for word in re.split(f" {STEP} |: ", each):
                    if word.lower() not in self.words and word not in self.sources:
                        wrong.append(f"{name}: {word}")
        self.assertGreater(count, 100)
        self.assertFalse(wrong, "\n".join(wrong))
