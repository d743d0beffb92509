from pathlib import Path

from odoo.modules.migration import load_script
from odoo.tests.common import TransactionCase, tagged

FOLDER = Path(__file__).parents[1] / "migrations"


@tagged("post_install", "-at_install")
class TestMigration(TransactionCase):
    """An update completes what came with the module and leaves what people wrote."""

    def test_shipped_texts_are_completed(self):
        def ref(name):
            return self.env.ref(f"mfg_integration_queue.mfg_integration_{name}")

        emptied, edited = ref("error_code_net_001"), ref("error_code_tls_001")
        shipped = emptied.runbook
        self.assertIn("<li>", shipped)
        ping = ref("interface_system_ping")
        emptied.runbook = ping.fallback_procedure = False
        edited.runbook = "<p>Call the plant.</p>"
        script = FOLDER / "17.0.1.1.0" / "post-complete_shipped_records.py"
        load_script(str(script), "complete_shipped_records").migrate(
            self.env.cr, "17.0.1.0.0"
        )
        self.assertEqual(emptied.runbook, shipped)
        self.assertIn("None is needed", ping.fallback_procedure)
        self.assertEqual(edited.runbook, "<p>Call the plant.</p>")
