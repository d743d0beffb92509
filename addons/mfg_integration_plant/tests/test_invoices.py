from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .inbound_common import InboundPlantCase, quantity

INVOICE = "invoice.posted"
BILL = "bill.posted"
RECEIVED = "bill.received"
CREDIT = "credit.received"


class InvoiceCase(InboundPlantCase):
    """The books of a plant with taxes, an accountant, and a vendor who bills orders."""

    codes = (RECEIVED, CREDIT)
    service_groups = "account.group_account_invoice"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.plant, install_demo=False
        )
        for name in ("invoice_posted", "bill_posted"):
            cls.subscribe_to(cls.env.ref(f"mfg_integration_plant.interface_{name}"))
        cls.accountant = cls.user("plant_test_clerk", "account.group_account_invoice")
        cls.tax = cls.env["account.tax"].create(
            [
                {
                    "name": f"Tax 10 {use}",
                    "amount": 10,
                    "type_tax_use": use,
                    "company_id": cls.plant.id,
                    "country_id": cls.plant.account_fiscal_country_id.id,
                }
                for use in ("sale", "purchase")
            ]
        )
        values = {
            "taxes_id": [Command.set(cls.tax[0].ids)],
            "supplier_taxes_id": [Command.set(cls.tax[1].ids)],
            "purchase_method": "receive",
        }
        cls.housing = cls.product("Housing", default_code="HS-1", **values)
        cls.screw = cls.product("Screw", default_code="SC-1", **values)
        cls.vendor, cls.customer = cls.env["res.partner"].create(
            [
                {"name": "Castings Ltd", "ref": "V-100", "company_id": cls.plant.id},
                {"name": "Machines Inc", "ref": "C-200", "company_id": cls.plant.id},
            ]
        )
        cls.currency = cls.plant.currency_id.name

    def invoice(self, kind="out_invoice", lines=1, **values):
        """Return a draft of two housings per line as the accountant sees it."""
        return (
            self.env["account.move"]
            .with_user(self.accountant)
            .create(
                {
                    "move_type": kind,
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-03-20",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": self.housing.id,
                                "quantity": 2,
                                "price_unit": 100,
                                "discount": 10,
                                "tax_ids": [Command.set(self.tax[0].ids)],
                            }
                        )
                        for _number in range(lines)
                    ],
                    **values,
                }
            )
        )

    def purchase(self, *lines, received=None, confirm=True):
        """Return an order of (product, quantity) at 12.5 each.

        :param received: quantity of each line that was received; None: all
        """
        order = (
            self.env["purchase.order"]
            .with_company(self.plant)
            .create(
                {
                    "partner_id": self.vendor.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_qty": amount,
                                "price_unit": 12.5,
                                "taxes_id": [Command.set(self.tax[1].ids)],
                            }
                        )
                        for product, amount in lines
                    ],
                }
            )
        )
        if confirm:
            order.button_confirm()
            self.receive(order, received)
        return order

    def receive(self, order, amount=None):
        """Receive so much of each open line, or all."""
        if amount == 0:
            return
        receipt = order.picking_ids.filtered(lambda each: each.state == "assigned")
        for move in receipt.move_ids:
            move.quantity = move.product_uom_qty if amount is None else amount
            move.picked = True
        receipt._action_done()
        self.env.flush_all()

    def bill(self, order, *lines, number="R-1", **values):
        """Return a bill of (item, quantity) that is right."""
        untaxed = round(sum(amount for _item, amount in lines) * 12.5, 2)
        tax = round(untaxed / 10, 2)
        return {
            "number": number,
            "order": order.name,
            "date": "2026-03-19",
            "currency": self.currency,
            "lines": [
                {"item": item, "quantity": quantity(amount), "unit_price": 12.5}
                for item, amount in lines
            ],
            "control": {
                "lines": len(lines),
                "untaxed": untaxed,
                "tax": tax,
                "total": round(untaxed + tax, 2),
            },
            **values,
        }

    def bills(self, kind="in_invoice"):
        return self.env["account.move"].search(
            [("company_id", "=", self.plant.id), ("move_type", "=", kind)]
        )


