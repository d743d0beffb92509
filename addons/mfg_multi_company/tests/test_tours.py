from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from .common import GroupCase
from .ic_common import ACCOUNTING
from .world import PLANTS


@tagged("post_install", "-at_install")
class TestTours(GroupCase, HttpCase):
    """What a consultant sets up in the web client, without developer mode."""

    def test_consultant_sets_up_plants_and_roles(self):
        self.world.plants["a"].action_close()
        self.world.plants["a"].active = False
        self.world.users["conf"].password = "group-conf"
        self.start_tour(
            "/web#action=mfg_multi_company.mfg_plant_action",
            "mfg_multi_company_setup",
            login="group-conf",
        )
        plant = self.env["mfg.plant"].search([("code", "=", "LNZ")])
        self.assertEqual((plant.name, plant.state), ("Machining Linz", "active"))
        self.assertEqual(plant.company_id, self.world.companies["a"])
        steward = self.env["mfg.plant.domain"]._steward("item", plant)
        self.assertEqual(steward, self.world.users["worker"])
        assignment = plant.assignment_ids
        self.assertEqual(assignment.state, "requested")
        self.as_user(assignment, "apr1").action_approve()
        self.assertTrue(self.world.users["worker"]._mfg_has_role("PLANNER", plant))

    def test_mc_26_consultant_sets_up_two_plants_and_their_dealings(self):
        for plant in self.world.plants.values():
            plant.action_close()
            plant.active = False
        companies = self.world.companies
        chart = self.env["account.chart.template"]
        for key in "ab":
            chart.try_loading("generic_coa", company=companies[key], install_demo=False)
        consultant = self.world.users["conf"]
        consultant.password = consultant.login
        consultant.company_ids |= companies["b"]
        # A gate's filter counts manufacturing orders, so its author must be able to read them.
        for group in ("mfg_multi_company.group_transfer_price", "mrp.group_mrp_user"):
            consultant.groups_id |= self.env.ref(group)
        self.world.user("seller", f"{PLANTS}user,{ACCOUNTING}", "b")
        self.world.user("apr_b", f"{PLANTS}approve", "b")
        for key in "ab":
            self.world.user(f"service_{key}", ACCOUNTING, key)
        ids = ",".join(str(companies[key].id) for key in "ab")
        self.start_tour(
            f"/web#action=mfg_multi_company.mfg_plant_action&cids={ids}",
            "mfg_multi_company_intercompany",
            login="group-conf",
        )
        plants = self.env["mfg.plant"].search([("code", "in", ("LNZ", "BRN"))])
        self.assertEqual(plants.company_id, companies["a"] | companies["b"])
        self.assertEqual(set(plants.mapped("state")), {"active"})
        policy = self.env["mfg.data.policy"].search([("name", "=", "Names of items")])
        self.assertEqual(policy.line_ids.field_id.name, "default_code")
        agreement = self.env["mfg.ic.agreement"].search(
            [("seller_company_id", "=", companies["b"].id)]
        )
        self.assertEqual(agreement.buyer_company_id, companies["a"])
        self.assertEqual(set(agreement.side_ids.mapped("side")), {"seller", "buyer"})
        self.assertEqual(agreement.price_rule_ids.percent, 8)
        gate = self.env["mfg.release.gate"].search([("name", "=", "Orders of Linz")])
        self.assertEqual(gate.plant_id.code, "LNZ")

        # Second persons agree; then it works, with nothing else to be set up.
        self.as_user(agreement.price_rule_ids, "apr_b").action_approve()
        self.as_user(agreement, "apr_b").action_approve()
        self.as_user(agreement, "apr1").action_approve()
        self.assertEqual(agreement.state, "active")
        part = self.env["product.product"].create(
            {"name": "Casting", "detailed_type": "product"}
        )
        part.with_company(companies["b"]).standard_price = 100
        price, _currency, _trace = agreement._mfg_ic_price(part, 1)
        self.assertEqual(price, 108)
        invoice = self.world.env_of("seller")["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": companies["a"].partner_id.id,
                "invoice_line_ids": [
                    Command.create({"product_id": part.id, "price_unit": price})
                ],
            }
        )
        invoice.action_post()
        bill = self.env["mfg.ic.link"]._of_documents(invoice)._mirror_document(self.env)
        self.assertEqual((bill.company_id, bill.state), (companies["a"], "posted"))
        self.assertEqual(bill.amount_total, invoice.amount_total)
        order = self.world.env_of("worker")["mrp.production"].create(
            {"product_id": part.id, "product_qty": 1}
        )
        with self.assertRaisesRegex(UserError, "Orders of Linz"):
            order.action_confirm()
