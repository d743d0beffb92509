from odoo import Command
from odoo.tests import tagged

from odoo.addons.mfg_multi_company.exceptions import ReleaseRefusal
from odoo.addons.mfg_multi_company.tests.common import GroupCase


@tagged("post_install", "-at_install")
class TestDrawingGate(GroupCase):
    """A planner and a releaser of one plant; the gate asks for nothing but a drawing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("planner", "releaser"):
            cls.world.user(name, "mrp.group_mrp_user,stock.group_stock_user")
        cls.assign("releaser", cls.env.ref("mfg_multi_company.role_release"))
        part, cls.product = cls.env["product.product"].create(
            [{"name": name, "detailed_type": "product"} for name in ("Part", "Machine")]
        )
        company = cls.world.companies["a"]
        bom = cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": cls.product.product_tmpl_id.id,
                "company_id": company.id,
                "bom_line_ids": [Command.create({"product_id": part.id})],
            }
        )
        cls.gate = cls.env["mfg.release.gate"].create(
            {"name": "Drawn", "company_id": company.id, "check_drawing": True}
        )
        cls.order = cls.world.env_of("planner")["mrp.production"].create(
            {"product_id": cls.product.id, "product_qty": 1, "bom_id": bom.id}
        )

    def draw(self, record):
        values = {"name": "Drawing 7", "res_model": record._name, "res_id": record.id}
        return self.env["product.document"].create(values)

    def release(self):
        self.order.action_mfg_request_release()
        self.as_user(self.order, "releaser").action_mfg_release()

    def assertRelease(self, state):
        self.env.invalidate_all()
        self.assertEqual(self.order.mfg_release_state, state)

    def test_order_without_drawing_is_not_released(self):
        with self.assertRaisesRegex(ReleaseRefusal, "Machine has no drawing"):
            self.release()
        self.gate.check_drawing = False
        self.release()
        self.assertRelease("approved")

    def test_drawing_of_template_or_variant_lets_it_pass(self):
        for record in (self.product.product_tmpl_id, self.product):
            with self.subTest(record._name):
                drawing = self.draw(record)
                self.release()
                self.assertRelease("approved")
                self.order.product_qty += 1
                self.assertRelease("revoked")
                drawing.unlink()