@tagged("post_install", "-at_install")
class TestInvoicePosted(InvoiceCase):
    """What the local accounting is told about invoices and bills."""

    def test_pi_01_invoice_is_told_when_it_is_posted(self):
        invoice = self.invoice(ref="PO-7")
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.create({"display_type": "line_note", "name": "Thanks"}),
                    Command.create(
                        {
                            "name": "Freight",
                            "price_unit": 15.5,
                            "tax_ids": [Command.clear()],
                        }
                    ),
                ]
            }
        )
        (payload,) = self.payloads_of(INVOICE, invoice.action_post)
        self.assertEqual(payload["number"], invoice.name)
        self.assertEqual(
            (payload["kind"], payload["status"], payload["reference"]),
            ("invoice", "posted", "PO-7"),
        )
        self.assertEqual(payload["partner"]["code"], "C-200")
        self.assertEqual(str(payload["date"]), "2026-03-20")
        self.assertEqual(payload["currency"], self.currency)
        housing, freight = payload["lines"]
        self.assertEqual(housing["product"]["code"], "HS-1")
        self.assertEqual(housing["quantity"], quantity(2))
        self.assertEqual(housing["unit_price"], 100)
        self.assertEqual(housing["discount_percent"], 10)
        self.assertEqual(housing["taxes"], ["Tax 10 sale"])
        self.assertEqual((housing["amount_untaxed"], housing["amount_tax"]), (180, 18))
        self.assertIsNone(freight["product"])
        self.assertEqual(freight["amount_untaxed"], 15.5)
        self.assertEqual(
            payload["control"],
            {"lines": 2, "untaxed": 195.5, "rounding": 0, "tax": 18, "total": 213.5},
        )

    def test_pi_01_credit_note_cancellation_and_second_posting_are_told(self):
        invoice = self.invoice()
        invoice.action_post()
        credit = invoice._reverse_moves([{"invoice_date": "2026-03-21"}])
        (payload,) = self.payloads_of(INVOICE, credit.action_post)
        self.assertEqual(payload["kind"], "credit_note")
        self.assertEqual(payload["reverses"], invoice.name)
        self.assertEqual(payload["control"]["total"], 198)
        self.assertFalse(self.payloads_of(INVOICE, credit.button_draft))
        (payload,) = self.payloads_of(INVOICE, credit.action_post)
        self.assertEqual(payload["number"], credit.name)

        def cancel():
            credit.button_draft()
            credit.button_cancel()

        (payload,) = self.payloads_of(INVOICE, cancel)
        self.assertEqual(
            (payload["number"], payload["status"]), (credit.name, "cancelled")
        )

    def test_what_was_never_posted_and_what_is_no_invoice_is_not_told(self):
        self.assertFalse(self.payloads_of(INVOICE, self.invoice().button_cancel))
        account = self.env["account.account"].search(
            [("company_id", "=", self.plant.id), ("account_type", "=", "expense")],
            limit=1,
        )
        for code in (INVOICE, BILL):
            entry = (
                self.env["account.move"]
                .with_company(self.plant)
                .create(
                    {
                        "move_type": "entry",
                        "line_ids": [
                            Command.create({"account_id": account.id, side: 7})
                            for side in ("debit", "credit")
                        ],
                    }
                )
            )
            self.assertFalse(self.payloads_of(code, entry.action_post))

    def test_trigger_without_content_is_refused_before_it_stops_an_invoice(self):
        trigger = self.env.ref("mfg_integration_plant.trigger_invoice_posted")
        with self.assertRaisesRegex(ValidationError, "say what the message contains"):
            trigger.interface_id = self.env.ref(
                "mfg_integration_plant.interface_stock_changed"
            )

    def test_cash_rounding_stands_apart(self):
        account = self.plant.expense_currency_exchange_account_id
        rounding = (
            self.env["account.cash.rounding"]
            .with_company(self.plant)
            .create(
                {
                    "name": "Five",
                    "rounding": 5,
                    "strategy": "add_invoice_line",
                    "profit_account_id": account.id,
                    "loss_account_id": account.id,
                }
            )
        )
        invoice = self.invoice(invoice_cash_rounding_id=rounding.id)
        (payload,) = self.payloads_of(INVOICE, invoice.action_post)
        self.assertEqual(
            payload["control"],
            {"lines": 1, "untaxed": 180, "rounding": 2, "tax": 18, "total": 200},
        )

    def test_many_invoices_are_told_with_as_many_queries_as_one(self):
        one = self.invoice()
        many = self.env["account.move"].concat(*(self.invoice() for _each in range(20)))

        def spent(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            moves = moves.with_user(self.accountant)
            before = self.env.cr.sql_log_count
            for move in moves:
                move._mfg_integration_payload(INVOICE)
            return self.env.cr.sql_log_count - before

        spent(one)  # fills the caches of the registry
        self.assertEqual(spent(one), spent(many))


@tagged("post_install", "-at_install")
class TestBillReceived(InvoiceCase):
    """Vendors' bills become drafts that agree with order and receipt, or nothing."""

    def test_pi_01_bill_of_a_received_order_is_entered_posted_and_told(self):
        order = self.purchase((self.housing, 100), (self.screw, 500), received=60)
        result = self.done(
            RECEIVED,
            self.bill(
                order,
                ("HS-1", 60),
                ("SC-1", 40),
                vendor="V-100",
                due="2026-05-01",
            ),
        )
        bill = self.bills()
        self.assertEqual(result["bill"], bill.id)
        self.assertEqual((result["untaxed"], result["tax"]), (1250, 125))
        self.assertEqual((bill.state, bill.ref), ("draft", "R-1"))
        self.assertEqual(bill.partner_id, self.vendor)
        self.assertEqual(bill.create_uid, self.service)
        self.assertEqual(str(bill.invoice_date), "2026-03-19")
        self.assertEqual(str(bill.invoice_date_due), "2026-05-01")
        self.assertEqual(bill.invoice_line_ids.purchase_line_id, order.order_line)
        self.assertEqual(order.order_line.mapped("qty_invoiced"), [60, 40])
        (payload,) = self.payloads_of(BILL, bill.with_user(self.accountant).action_post)
        self.assertEqual(payload["reference"], "R-1")
        self.assertEqual(payload["lines"][0]["orders"], [order.name])
        self.assertEqual(payload["control"]["total"], 1375)
        # the rest of the screws
        self.done(RECEIVED, self.bill(order, ("SC-1", 20), number="R-2"))
        self.assertEqual(order.order_line.mapped("qty_invoiced"), [60, 60])

    def test_pi_01_bill_in_the_vendors_unit(self):
        order = self.purchase((self.screw, 24))
        payload = self.bill(order, ("SC-1", 24))
        payload["lines"] = [
            {"item": "SC-1", "quantity": quantity(2, "Dozens"), "unit_price": 150}
        ]
        self.done(RECEIVED, payload)
        self.assertEqual(self.bills().invoice_line_ids.quantity, 24)
        self.assertEqual(self.bills().amount_untaxed, 300)

    def test_pi_02_bill_sent_twice_and_again_under_another_key(self):
        order = self.purchase((self.screw, 10))
        payload = self.bill(order, ("SC-1", 5))
        first = self.report(RECEIVED, payload, key="b-1")
        self.assertEqual(first.state, "processed", first.error)
        again = self.report(RECEIVED, payload, key="b-1")
        self.assertEqual(first, again)
        self.assertTrue(self.replayed)
        self.refused(RECEIVED, payload, "Bill R-1 of Castings Ltd is in Odoo already")
        self.assertEqual(len(self.bills()), 1)
        self.assertEqual(order.order_line.qty_invoiced, 5)

    def test_pi_03_bill_of_an_order_that_is_not_confirmed_waits(self):
        order = self.purchase((self.screw, 5), confirm=False)
        self.screw.purchase_method = "purchase"
        early = self.report(RECEIVED, self.bill(order, ("SC-1", 5)))
        self.assertEqual(early.state, "parked")
        self.assertFalse(self.bills())
        order.button_confirm()
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(len(self.bills()), 1)

    def test_pi_04_more_than_received_is_refused_and_entered_once_it_is_received(self):
        order = self.purchase((self.screw, 10), received=4)
        exception = self.refused(
            RECEIVED,
            self.bill(order, ("SC-1", 5)),
            r"Screw: 5.0 Units are billed, 4.0 may be: of .* 4.0 are received",
        )
        self.assertFalse(self.bills())
        self.receive(order, 1)
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)
        self.assertEqual(self.bills().invoice_line_ids.quantity, 5)

    def test_pi_04_bills_that_are_refused(self):
        order = self.purchase((self.screw, 10), (self.housing, 2), (self.housing, 2))
        good = self.bill(order, ("SC-1", 5))

        def line(**more):
            return {**good, "lines": [{**good["lines"][0], **more}]}

        for payload, pattern in (
            ({**good, "order": "P-9"}, "purchase order “P-9” is not known"),
            (line(item="4711"), "item “4711” is not known"),
            (line(item="HS-1"), "stands on 2 lines"),
            (line(unit_price=12.6), "ordered at 12.5 .* billed at 12.6"),
            (line(quantity=quantity(-5)), "has to be above zero"),
            (line(quantity=quantity(5, "kg")), "kg is not a unit of"),
            (line(quantity=quantity(11)), "11.0 Units are billed, 10.0 may be"),
            ({**good, "currency": "XTS"}, "is in XTS, \\S+ in"),
            ({**good, "vendor": "C-200"}, "is from Machines Inc"),
            ({**good, "date": "19.3.2026"}, "is not a date"),
        ):
            with self.subTest(pattern):
                self.refused(RECEIVED, payload, pattern)
        self.assertFalse(self.bills())
        self.assertEqual(order.order_line.mapped("qty_invoiced"), [0, 0, 0])
        other = self.purchase((self.screw, 10), received=0)
        other.button_cancel()
        self.refused(RECEIVED, {**good, "order": other.name}, "is cancelled")

    def test_pi_08_each_control_total_counts_and_the_corrected_bill_enters_once(self):
        order = self.purchase((self.screw, 10))
        for name in ("lines", "untaxed", "tax", "total"):
            with self.subTest(name):
                wrong = self.bill(order, ("SC-1", 5))
                wrong["control"][name] += 0.01 if name != "lines" else 1
                self.refused(
                    RECEIVED, wrong, f"Control total “{name}” of R-1 says .* make"
                )
                self.assertFalse(self.bills())
        self.assertEqual(order.order_line.qty_invoiced, 0)
        self.done(RECEIVED, self.bill(order, ("SC-1", 5)))
        self.assertEqual(len(self.bills()), 1)


