import ast
import re
from pathlib import Path

from odoo.modules import get_module_path
from odoo.tests.common import TransactionCase, tagged
from odoo.tools import is_html_empty

from ..engine.problem import CATALOGUE

CODE = re.compile(r"(ADDR|BATCH|FILE|HTTP|IN|INT|MAP|NET|TLS)-[A-Z0-9]+(-[A-Z]+)?")


@tagged("post_install", "-at_install")
class TestErrorCatalogue(TransactionCase):
    """Whoever gets a message to decide about reads words and steps, not codes."""

    def test_every_entry_says_what_happened_and_what_to_do(self):
        entries = self.env["mfg.integration.error.code"].search([])
        self.assertGreater(len(entries), 40)
        for entry in entries:
            with self.subTest(entry.code):
                self.assertTrue(entry.name)
                self.assertTrue(entry.suggestion)
                self.assertFalse(is_html_empty(entry.runbook))

    def test_every_code_of_the_sources_has_an_entry(self):
        errors = self.env["mfg.integration.error.code"]
        codes = self._codes_in_sources() | CATALOGUE.keys()
        self.assertLessEqual({"MAP-001", "NET-001", "IN-DATA", "INT-002"}, codes)
        missing = {code for code in codes if not errors._for_code(code)}
        self.assertFalse(missing)

    def _codes_in_sources(self):
        found = set()
        root = Path(get_module_path("mfg_integration_queue"))
        for folder in ("engine", "models", "controllers"):
            for path in sorted((root / folder).glob("*.py")):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    value = getattr(node, "value", None)
                    if isinstance(value, str) and CODE.fullmatch(value):
                        found.add(value)
        return found
