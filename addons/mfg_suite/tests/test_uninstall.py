from lxml import etree

from odoo.modules.module import get_manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from ..hooks import SHIPPED, uninstall_hook


@tagged("post_install", "-at_install")
class TestUninstall(TransactionCase):
    """What came with the module goes with it; the demo group stays, as business does."""

    def kinds(self):
        """Kinds of records that Odoo would delete with the module, beside its own."""
        data = self.env["ir.model.data"].search([("module", "=", "mfg_suite")])
        return {each.model for each in data if not each.model.startswith("ir.")}

    def test_list_of_what_is_shipped_is_whole(self):
        shipped = set()
        for name in get_manifest("mfg_suite")["data"]:
            if name.endswith(".xml"):
                with file_open(f"mfg_suite/{name}", "rb") as stream:
                    records = etree.parse(stream).iter("record")
                    shipped |= {record.get("model") for record in records}
        shipped = {model for model in shipped if not model.startswith("ir.")}
        self.assertEqual(shipped, set(SHIPPED))

    def test_demo_group_is_nobodys_when_the_module_goes(self):
        self.assertLess(set(SHIPPED), self.kinds())
        uninstall_hook(self.env)
        self.assertEqual(self.kinds(), set(SHIPPED))