@tagged("post_install", "-at_install")
class TestCreditReceived(InvoiceCase):
    """Vendors' credit notes become drafts within the bill they correct, or nothing."""

    def billed(self, *lines, post=True):
        """Return (order of (product, quantity), the bill R-1 of all of it)."""
        order = self.purchase(*lines)
        result = self.done(
            RECEIVED,
            self.bill(
                order, *((product.default_code, amount) for product, amount in lines)
            ),
        )
        bill = self.env["account.move"].browse(result["bill"])
        if post:
            self.post(bill)
        return order, bill

    def post(self, move):
        move.with_user(self.accountant).action_post()
        self.env.flush_all()

    def credit(self, item, amount, price=12.5, number="G-1", unit="Units", **line):
        """Return a credit note for R-1 that is right."""
        untaxed = round(amount * price, 2)
        tax = round(untaxed / 10, 2)
        return {
            "number": number,
            "bill": "R-1",
            "vendor": "V-100",
            "date": "2026-03-26",
            "currency": self.currency,
            "lines": [
                {
                    "item": item,
                    "quantity": quantity(amount, unit),
                    "unit_price": price,
                    **line,
                }
            ],
            "control": {
                "lines": 1,
                "untaxed": untaxed,
                "tax": tax,
                "total": round(untaxed + tax, 2),
            },
        }

    def credits(self):
        return self.bills("in_refund")

    def test_pi_01_credit_note_for_goods_is_entered_posted_and_told(self):
        order, bill = self.billed((self.housing, 60), (self.screw, 500))
        result = self.done(
            CREDIT,
            {**self.credit("HS-1", 10), "reason": "Went back", "order": order.name},
        )
        note = self.credits()
        self.assertEqual(result["credit_note"], note.id)
        self.assertEqual((result["untaxed"], result["tax"]), (125, 12.5))
        self.assertEqual((note.state, note.ref), ("draft", "G-1"))
        self.assertEqual(note.reversed_entry_id, bill)
        self.assertEqual(note.partner_id, self.vendor)
        self.assertEqual(note.create_uid, self.service)
        self.assertEqual(str(note.invoice_date), "2026-03-26")
        self.assertIn("Went back", note.narration)
        line, billed = note.invoice_line_ids, bill.invoice_line_ids[0]
        self.assertEqual(line.account_id, billed.account_id)
        self.assertEqual(line.tax_ids, billed.tax_ids)
        self.assertEqual(order.order_line.mapped("qty_invoiced"), [50, 500])
        (payload,) = self.payloads_of(BILL, lambda: self.post(note))
        self.assertEqual(
            (payload["kind"], payload["reference"], payload["reverses"]),
            ("credit_note", "G-1", bill.name),
        )
        self.assertEqual(payload["control"]["total"], 137.5)

    def test_pi_01_lower_price_leaves_the_goods_billed(self):
        order, bill = self.billed((self.screw, 100))
        self.done(CREDIT, self.credit("SC-1", 100, 0.5, kind="price"))
        self.assertEqual(self.credits().amount_untaxed, 50)
        self.assertEqual(self.credits().reversed_entry_id, bill)
        self.assertEqual(order.order_line.qty_invoiced, 100)
        # all of it goes back: only what it cost in the end
        whole = self.credit("SC-1", 100, number="G-2")
        self.refused(CREDIT, whole, r"has 1250.0 .* its credit notes would make 1300.0")
        self.done(CREDIT, self.credit("SC-1", 100, 12, number="G-2"))
        self.assertEqual(order.order_line.qty_invoiced, 0)

    def test_pi_01_credit_note_in_the_vendors_unit(self):
        order, _bill = self.billed((self.screw, 36))
        self.done(CREDIT, self.credit("SC-1", 2, 150, unit="Dozens"))
        self.assertEqual(self.credits().amount_untaxed, 300)
        self.assertEqual(order.order_line.qty_invoiced, 12)
        self.refused(
            CREDIT,
            self.credit("SC-1", 2, 150, "G-2", unit="Dozens"),
            "24.0 Units are credited, 12.0 may be",
        )

    def test_pi_01_the_orders_line_tells_apart_what_stands_twice(self):
        order, bill = self.billed((self.screw, 5), (self.housing, 5))
        order_line = order.order_line[0]
        twice = self.purchase((self.screw, 10), (self.screw, 3))
        lines = [
            {
                "item": "SC-1",
                "line": line.id,
                "quantity": quantity(line.product_qty),
                "unit_price": 12.5,
            }
            for line in twice.order_line
        ]
        payload = self.bill(twice, ("SC-1", 10), ("SC-1", 3), number="R-2")
        result = self.done(RECEIVED, {**payload, "lines": lines})
        self.post(bill.browse(result["bill"]))
        second = {**self.credit("SC-1", 3), "bill": "R-2"}
        self.refused(CREDIT, second, "stands on 2 lines of bill R-2")
        second["lines"][0]["line"] = order_line.id
        self.refused(CREDIT, second, "stands on 0 lines of bill R-2")
        second["lines"][0]["line"] = twice.order_line[1].id
        self.done(CREDIT, second)
        self.assertEqual(twice.order_line.mapped("qty_invoiced"), [10, 0])
        second["number"] = "G-2"
        self.refused(CREDIT, second, "3.0 Units are credited, 0.0 may be")

    def test_pi_02_credit_note_sent_twice_and_again_under_another_key(self):
        order, _bill = self.billed((self.screw, 10))
        payload = self.credit("SC-1", 4)
        first = self.report(CREDIT, payload, key="g-1")
        self.assertEqual(first.state, "processed", first.error)
        again = self.report(CREDIT, payload, key="g-1")
        self.assertEqual(first, again)
        self.assertTrue(self.replayed)
        self.refused(
            CREDIT, payload, "Credit note G-1 of Castings Ltd is in Odoo already"
        )
        self.assertEqual(len(self.credits()), 1)
        self.assertEqual(order.order_line.qty_invoiced, 6)

    def test_pi_03_credit_note_waits_until_its_bill_is_posted(self):
        _order, bill = self.billed((self.screw, 10), post=False)
        early = self.report(CREDIT, self.credit("SC-1", 4))
        self.assertEqual(early.state, "parked")
        self.assertIn("R-1 of Castings Ltd is not posted yet", early.error)
        self.assertFalse(self.credits())
        self.post(bill)
        self.process()
        self.assertEqual(early.state, "processed", early.error)
        self.assertEqual(self.credits().reversed_entry_id, bill)

    def test_pi_04_unknown_bill_is_refused_and_credited_once_it_is_entered(self):
        exception = self.refused(
            CREDIT, self.credit("SC-1", 4), "Bill R-1 of Castings Ltd is not in Odoo"
        )
        self.billed((self.screw, 10))
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)
        self.assertEqual(self.credits().invoice_line_ids.quantity, 4)

    def test_pi_04_all_credit_notes_of_a_bill_stay_within_it(self):
        _order, _bill = self.billed((self.screw, 10))
        self.done(CREDIT, self.credit("SC-1", 7))
        more = self.credit("SC-1", 4, number="G-2")
        exception = self.refused(
            CREDIT,
            more,
            r"Screw: 4.0 Units are credited, 3.0 may be: bill R-1 has 10.0, and 7.0 were",
        )
        self.assertEqual(len(self.credits()), 1)
        self.credits().with_user(self.accountant).button_cancel()
        message = self.process_again(exception)
        self.assertEqual(message.state, "processed", message.error)

    def test_pi_04_what_was_credited_by_hand_counts(self):
        _order, bill = self.billed((self.screw, 10))
        bill.with_user(self.accountant)._reverse_moves([{"ref": "by hand"}])
        self.refused(
            CREDIT, self.credit("SC-1", 1), "1.0 Units are credited, 0.0 may be"
        )

    def test_pi_04_credit_notes_that_are_refused(self):
        order, bill = self.billed((self.screw, 10))
        other = self.purchase((self.screw, 1))
        good = self.credit("SC-1", 5)

        def line(**more):
            return {**good, "lines": [{**good["lines"][0], **more}]}

        for payload, pattern in (
            ({**good, "bill": "R-9"}, "Bill R-9 of Castings Ltd is not in Odoo"),
            ({**good, "vendor": "V-9"}, "partner “V-9” is not known"),
            ({**good, "vendor": "C-200"}, "Bill R-1 of Machines Inc is not in Odoo"),
            ({**good, "order": other.name}, "Bill R-1 has no line of"),
            ({**good, "currency": "XTS"}, "is in XTS, bill R-1 in"),
            ({**good, "date": "26.3.2026"}, "is not a date"),
            (line(item="4711"), "item “4711” is not known"),
            (line(item="HS-1"), "stands on 0 lines"),
            (line(unit_price=12.6), "billed at 12.5 .* credited at 12.6"),
            (line(unit_price=-12.5), "above zero"),
            (line(unit_price=0), "above zero"),
            (line(quantity=quantity(-5)), "has to be above zero"),
            (line(quantity=quantity(5, "kg")), "kg is not a unit of"),
            (line(quantity=quantity(11)), "11.0 Units are credited, 10.0 may be"),
            (
                line(quantity=quantity(11), kind="price"),
                "11.0 Units are credited, 10.0 may be",
            ),
        ):
            with self.subTest(pattern):
                self.refused(CREDIT, payload, pattern)
        self.assertFalse(self.credits())
        self.assertEqual(order.order_line.qty_invoiced, 10)
        bill.with_user(self.accountant).button_draft()
        bill.with_user(self.accountant).button_cancel()
        self.refused(CREDIT, good, "Bill R-1 of Castings Ltd is not in Odoo")

    def test_pi_08_each_control_total_of_a_credit_note_counts(self):
        self.billed((self.screw, 10))
        for name in ("lines", "untaxed", "tax", "total"):
            with self.subTest(name):
                wrong = self.credit("SC-1", 5)
                wrong["control"][name] += 0.01 if name != "lines" else 1
                self.refused(
                    CREDIT, wrong, f"Control total “{name}” of G-1 says .* make"
                )
                self.assertFalse(self.credits())
        self.done(CREDIT, self.credit("SC-1", 5))

    def test_credit_note_needs_the_rights_a_person_needs(self):
        self.billed((self.screw, 10))
        self.service.groups_id = self.env.ref("base.group_user") + self.env.ref(
            "stock.group_stock_manager"
        )
        self.refused(CREDIT, self.credit("SC-1", 5), "not allowed to access")
        self.assertFalse(self.credits())
