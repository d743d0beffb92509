"""A plant as the examples of its contracts name it, whose systems report to Odoo."""

import json

from .inbound_site import InboundSite

_PREPARE = """
import json
env["ir.cron"].search([]).active = False
company = env["res.company"].create({"name": "Hall 1"})
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
env = env(context={**env.context, "allowed_company_ids": company.ids})
groups = ["mrp.group_mrp_manager", "mrp.group_mrp_routings",
          "stock.group_stock_manager", "stock.group_production_lot",
          "purchase.group_purchase_user", "sales_team.group_sale_salesman_all_leads",
          "base.group_partner_manager", "account.group_account_invoice"]
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Hall 1", "login": "hall1_service", "email": "hall1@example.com",
    "company_id": company.id, "company_ids": [(6, 0, company.ids)],
    "groups_id": [(6, 0, [env.ref(name).id for name in groups])]})
system = env["mfg.integration.system"].create({
    "name": "Hall 1", "code": "hall1", "company_id": company.id, "user_id": user.id,
    "master_role": "own"})
inbound = env["mfg.integration.interface"].search([
    ("direction", "=", "inbound"), ("id", "in", env["ir.model.data"].search([
        ("module", "=", "mfg_integration_plant"),
        ("model", "=", "mfg.integration.interface")]).mapped("res_id"))])
_credential, key = env["mfg.integration.credential"]._issue({
    "name": "Hall 1", "system_id": system.id, "interface_ids": [(6, 0, inbound.ids)],
    "quota_per_minute": 0})

warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)])
warehouse.int_type_id.active = True  # archived while nobody uses storage locations
stock = warehouse.lot_stock_id
stock.barcode = "HALL1/Stock"
line = env["stock.location"].create({
    "name": "Line 3", "barcode": "HALL1/Stock/Line 3", "location_id": stock.id,
    "company_id": company.id})
housing, screw, motor = env["product.product"].create([
    {"name": name, "default_code": code, "detailed_type": "product", "tracking": tracking,
     "company_id": company.id, "purchase_method": "purchase", "list_price": 120}
    for name, code, tracking in (
        ("Housing", "HS-1", "lot"), ("Screw", "SC-1", "none"), ("Motor", "MT-1", "lot"))])
lots = env["stock.lot"].create([
    {"name": f"HS-000{number}", "product_id": housing.id, "company_id": company.id}
    for number in (1, 2, 3)])
for lot in lots:
    env["stock.quant"]._update_available_quantity(housing, stock, 100, lot_id=lot)
env["stock.quant"]._update_available_quantity(screw, stock, 10000)
center = env["mrp.workcenter"].create({
    "name": "Assembly", "code": "ASM", "company_id": company.id,
    "resource_calendar_id": company.resource_calendar_id.id})
bom = env["mrp.bom"].create({
    "product_tmpl_id": motor.product_tmpl_id.id, "company_id": company.id,
    "bom_line_ids": [(0, 0, {"product_id": housing.id, "product_qty": 1}),
                     (0, 0, {"product_id": screw.id, "product_qty": 8})],
    "operation_ids": [(0, 0, {"name": "Assemble", "workcenter_id": center.id})]})
vendor, customer = env["res.partner"].create([
    {"name": "Castings Ltd", "ref": "V-100", "company_id": company.id},
    {"name": "Machines Inc", "ref": "C-200", "company_id": company.id}])
for code in ("400000", "101200"):
    if not env["account.account"].search(
            [("company_id", "=", company.id), ("code", "=", code)]):
        env["account.account"].create({"name": code, "code": code,
            "account_type": "expense", "company_id": company.id})
tax = env["account.tax"].create({
    "name": "19 %%", "amount": 19, "type_tax_use": "purchase", "company_id": company.id,
    "country_id": company.account_fiscal_country_id.id})

# A document of its own for every message that is about one.
documents = {}
for code, kind in %(about)r.items():
    if kind == "production":
        order = env["mrp.production"].with_user(user).create(
            {"product_id": motor.id, "product_qty": 10, "bom_id": bom.id})
        order.action_confirm()
        order.action_assign()
    else:
        order = env["purchase.order"].create({
            "partner_id": vendor.id, "company_id": company.id,
            "order_line": [
                (0, 0, {"product_id": product.id, "product_qty": quantity,
                        "price_unit": 12.5, "taxes_id": [(6, 0, tax.ids)]})
                for product, quantity in ((housing, 100), (screw, 500))]})
        order.button_confirm()
        if code == "credit.received":
            order.action_create_invoice()
            order.invoice_ids.write({"ref": "R-5500", "invoice_date": "2026-03-19"})
            order.invoice_ids.action_post()
    documents[code] = order.name
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump({"keys": [key], "system": system.id, "company": company.id,
               "currency": company.currency_id.name, "documents": documents}, out)
"""


#: message → what kind of order it is about, one that is there for it alone
ABOUT = {
    "bill.received": "purchase",
    "credit.received": "purchase",
    "goods.receipt": "purchase",
    "production.confirmation": "production",
    "production.consumption": "production",
    "production.operation": "production",
    "purchase.acknowledged": "purchase",
    "shipment.announced": "purchase",
}


class ReportSite(InboundSite):
    """Items, places, partners and orders of a plant, and a system that may report all.

    ``documents`` is message type → number of the order that it is about.
    """

    _label = "reports"

    def __init__(self, lab, sync=(), conf=None):
        super().__init__(lab, sync, conf=conf)
        self.company = self.prepared["company"]
        self.currency = self.prepared["currency"]
        self.documents = self.prepared["documents"]

    def _prepare(self, database):
        prepared = super()._prepare(database)
        out = self.lab.folder / "reports.json"
        self.script(_PREPARE % {"about": ABOUT, "out": str(out)})
        return prepared | json.loads(out.read_text())
