"""Quality holds beside apps of Odoo that ours do not need (QH-04, QH-08, QH-14).

A missing one fails: the test templates have them, see ``COMPANIONS`` of the launcher.
"""

from launcher.modules import COMPANIONS

from odoo import Command
from odoo.tests import tagged

from odoo.addons.mfg_quality_hold.tests import bypass
from odoo.addons.mfg_quality_hold.tests.common import HoldCase


@tagged("standard", "post_install", "-at_install")
class TestHoldCompanions(HoldCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        installed = cls.env["ir.module.module"].search(
            [("name", "in", list(COMPANIONS)), ("state", "=", "installed")]
        )
        missing = COMPANIONS - set(installed.mapped("name"))
        assert not missing, f"not in the test template: {', '.join(sorted(missing))}"

    def assertRefused(self, act, prepare=None):
        """The call works on free stock and is refused with the hold on held stock."""
        attempt = bypass.Attempt(act.__name__, "3.2", "rpc", act, prepare)
        free = bypass.run_attempt(self.world, attempt, "stk", held=False)
        self.assertFalse(free["error"])
        self.assertTrue(free["changed"], "has no effect on free stock")
        held = bypass.run_attempt(self.world, attempt, "stk", held=True)
        self.assertFalse(held["changed"], "held stock has changed")
        self.assertRegex(str(held["error"]), r"QH/\d+")

    def test_qh_04_batch_transfer(self):
        def finish_batch(scene, env):
            picking = scene.world.transfer(scene.part, 10)
            batch = env["stock.picking.batch"].create(
                {
                    "company_id": scene.world.company.id,
                    "picking_ids": [Command.set(picking.ids)],
                }
            )
            scene.world.line(picking, scene.lot_a, 10, env)
            batch.action_confirm()
            picking.move_ids.picked = True
            bypass.rpc(batch, "action_done", context={"skip_backorder": True})

        self.assertRefused(finish_batch)

    def test_qh_04_batch_leaves_out_what_is_held_meanwhile(self):
        picking = self.world.transfer(self.part, 10)
        self.world.line(picking, self.lot_a, 10)
        env = self.world.as_user("stk")
        batch = env["stock.picking.batch"].create(
            {"company_id": self.world.company.id, "picking_ids": picking.ids}
        )
        batch.action_confirm()
        picking.move_ids.picked = True
        self.world.hold(self.lot_a)
        picking.move_ids.picked = True
        batch.with_context(skip_backorder=True).action_done()
        self.assertStays(self.lot_a)
        self.assertEqual(self.world.on_hand(self.part, self.lot_b), 0)

    def broken(self, scene, env, product, lot=None, **values):
        """A repair order of the user's that was begun."""
        world = scene.world
        order = env["repair.order"].create(
            {
                "product_id": product.id,
                "product_uom": product.uom_id.id,
                "product_qty": 1,
                "lot_id": lot.id if lot else False,
                "partner_id": world.partner.id,
                "company_id": world.company.id,
                "picking_type_id": world.warehouse.repair_type_id.id,
                "location_id": world.shelf.id,
                **values,
            }
        )
        order._action_repair_confirm()
        order.action_repair_start()
        return order

    def test_qh_08_repair_with_a_held_part(self):
        def repair(scene, env):
            device = scene.world.product("Device", "none")
            scene.world.put(device, 1)
            part = {
                "product_id": scene.part.id,
                "product_uom_qty": 4,
                "repair_line_type": "add",
                "company_id": scene.world.company.id,
            }
            order = self.broken(scene, env, device, move_ids=[Command.create(part)])
            move = order.move_ids
            move.move_line_ids.unlink()
            env["stock.move.line"].create(
                {
                    "move_id": move.id,
                    "product_id": scene.part.id,
                    "product_uom_id": scene.part.uom_id.id,
                    "lot_id": scene.lot_a.id,
                    "quantity": 4,
                    "location_id": scene.world.shelf.id,
                    "location_dest_id": move.location_dest_id.id,
                }
            )
            move.picked = True
            order.action_repair_end()

        self.assertRefused(repair)

    def test_qh_08_repair_of_a_held_lot(self):
        def repair(scene, env):
            self.broken(scene, env, scene.part, scene.lot_a).action_repair_end()

        self.assertRefused(repair)

    def test_qh_08_subcontractor_uses_a_held_component(self):
        def prepare(scene):
            world = scene.world
            scene.gear = world.product("Subcontracted", "none")
            bom = world.bom(scene.gear, [(scene.part, 2)], kind="subcontract")
            bom.subcontractor_ids = world.partner
            scene.there = world.partner.with_company(
                world.company
            ).property_stock_subcontractor
            quants = world.env["stock.quant"]
            quants._update_available_quantity(
                scene.part, world.shelf, -10, lot_id=scene.lot_a
            )
            world.put(scene.part, 10, scene.lot_a, scene.there)

        def receive(scene, env):
            world = scene.world
            receipt = world.transfer(
                scene.gear,
                5,
                source=world.suppliers,
                destination=world.stock,
                env=env,
                kind="in",
            )
            order = receipt.move_ids.move_orig_ids.production_id.sudo()
            order.qty_producing = 5
            raw = order.move_raw_ids
            raw.move_line_ids.unlink()
            env["stock.move.line"].create(
                {
                    "move_id": raw.id,
                    "product_id": scene.part.id,
                    "product_uom_id": scene.part.uom_id.id,
                    "lot_id": scene.lot_a.id,
                    "quantity": 10,
                    "location_id": scene.there.id,
                    "location_dest_id": raw.location_dest_id.id,
                }
            )
            raw.picked = True
            order.subcontracting_record_component()
            receipt.move_ids.quantity = 5
            bypass.finish(receipt, env)

        self.assertRefused(receive, prepare)

    def test_qh_08_drop_shipment_of_a_recalled_lot(self):
        def drop_ship(scene, env):
            world = scene.world
            drop_shipment = env["stock.picking.type"].search(
                [("code", "=", "dropship"), ("company_id", "=", world.company.id)],
                limit=1,
            )
            self.assertTrue(drop_shipment)
            picking = world.transfer(
                scene.part,
                10,
                source=world.suppliers,
                destination=world.customers,
                env=env,
                kind=drop_shipment,
            )
            world.line(picking, scene.lot_a, 10, env, location_id=world.suppliers.id)
            bypass.finish(picking, env)

        self.assertRefused(drop_ship)

    def test_qh_14_the_shop_promises_only_what_is_free(self):
        website = self.env["website"].create(
            {
                "name": "Shop of the plant",
                "company_id": self.world.company.id,
                "warehouse_id": self.world.warehouse.id,
            }
        )
        oil = self.world.product("Oil", "none")
        self.world.put(oil, 100)
        self.world.hold(oil, quantity=60)
        self.assertEqual(website._get_product_available_qty(oil), 40)
        cart = self.env["sale.order"].create(
            {
                "partner_id": self.world.partner.id,
                "company_id": self.world.company.id,
                "warehouse_id": self.world.warehouse.id,
                "website_id": website.id,
            }
        )
        self.assertEqual(cart._get_cart_and_free_qty(oil)[1], 40)
