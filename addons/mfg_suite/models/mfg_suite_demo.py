import json
from datetime import timedelta

from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open, groupby

PLAN = "mfg_suite/demo/production_plan.json"
LOGINS = "mfg_suite/demo/logins.json"
COMPANIES = {
    # external id of the company: short name and name of its warehouse
    "holding": ("HQ", "Arvendal headquarters"),
    "plant_a": ("PA", "Plant A Dayton"),
    "plant_b": ("PB", "Plant B Muskegon"),
    "plant_c": ("PC", "Plant C Rockford"),
}


class MfgSuiteDemo(models.AbstractModel):
    """Steps of the demo group that need business methods.

    Called by the demo files of this module only; nothing else of the suite uses it.
    """

    _name = "mfg.suite.demo"
    _description = "Demo Group"

    @api.model
    def _prepare_companies(self):
        """Name the warehouses, open the books and give external ids to what Odoo
        created with the companies, so that the demo files can refer to it."""
        for key, (code, name) in COMPANIES.items():
            company = self._ref(f"company_{key}")
            warehouse = self.env["stock.warehouse"].search(
                [("company_id", "=", company.id)]
            )
            warehouse.write({"code": code, "name": name})
            # operators confirm the reserved lots of components instead of typing them
            warehouse.manu_type_id.use_auto_consume_components_lots = True
            self._name_record(f"warehouse_{key}", warehouse)
            self._name_record(f"location_{key}_stock", warehouse.lot_stock_id)
            self._name_record(f"calendar_{key}", company.resource_calendar_id)
            # not try_loading(): while modules are being installed it insists on adding
            # accounting demo data, which this group does not want
            self.env["account.chart.template"]._load(
                "generic_coa", company, install_demo=False
            )

    @api.model
    def _set_passwords(self):
        """Give everybody the password that the launcher prints.

        They come hashed: Odoo would work on each for a second.
        """
        with file_open(LOGINS) as stream:
            hashes = {row["login"]: row["password_hash"] for row in json.load(stream)}
        for user in self.env["res.users"].search([("login", "in", list(hashes))]):
            user._set_encrypted_password(user.id, hashes[user.login])

    @api.model
    def _stock_up(self):
        """Apply the counted quantities of the demo quants."""
        quants = self.env["stock.quant"].search(
            [
                ("company_id", "in", self._plants().ids),
                ("inventory_quantity_set", "=", True),
            ]
        )
        for company, counted in quants.grouped("company_id").items():
            counted.with_company(company).action_apply_inventory()

    @api.model
    def _run_production(self):
        """Create the orders of the production plan and bring each to its state."""
        with file_open(PLAN) as stream:
            rows = json.load(stream)
        for plant, plan in groupby(rows, key=lambda row: row["plant"]):
            company = self._ref(f"company_{plant}")
            self.with_company(company)._run_plant(company, plan)

    def _run_plant(self, company, plan):
        orders = self.env["mrp.production"].create(
            [self._order_values(company, row) for row in plan]
        )
        for order, row in zip(orders, plan, strict=True):
            self._name_record(row["id"], order)
        by_state = orders.grouped(
            dict(zip(orders, (row["state"] for row in plan), strict=True)).get
        )
        released = orders - by_state.get("draft", orders.browse())
        released.action_confirm()
        released.action_assign()
        for order, row in zip(orders, plan, strict=True):
            if row["produced"]:
                self._record_production(order, row["produced"], row["lot"])
        self._finish(by_state["done"])

    def _order_values(self, company, row):
        bom = self._ref(row["bill_of_materials"])
        start = fields.Datetime.now() - timedelta(hours=row["started_hours_ago"])
        return {
            "bom_id": bom.id,
            "product_id": bom.product_tmpl_id.product_variant_id.id,
            "product_qty": row["quantity"],
            "product_uom_id": bom.product_uom_id.id,
            "date_start": start,
            "origin": row["source"],
            "company_id": company.id,
            "user_id": False,
        }

    def _record_production(self, order, produced, lot_name):
        """Note what was made so far, as an operator does in the form."""
        order.lot_producing_id = self.env["stock.lot"].create(
            {
                "name": lot_name,
                "product_id": order.product_id.id,
                "company_id": order.company_id.id,
            }
        )
        order.qty_producing = produced
        order.set_qty_producing()
        start = order.date_start
        for position, workorder in enumerate(order.workorder_ids):
            # real times are never the planned ones: a steady 4 to 12 % above
            minutes = workorder.duration_expected * (1.04 + 0.08 * position)
            end = start + timedelta(minutes=minutes)
            workorder.write({"date_start": start, "date_finished": end})
            workorder.duration = minutes
            start = end

    def _finish(self, orders):
        partial = orders.filtered(lambda order: order.qty_producing < order.product_qty)
        orders.with_context(
            skip_backorder=True, mo_ids_to_backorder=partial.ids
        ).button_mark_done()
        stuck = orders.filtered(lambda order: order.state != "done")
        if stuck:
            # a question in a dialog, such as differing consumption: correct the plan
            raise UserError(
                _("Demo orders not finished: %(orders)s", orders=stuck.mapped("name"))
            )

    def _new_transfer(self, operation, source, destination, goods, partner=None):
        """A confirmed transfer of ``[(product, quantity)]``."""
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": operation.id,
                "partner_id": partner and partner.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
                "move_ids": [
                    Command.create(
                        {
                            "name": product.display_name,
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "product_uom": product.uom_id.id,
                            "location_id": source.id,
                            "location_dest_id": destination.id,
                        }
                    )
                    for product, quantity in goods
                ],
            }
        )
        picking.action_confirm()
        return picking

    def _finish_transfer(self, picking, quantities):
        """Note which lots are moved, ``{lot: quantity}``, and finish the transfer."""
        move = picking.move_ids
        move.move_line_ids.unlink()
        move.move_line_ids = [
            Command.create(
                {
                    "product_id": move.product_id.id,
                    "product_uom_id": move.product_uom.id,
                    "lot_id": lot.id,
                    "quantity": quantity,
                    "picking_id": picking.id,
                    "location_id": move.location_id.id,
                    "location_dest_id": move.location_dest_id.id,
                }
            )
            for lot, quantity in quantities.items()
        ]
        move.picked = True
        picking.with_context(skip_backorder=True).button_validate()

    def _as(self, name):
        """Environment of a demo user who works in the current company first."""
        # What somebody else has changed so far goes into the audit trail as that one's.
        self.env.flush_all()
        user = self._ref(name)
        context = {
            "allowed_company_ids": (self.env.company | user.company_ids).ids,
            "tracking_disable": True,
        }
        return self.env(user=user.id, su=False, context=context)

    def _plants(self):
        return self.env["res.company"].union(
            *(self._ref(f"company_{key}") for key in COMPANIES if key != "holding")
        )

    def _ref(self, name):
        return self.env.ref(f"mfg_suite.{name}")

    def _name_record(self, name, record):
        self.env["ir.model.data"]._update_xmlids(
            [{"xml_id": f"mfg_suite.{name}", "record": record, "noupdate": True}]
        )
