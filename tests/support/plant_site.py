"""Plants with stock and confirmed orders in a database that takes messages in."""

import json
from dataclasses import dataclass

from .inbound_site import PATIENCE, InboundSite
from .json_rpc import ask

#: items of which there is plenty in stock
PARTS = ["PART", *(f"PART-{number}" for number in range(2, 21))]
_PREPARE = """
import json
env["ir.cron"].search([]).active = False
groups = ["mrp.group_mrp_user", "stock.group_stock_manager", "stock.group_production_lot"]
inbound = env["mfg.integration.interface"].search([
    ("code", "in", ("production.confirmation", "stock.transfer"))])
prepared = {}
for code, quantities in %(plants)r.items():
    company = env["res.company"].create({"name": f"Plant {code}"})
    user = env["res.users"].with_context(no_reset_password=True).create({
        "name": code, "login": code, "password": code, "email": code + "@example.com",
        "company_id": company.id, "company_ids": [(6, 0, company.ids)],
        "groups_id": [(6, 0, [env.ref(name).id for name in groups])]})
    system = env["mfg.integration.system"].create({
        "name": code, "code": code, "company_id": company.id, "user_id": user.id})
    _credential, key = env["mfg.integration.credential"]._issue({
        "name": code, "system_id": system.id, "interface_ids": [(6, 0, inbound.ids)],
        "quota_per_minute": 0})
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)])
    stock = warehouse.lot_stock_id
    warehouse.int_type_id.active = True  # archived while nobody uses storage locations
    stock.barcode = "STOCK"
    shelf = env["stock.location"].create({
        "name": "Shelf", "barcode": "SHELF", "location_id": stock.id,
        "company_id": company.id})
    gear, *parts = env["product.product"].create([
        {"name": name, "default_code": name, "detailed_type": "product",
         "company_id": company.id} for name in ("GEAR", *%(parts)r)])
    for part in parts:
        env["stock.quant"]._update_available_quantity(part, stock, 1000000)
    env["mrp.bom"].create({
        "product_tmpl_id": gear.product_tmpl_id.id, "company_id": company.id,
        "bom_line_ids": [(0, 0, {"product_id": parts[0].id, "product_qty": 2})]})
    orders = env["mrp.production"].with_user(user).create(
        [{"product_id": gear.id, "product_qty": quantity} for quantity in quantities])
    orders.action_confirm()
    orders.action_assign()
    prepared[code] = {
        "code": code, "key": key, "system": system.id, "user": user.id,
        "orders": orders.mapped("name"), "shelf": shelf.id, "gear": gear.id}
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump(prepared, out)
"""


@dataclass(frozen=True)
class PreparedPlant:
    """A plant of a :class:`PlantSite`: ids, names of its orders, key of its system."""

    code: str
    key: str
    system: int
    user: int
    orders: list
    shelf: int
    gear: int


class PlantSite(InboundSite):
    """Plants whose systems report to Odoo, each in a company of its own.

    :param dict plants: code → quantities of its manufacturing orders; what calls Odoo's
        external API is the user of the first
    """

    def __init__(self, lab, plants):
        super().__init__(lab)
        out = lab.folder / "plant.json"
        self.script(_PREPARE % {"plants": plants, "parts": PARTS, "out": str(out)})
        self.plants = {
            code: PreparedPlant(**values)
            for code, values in json.loads(out.read_text()).items()
        }
        self._first = next(iter(self.plants.values()))
        self.key = self._first.key

    def report(self, plant, interface, payload, key):
        """Send one message as the system of a plant; returns the id it was given."""
        status, answer, _headers = self.post(
            payload, interface, key, {"Authorization": f"Bearer {plant.key}"}
        )
        assert status == 202, answer
        return answer["id"]

    def rpc(self, model, method, *arguments, **options):
        """Call a method over JSON-RPC as the service user of the first plant."""
        return ask(
            f"http://127.0.0.1:{self.port}",
            "object",
            "execute_kw",
            self.database,
            self._first.user,
            self._first.code,
            model,
            method,
            arguments,
            options,
            timeout=PATIENCE,
        )


def transfer(lines=1):
    """Return the report that one of each of so many parts was put on the shelf."""
    return {
        "from": "STOCK",
        "to": "SHELF",
        "lines": [
            {"item": item, "quantity": {"value": 1, "unit": "Units"}}
            for item in PARTS[:lines]
        ],
    }
