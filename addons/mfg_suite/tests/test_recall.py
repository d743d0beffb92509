from lxml import html

from odoo import Command
from odoo.api import call_kw
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.mfg_multi_company_trade.tests.trade_common import BUY, SELL, TradeCase

MAKE = "mrp.group_mrp_user,stock.group_stock_user,stock.group_production_lot"
REFUSED = "is on quality hold"
QUALITY = f"{MAKE},mfg_quality_hold.group_inspect"


@tagged("post_install", "-at_install")
class TestRecall(TradeCase):
    """A bad lot of raw iron at plant B, used by three plants and sold to two customers.

    ====== ============================================ ===========================
    plant  made or bought                               left
    ====== ============================================ ===========================
    B      100 iron BAD, 40 of it in 20 castings C-1    60 BAD
    B      20 C-1, 15 of them to A, 3 of these not      5 C-1 and 3 on their way
           received yet
    A      12 C-1, 4 of them to C, 6 in 6 pumps P-1     2 C-1
    A      6 P-1: One 3, Two 1, Three 1; back 1 of One  3 P-1
           and 1 of Three
    C      4 C-1, 3 of them in 3 valves V-1             1 C-1
    C      3 V-1: Two 2                                 1 V-1
    ====== ============================================ ===========================

    Beside it, of the same products: 100 iron GOOD, 20 of it in 10 castings C-2, 4 of them
    to A, 2 of these in 2 pumps P-2, both to Two.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.deal()
        world.user("apr_c", "mfg_multi_company.group_approve", "c")
        onward = cls.draft_agreement(seller="a", buyer="c")
        onward.action_propose()
        cls.as_user(onward, "apr1").action_approve()
        cls.as_user(onward, "apr_c").action_approve()
        cls.price(onward.with_env(cls.env), percent=10)
        for key in "abc":
            world.user(f"maker_{key}", MAKE, key)
            world.user(f"sales_{key}", SELL, key)
            world.user(f"quality_{key}", QUALITY, key)
        world.user("buyer_c", BUY, "c")
        manager = world.user("manager", QUALITY, "b")
        manager.company_ids = cls.b | cls.a | cls.c
        cls.iron, cls.casting, cls.pump, cls.valve = cls.env["product.product"].create(
            [
                {"name": name, "detailed_type": "product", "tracking": "lot"}
                for name in ("Iron", "Casting", "Pump", "Valve")
            ]
        )
        cls.bom(cls.casting, cls.iron, 2)
        cls.bom(cls.pump, cls.casting)
        cls.bom(cls.valve, cls.casting)
        cls.casting.with_company(cls.b).standard_price = 10
        cls.casting.with_company(cls.a).standard_price = 12
        cls.one, cls.two, cls.three = cls.env["res.partner"].create(
            [{"name": f"Customer {name}"} for name in ("One", "Two", "Three")]
        )
        cls.bad, cls.good = cls.env["stock.lot"].create(
            [
                {"name": name, "product_id": cls.iron.id, "company_id": cls.b.id}
                for name in ("BAD", "GOOD")
            ]
        )
        cls.stock(cls.iron, 100, lots=cls.bad | cls.good)

        c_1 = cls.make("b", cls.casting, 20, "C-1", cls.bad, 40)
        c_2 = cls.make("b", cls.casting, 10, "C-2", cls.good, 20)
        a_1 = cls.deliver(c_1, 12)
        a_2 = cls.deliver(c_2, 4)
        cls.deliver(c_1, 3, receive=False)
        on_1 = cls.deliver(a_1, 4, seller="a", buyer="c")
        p_1 = cls.make("a", cls.pump, 6, "P-1", a_1, 6)
        p_2 = cls.make("a", cls.pump, 2, "P-2", a_2, 2)
        v_1 = cls.make("c", cls.valve, 3, "V-1", on_1, 3)
        first = cls.sell("a", cls.one, p_1, 3)
        cls.sell("a", cls.two, p_1, 1)
        third = cls.sell("a", cls.three, p_1, 1)
        cls.send_back(first, 1)
        cls.send_back(third, 1)
        cls.sell("a", cls.two, p_2, 2)
        cls.sell("c", cls.two, v_1, 2)
        cls.concerned = cls.bad | c_1 | a_1 | on_1 | p_1 | v_1
        cls.harmless = cls.good | c_2 | a_2 | p_2

    @classmethod
    def bom(cls, product, part, quantity=1):
        """How every plant of the group makes it."""
        cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "company_id": False,
                "bom_line_ids": [
                    Command.create({"product_id": part.id, "product_qty": quantity})
                ],
            }
        )

    # -- what the plants do ------------------------------------------------------------

    @classmethod
    def make(cls, plant, product, quantity, name=None, part=None, used=0):
        """A finished order of a plant, of one lot of its part; returns the new lot."""
        env = cls.world.env_of(f"maker_{plant}")
        lot = env["stock.lot"]
        if name:
            lot = lot.create(
                {
                    "name": name,
                    "product_id": product.id,
                    "company_id": env.company.id,
                }
            )
        order = env["mrp.production"].create(
            {"product_id": product.id, "product_qty": quantity}
        )
        order.action_confirm()
        order.qty_producing = quantity
        order.lot_producing_id = lot
        if part:
            cls.choose(order.move_raw_ids, part, used)
        else:
            order.move_raw_ids.quantity = quantity
        order.move_raw_ids.picked = True
        order.button_mark_done()
        return lot.with_env(cls.env)

    @classmethod
    def choose(cls, move, lot, quantity):
        """Take this lot, whichever was reserved."""
        move.move_line_ids.unlink()
        move.move_line_ids = [
            Command.create(
                {
                    "product_id": lot.product_id.id,
                    "lot_id": lot.id,
                    "quantity": quantity,
                    "picking_id": move.picking_id.id,
                    "location_id": move.location_id.id,
                    "location_dest_id": move.location_dest_id.id,
                }
            )
        ]

    @classmethod
    def send(cls, sale, lot, quantity):
        picking = sale.picking_ids
        cls.choose(picking.move_ids, lot, quantity)
        picking.move_ids.picked = True
        cls.validate(picking)
        return picking

    @classmethod
    def deliver(cls, lot, quantity, seller="b", buyer="a", receive=True):
        """From one plant to another; returns the lot there."""
        order = cls.confirmed(
            quantity,
            user="purchaser" if buyer == "a" else "buyer_c",
            vendor=seller,
            products=lot.product_id,
        )
        cls.send(cls.sale(order, f"sales_{seller}"), lot, quantity)
        receipt = cls.open_receipt(order)
        mirrored = receipt.move_line_ids.lot_id
        if receive:
            cls.validate(receipt)
        return mirrored.with_env(cls.env)

    @classmethod
    def sell(cls, plant, customer, lot, quantity):
        sale = cls.world.env_of(f"sales_{plant}")["sale.order"].create(
            {
                "partner_id": customer.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": lot.product_id.id,
                            "product_uom_qty": quantity,
                            "price_unit": 100,
                        }
                    )
                ],
            }
        )
        sale.action_confirm()
        return cls.send(sale, lot, quantity)

    def setUp(self):
        super().setUp()
        self.clicks = []
        self.env.flush_all()
        self.env.invalidate_all()

    # -- what quality does -------------------------------------------------------------

    def person(self, name, *companies):
        """Environment of somebody who has ticked these companies; by default all."""
        env = self.world.env_of(name)
        ids = [company.id for company in companies] or env.user.company_ids.ids
        return env(context=dict(env.context, allowed_company_ids=ids))

    def click(self, record, button):
        """Press a button as the web client does; returns the action."""
        self.clicks.append(button)
        record.env.invalidate_all()
        args = [record.ids, {"context": dict(record.env.context)}]
        return call_kw(
            record.with_env(record.env(context={})), button, args[:1], args[1]
        )

    def opened(self, env, action):
        """The one record that an action shows."""
        return env[action["res_model"]].browse(action["res_id"])

    def found(self, trace):
        """{(lot, level): on hand} of a trace."""
        return {(line.lot_id.name, line.level): line.on_hand for line in trace.line_ids}

    def customers(self, trace):
        return {
            (line.partner_id.name, line.lot_id.name): line.quantity
            for line in trace.delivery_ids
        }

    def held(self, holds):
        """{(plant, lot): quantity} of active lines."""
        return {
            (line.company_id.name, line.lot_id.name): line.qty_held
            for line in holds.line_ids
            if line.state == "active"
        }

    def letters(self, trace):
        """[text of a page] of the recall notices as the user prints them."""
        self.clicks.append("Recall Notices")
        content, _kind = trace.env["ir.actions.report"]._render_qweb_html(
            "mfg_quality_hold.mfg_quality_trace_report_recall", trace.ids
        )
        pages = html.fromstring(content).xpath("//div[contains(@class, 'page')]")
        return [" ".join(page.text_content().split()) for page in pages]

    def test_su_03_recall_over_three_plants(self):
        env = self.person("manager", self.b, self.a, self.c)
        lot = env["stock.lot"].search([("name", "=", "BAD")])

        # Place on Hold on the lot, a reason, a note, and Place on Hold.
        action = self.click(lot, "action_place_on_hold")
        dialog = Form(
            env[action["res_model"]].with_context(**action["context"]),
            "mfg_quality_hold.mfg_quality_hold_place_view_form",
        )
        dialog.reason_id = env.ref("mfg_quality_hold.reason_safety")
        dialog.note = "Sulphur beyond the limit"
        first = self.opened(env, self.click(dialog.save(), "action_place"))
        self.assertEqual(self.held(first), {("Group B", "BAD"): 60})

        trace = self.opened(env, self.click(first, "action_trace"))
        Form(trace)  # the screen opens, with all that is on it
        there = {each.company_id: each for each in trace.across_ids}
        self.assertEqual(there.keys(), {self.a, self.c})
        self.assertFalse(trace.goes_on_in)
        self.assertEqual(self.found(trace), {("BAD", 0): 60, ("C-1", 1): 8})
        self.assertEqual(self.found(there[self.a]), {("C-1", 0): 2, ("P-1", 1): 3})
        self.assertEqual(self.found(there[self.c]), {("C-1", 0): 1, ("V-1", 1): 1})
        found = (trace | trace.across_ids).line_ids.lot_id.with_env(self.env)
        self.assertEqual(found, self.concerned)
        self.assertFalse(found & self.harmless)

        action = self.click(trace, "action_hold_all")
        self.assertEqual(action["res_model"], "mfg.quality.hold")
        holds = env["mfg.quality.hold"].search(action["domain"])
        self.assertEqual(
            self.held(holds),
            {
                ("Group B", "C-1"): 8,
                ("Group A", "C-1"): 2,
                ("Group A", "P-1"): 3,
                ("Group C", "C-1"): 1,
                ("Group C", "V-1"): 1,
            },
        )
        self.assertEqual(set(holds.mapped("severity")), {"critical"})
        self.assertEqual(len(holds), 3)
        self.assertEqual(
            self.env["stock.lot"].search([("is_on_hold", "=", True)]) & self.harmless,
            self.env["stock.lot"],
        )
        self.env.invalidate_all()
        self.assertTrue(all(self.concerned.mapped("is_on_hold")))
        self.assertEqual(sum((trace | trace.across_ids).mapped("free_count")), 0)

        self.assertEqual(self.customers(trace), {})
        self.assertEqual(
            self.customers(there[self.a]),
            {("Customer One", "P-1"): 2, ("Customer Two", "P-1"): 1},
        )
        self.assertEqual(self.customers(there[self.c]), {("Customer Two", "V-1"): 2})
        letters = self.letters(there[self.a])
        self.assertEqual(len(letters), 2)
        for letter, name, quantity in zip(
            letters, ("Customer One", "Customer Two"), ("2.00", "1.00"), strict=True
        ):
            self.assertIn(name, letter)
            self.assertIn(f"Pump P-1 {quantity} Units", letter)
            self.assertNotIn("P-2", letter)
        (letter,) = self.letters(there[self.c])
        self.assertIn("Customer Two", letter)
        self.assertIn("Valve V-1 2.00 Units", letter)

        self.assertEqual(
            self.clicks,
            [
                "action_place_on_hold",
                "action_place",
                "action_trace",
                "action_hold_all",
                "Recall Notices",
                "Recall Notices",
            ],
        )

    def test_su_03_held_goods_go_nowhere_in_any_plant(self):
        env = self.person("manager", self.b, self.a, self.c)
        trace = env["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(self.bad.ids)]}
        )
        trace.action_run()
        trace.action_hold_all()
        for plant, lot in (("a", "P-1"), ("c", "V-1")):
            held = self.concerned.filtered(lambda each, lot=lot: each.name == lot)
            with self.assertRaisesRegex(UserError, REFUSED), self.cr.savepoint():
                self.sell(plant, self.one, held, 1)
        with self.assertRaisesRegex(UserError, REFUSED), self.cr.savepoint():
            self.validate(
                self.world.env_of("purchaser")["stock.picking"].search(
                    [("state", "=", "assigned"), ("picking_type_code", "=", "incoming")]
                )
            )

    def test_su_03_each_plant_sees_what_is_its_own(self):
        env = self.person("quality_b")
        hold = env["mfg.quality.hold"].place(self.bad.with_env(env), "SAFETY")
        trace = self.opened(env, hold.action_trace())
        Form(trace)
        self.assertFalse(trace.across_ids)
        self.assertEqual(trace.goes_on_in, "Group A")
        trace.action_hold_all()
        self.assertEqual(
            {lot.name for lot in self.concerned if lot.is_on_hold}, {"BAD", "C-1"}
        )
        self.assertEqual(
            {lot.company_id for lot in self.concerned if lot.is_on_hold}, {self.b}
        )

        # The plants whose goods are concerned find the trace, and go on by themselves.
        theirs = self.person("quality_a")["mfg.quality.trace"].search([])
        Form(theirs)
        self.assertEqual(theirs.company_id, self.a)
        self.assertEqual(theirs.goes_on_in, "Group C")
        self.assertEqual(self.found(theirs), {("C-1", 0): 2, ("P-1", 1): 3})
        held = theirs.env["mfg.quality.hold"].browse(theirs.action_hold_all()["res_id"])
        self.assertEqual(
            self.held(held), {("Group A", "C-1"): 2, ("Group A", "P-1"): 3}
        )
        self.assertEqual(held.severity, "critical")
        last = self.person("quality_c")["mfg.quality.trace"].search([])
        self.assertEqual(self.found(last), {("C-1", 0): 1, ("V-1", 1): 1})
        self.assertFalse(last.goes_on_in)
        for record in (theirs, last):
            with self.assertRaises(AccessError):
                record.with_env(env).read(["name"])
        self.env.invalidate_all()
        # Whoever belongs to all of them but has ticked one acts in that one.
        mine = trace.with_env(self.person("manager", self.b))
        self.assertFalse(mine.across_ids)
        self.assertEqual(mine.goes_on_in, "Group A")
        everywhere = trace.with_env(self.person("manager", self.b, self.a, self.c))
        self.assertEqual(len(everywhere.across_ids), 2)
        self.assertFalse(everywhere.goes_on_in)

    def test_su_03_backwards_over_the_borders(self):
        """What a customer of C complains about leads to the iron at B."""
        env = self.person("manager", self.c, self.a, self.b)
        valve = self.concerned.filtered(lambda lot: lot.name == "V-1")
        trace = env["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(valve.ids)], "direction": "backward"}
        )
        trace.action_run()
        there = {each.company_id: each for each in trace.across_ids}
        self.assertEqual(self.found(trace), {("V-1", 0): 1, ("C-1", 1): 1})
        self.assertEqual(self.found(there[self.a]), {("C-1", 0): 2})
        self.assertEqual(self.found(there[self.b]), {("C-1", 0): 8, ("BAD", 1): 60})

    def test_su_03_a_second_run_shows_what_changed_in_every_plant(self):
        env = self.person("manager", self.b, self.a, self.c)
        trace = env["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(self.bad.ids)]}
        )
        trace.action_run()
        pump = self.concerned.filtered(lambda lot: lot.name == "P-1")
        self.sell("a", self.three, pump, 1)
        again = self.opened(env, trace.action_run())
        there = again.across_ids.filtered(lambda each: each.company_id == self.a)
        self.assertEqual(
            {line.lot_id.name: line.change for line in there.line_ids},
            {"C-1": False, "P-1": "less"},
        )
        self.assertEqual(len(trace.across_ids), 2)

    def test_su_03_what_others_make_of_a_product_without_lots_is_theirs(self):
        primer, paint = self.env["product.product"].create(
            [{"name": name, "detailed_type": "product"} for name in ("Primer", "Paint")]
        )
        self.bom(primer, self.iron)
        self.bom(paint, primer)
        self.make("b", primer, 2, part=self.bad, used=2)
        self.stock(primer, 5, "a")
        self.make("a", paint, 5)
        trace = self.person("quality_b")["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(self.bad.ids)]}
        )
        trace.action_run()
        self.assertEqual(
            trace.line_ids.product_id.with_env(self.env),
            self.iron | self.casting | primer,
        )

    def test_su_03_nobody_says_of_which_run_a_trace_is(self):
        env = self.person("quality_a")
        trace = self.person("quality_b")["mfg.quality.trace"].create(
            {"lot_ids": [Command.set(self.bad.ids)]}
        )
        values = {"lot_ids": [Command.set(self.concerned[2].ids)]}
        with self.assertRaisesRegex(AccessError, "nobody enters it"):
            env["mfg.quality.trace"].create({**values, "root_id": trace.id})
        forging = env["mfg.quality.trace"].with_context(default_root_id=trace.id)
        own = forging.create(values)
        self.assertFalse(own.root_id)
        with self.assertRaisesRegex(AccessError, "nobody enters it"):
            own.root_id = trace
