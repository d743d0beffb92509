from datetime import timedelta

from odoo import Command, api, fields, models


class MfgSuiteDemoGroup(models.AbstractModel):
    """What the plants decided together and sold to each other.

    Deals from the order to the equal books, one under way, one that waits for a steward;
    reached by the steps that their users take.
    """

    _name = "mfg.suite.demo.group"
    _inherit = "mfg.suite.demo"
    _description = "Intercompany Dealings of the Demo Group"

    @api.model
    def _run_group(self):
        """Decide on what was asked for, then deal."""
        self._decide_roles()
        self._decide_codes()
        self._decide_agreements()
        self._deal()
        plant = self.with_company(self._ref("company_plant_a"))
        plant._own("change_request_housing", "user_planner").action_submit()
        plant = self.with_company(self._ref("company_plant_c"))
        plant._own("production_c_9", "user_planner").action_mfg_request_release()

    # -- decisions ---------------------------------------------------------------------

    def _decide_roles(self):
        """Two roles count, a third one waits for its approval."""
        for name in ("planner", "release_c", "buyer_a"):
            self._own(f"assignment_{name}", "user_integrator").action_request()
        for name in ("planner", "release_c"):
            self._own(f"assignment_{name}", "user_approver").action_approve()

    def _decide_codes(self):
        """The steward approved all codes but the last one."""
        for name in (
            "housing_a",
            "housing_b",
            "gearbox_a",
            "gearbox_c",
            "gearbox_keystone",
            "cover_b",
        ):
            self._own(f"xref_{name}", "user_steward").action_approve()

    def _decide_agreements(self):
        """One agreement in force with its price; one that waits for both sides."""
        for name in ("agreement_b_a", "agreement_c_a"):
            agreement = self._ref(name)
            for side in agreement.side_ids:
                key = self._key_of(side.company_id)
                side.owner_id = self._ref("user_controller")
                side.service_user_id = self._ref(f"user_service_{key}")
            self._own(name, "user_integrator").action_propose()
        for company, user in (
            ("company_plant_b", "user_controller"),
            ("company_plant_a", "user_approver"),
        ):
            plant = self.with_company(self._ref(company))
            plant._own("agreement_b_a", user).action_approve()
        plant = self.with_company(self._ref("company_plant_b"))
        plant._own("price_rule_b_a", "user_controller").action_request()
        plant._own("price_rule_b_a", "user_approver").action_approve()

    # -- deals -------------------------------------------------------------------------

    def _deal(self):
        """Plant A buys from plant B: settled, on the way, and stuck."""
        settled = self._buy("product_a_housing", 30, 24)
        self._ship(settled, "HS-B-1204", 30)
        self._receive(settled)
        self._invoice(settled, 17)
        under_way = self._buy("product_a_housing", 20, 3)
        self._ship(under_way, "HS-B-1301", 20)
        self._name_record("purchase_a_settled", settled)
        self._name_record("purchase_a_under_way", under_way)
        # Its code waits for approval: an exception with an owner on either side.
        stuck = self._buy("product_a_cover", 25, 1, price_unit=10.15)
        self._name_record("purchase_a_stuck", stuck)

    def _buy(self, product, quantity, days_ago, **values):
        """The planner of plant A orders from plant B, at the transfer price."""
        plant = self.with_company(self._ref("company_plant_a"))
        order = plant._as("user_planner")["purchase.order"].create(
            {
                "partner_id": self._ref("company_plant_b").partner_id.id,
                "date_order": fields.Datetime.now() - timedelta(days=days_ago),
                "order_line": [
                    Command.create(
                        {
                            "product_id": self._ref(product).id,
                            "product_qty": quantity,
                            **values,
                        }
                    )
                ],
            }
        )
        order.button_confirm()
        return order

    def _ship(self, order, lot_name, quantity):
        """Plant B delivers of a lot."""
        product = self._ref("product_b_housing")
        lot = self.env["stock.lot"].search(
            [("product_id", "=", product.id), ("name", "=", lot_name)]
        )
        sale = self._sale(order)
        sale.env[self._name]._finish_transfer(sale.picking_ids, {lot: quantity})

    def _receive(self, order):
        """Plant A counts what was prepared from the delivery."""
        plant = self.with_company(self._ref("company_plant_a"))
        receipt = order.with_env(plant.env).picking_ids
        receipt.move_ids.picked = True
        receipt.button_validate()

    def _invoice(self, order, days_ago):
        """Plant B charges it; plant A has the bill at once."""
        invoice = self._sale(order)._create_invoices()
        invoice.invoice_date = fields.Date.today() - timedelta(days=days_ago)
        invoice.action_post()

    def _sale(self, order):
        """The order at plant B, as the one who loads the demo data sees it."""
        plant = self.with_company(self._ref("company_plant_b"))
        return order.with_env(plant.env).mfg_ic_flow_id._sale()

    # -- helpers -----------------------------------------------------------------------

    def _own(self, name, user):
        """A record of the demo group, in the hands of one of its users."""
        return self._ref(name).with_env(self._as(user))

    def _key_of(self, company):
        return next(
            key for key in "abc" if self._ref(f"company_plant_{key}") == company
        )
