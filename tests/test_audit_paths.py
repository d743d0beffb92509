"""The audit trail on the ways that Odoo's apps write (AT-02, 06, 08, 09, 10)."""

from odoo import Command
from odoo.tests import tagged

from odoo.addons.mfg_audit_trail.tests.common import AuditCase


@tagged("standard", "post_install", "-at_install")
class TestAuditPaths(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for model in (
            "account.move",
            "account.move.line",
            "account.full.reconcile",
            "mrp.bom",
            "mrp.bom.line",
            "product.product",
            "product.template",
            "res.groups",
            "res.users",
            "sale.order",
            "sale.order.line",
            "stock.quant",
        ):
            cls.capture(model)
        cls.env = cls.env(user=cls.env.ref("base.user_admin"))
        cls.company = cls.env.company
        cls.timeline = cls.env["mfg.audit.timeline"].with_user(cls.auditor)

    def changed(self, table, record):
        """{column: (old, new)} of all that was changed about a record."""
        found = {}
        for event in self.events(table):
            if event["res_id"] == record.id:
                for column, value in event["new"].items():
                    first = found.get(column, (event["old"].get(column), None))[0]
                    found[column] = (first, value)
        return found

    def entry(self, move_type="entry", amount=100.0):
        accounts = self.env["account.account"].search(
            [
                ("company_id", "=", self.company.id),
                ("account_type", "in", ("expense", "asset_current")),
            ]
        )
        debit = accounts.filtered(lambda a: a.account_type == "expense")[0]
        credit = accounts.filtered(lambda a: a.account_type == "asset_current")[0]
        return self.env["account.move"].create(
            {
                "move_type": move_type,
                "line_ids": [
                    Command.create({"account_id": debit.id, "debit": amount}),
                    Command.create({"account_id": credit.id, "credit": amount}),
                ],
            }
        )

    def test_at_02_computed_on_another_record(self):
        move = self.entry()
        debit, credit = move.line_ids.sorted("credit")
        self.env.flush_all()
        self.env.invalidate_all()
        self.forget()

        move.write(
            {
                "line_ids": [
                    Command.update(debit.id, {"debit": 250}),
                    Command.update(credit.id, {"credit": 250}),
                ]
            }
        )

        line = self.changed("account_move_line", debit)
        self.assertEqual([float(each) for each in line["debit"]], [100, 250])
        total = self.changed("account_move", move)["amount_total"]
        self.assertEqual([float(each) for each in total], [100, 250])
        self.env.cr.execute(
            "SELECT COUNT(DISTINCT xid) FROM mfg_audit.event WHERE id > %s",
            [self._seen],
        )
        self.assertEqual(self.env.cr.fetchone(), (1,))

    def test_at_06_deleted_with_all_their_lines(self):
        product = self.env["product.product"].create({"name": "Bolt"})
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env.user.partner_id.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": n + 1})
                    for n in range(50)
                ],
            }
        )
        bom = self.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "bom_line_ids": [
                    Command.create({"product_id": each.id, "product_qty": n + 1})
                    for n, each in enumerate(
                        self.env["product.product"].create(
                            [{"name": f"Part {n}"} for n in range(20)]
                        )
                    )
                ],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        for parent, table, lines, count in (
            (order, "sale_order", "sale_order_line", 50),
            (bom, "mrp_bom", "mrp_bom_line", 20),
        ):
            with self.subTest(table):
                self.forget()
                gone = parent.id
                parent.unlink()
                deleted = [e for e in self.events(table, lines) if e["op"] == "D"]
                self.assertEqual(
                    sorted(each["tbl"] for each in deleted), [table] + [lines] * count
                )
                for each in deleted:
                    self.assertIn(
                        "product_qty" if "bom" in table else "name", each["old"]
                    )
                (group,) = self.timeline.get_timeline(parent._name, gone, "detailed")[
                    "groups"
                ]
                shown = [e for e in group["entries"] if e["operation"] == "D"]
                self.assertEqual(len(shown), count + 1)

    def test_at_08_twelve_groups_through_one(self):
        inner = self.env["res.groups"].create([{"name": f"G{n}"} for n in range(12)])
        outer = self.env["res.groups"].create({"name": "Outer"})
        outer.implied_ids = inner
        self.env.flush_all()
        self.forget()

        self.clerk.write({"groups_id": [Command.link(outer.id)]})

        memberships = [
            each
            for each in self.events("res_groups_users_rel")
            if any(f"res_groups:{group.id}" in each["links"] for group in inner)
        ]
        self.assertEqual([each["op"] for each in memberships], ["I"] * 12)
        for record in (self.clerk, inner[3]):
            groups = self.timeline.get_timeline(record._name, record.id, "detailed")[
                "groups"
            ]
            self.assertIn(
                "G3" if record == self.clerk else self.clerk.name, str(groups)
            )

    def test_at_09_standard_price_by_company(self):
        other = self.env["res.company"].create({"name": "Plant B"})
        both = self.company | other
        self.auditor.write({"company_ids": [Command.set(both.ids)]})
        product = self.env["product.product"].create({"name": "Bolt"})
        self.env.flush_all()
        self.forget()
        product.with_company(self.company).standard_price = 7
        self.env.flush_all()
        product.with_company(other).standard_price = 8
        self.env.flush_all()
        product.with_company(other).standard_price = 0  # the default: the row goes
        self.env.flush_all()

        told = [
            (change["label"], change["old"], change["new"])
            for group in self.timeline.with_context(
                allowed_company_ids=both.ids
            ).get_timeline("product.product", product.id, "detailed")["groups"]
            for entry in group["entries"]
            for change in entry["changes"]
            if change["label"].startswith("Cost")
        ]
        self.assertEqual(len(told), 3, told)
        self.assertEqual(
            [("Plant B" in label) for label, _old, _new in told], [False, True, True]
        )
        self.assertIn("7", str(told[0][2]))
        self.assertIn("8", str(told[1][2]))
        self.assertIn("8", str(told[2][1]))

    def test_at_10_quants_merged_and_counted(self):
        product = self.env["product.product"].create(
            {"name": "Bolt", "detailed_type": "product"}
        )
        stock = (
            self.env["stock.warehouse"]
            .search([("company_id", "=", self.company.id)], limit=1)
            .lot_stock_id
        )
        self.env.flush_all()
        self.forget()
        quants = self.env["stock.quant"].create(
            [
                {"product_id": product.id, "location_id": stock.id, "quantity": 5},
                {"product_id": product.id, "location_id": stock.id, "quantity": 7},
            ]
        )
        self.env.flush_all()
        self.env["stock.quant"]._merge_quants()
        self.env.invalidate_all()
        left = quants.exists()
        self.assertEqual(len(left), 1)
        left.with_context(inventory_mode=True).write({"inventory_quantity": 20})
        left.action_apply_inventory()

        # the other side, where stock comes from and goes to, has its quant, too
        self.assertEqual(self.replayed("stock_quant", product)[left.id], 20)
        self.assertFalse((quants - left).exists())
        self.assertFalse(
            self.replayed("stock_quant", product).keys() & set((quants - left).ids)
        )

    def replayed(self, table, product):
        """{quant: quantity} as the log tells it."""
        found = {}
        for event in self.events(table):
            record = event["res_id"]
            if event["op"] == "D":
                found.pop(record, None)
            elif "quantity" in event["new"] and (
                record in found or event["new"].get("product_id") == str(product.id)
            ):
                found[record] = float(event["new"]["quantity"])
        return found

    def test_at_10_reconciled_and_unreconciled(self):
        account = self.env["account.account"].create(
            {
                "name": "Clearing",
                "code": "ATCLR",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        moves = self.entry() | self.entry()
        lines = self.env["account.move.line"]
        for move, name in zip(moves, ("debit", "credit"), strict=True):
            line = move.line_ids.filtered(name)
            line.account_id = account
            lines |= line
        moves.action_post()
        self.env.flush_all()
        self.env.invalidate_all()
        self.forget()

        lines.reconcile()
        self.env.flush_all()
        for line in lines:
            changed = self.changed("account_move_line", line)
            self.assertEqual(float(changed["amount_residual"][1]), 0)
            self.assertTrue(changed["matching_number"][1])
            self.assertTrue(changed["full_reconcile_id"][1])
        lines.remove_move_reconcile()
        self.env.flush_all()
        self.env.invalidate_all()
        for line in lines:
            changed = self.changed("account_move_line", line)
            self.assertEqual(float(changed["amount_residual"][1]), line.amount_residual)
            self.assertFalse(line.full_reconcile_id)
            self.assertIsNone(changed["full_reconcile_id"][1])
