"""Messages of a plant: what they cost beside the same work through Odoo's external API."""

import json
import os
import time
from itertools import count
from statistics import median

import requests

from tests.support.inbound_site import PATIENCE, InboundSite
from tests.support.waiting import wait_for

ROUNDS = 3
#: messages of one round
QUICK, FULL = 10, 200

_PREPARE = """
import json
env["ir.cron"].search([]).active = False
company = env["res.company"].create({"name": "Bench Plant"})
groups = ["mrp.group_mrp_user", "stock.group_stock_manager", "stock.group_production_lot"]
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Bench", "login": "bench_plant", "password": "bench_plant",
    "company_id": company.id, "company_ids": [(6, 0, company.ids)],
    "groups_id": [(6, 0, [env.ref(name).id for name in groups])]})
system = env["mfg.integration.system"].create({
    "name": "Bench", "code": "bench-plant", "company_id": company.id, "user_id": user.id})
inbound = env["mfg.integration.interface"].search([
    ("code", "in", ("production.confirmation", "stock.transfer"))])
_credential, key = env["mfg.integration.credential"]._issue({
    "name": "Bench", "system_id": system.id, "interface_ids": [(6, 0, inbound.ids)],
    "quota_per_minute": 0})
warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)])
stock = warehouse.lot_stock_id
warehouse.int_type_id.active = True  # archived while nobody uses storage locations
stock.barcode = "BENCH-STOCK"
env["stock.location"].create({"name": "Shelf", "barcode": "BENCH-SHELF",
                              "location_id": stock.id, "company_id": company.id})
part, gear = env["product.product"].create([
    {"name": name, "default_code": name, "detailed_type": "product",
     "company_id": company.id} for name in ("BENCH-PART", "BENCH-GEAR")])
env["stock.quant"]._update_available_quantity(part, stock, 1000000)
env["mrp.bom"].create({"product_tmpl_id": gear.product_tmpl_id.id, "company_id": company.id,
                       "bom_line_ids": [(0, 0, {"product_id": part.id, "product_qty": 2})]})
orders = env["mrp.production"].with_user(user).create(
    [{"product_id": gear.id, "product_qty": 10} for _number in range(%(orders)s)])
orders.action_confirm()
orders.action_assign()
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump({"key": key, "orders": orders.mapped("name"), "user": user.id}, out)
"""


class PlantSite(InboundSite):
    """A plant with stock and confirmed orders."""

    def __init__(self, lab, orders):
        self._orders = orders
        super().__init__(lab)
        out = lab.folder / "plant.json"
        self.script(_PREPARE % {"orders": orders, "out": str(out)})
        prepared = json.loads(out.read_text())
        self.key = prepared["key"]
        self.uid = prepared["user"]
        self.orders = iter(prepared["orders"])

    def rpc(self, model, method, *arguments, **options):
        """Call a method over JSON-RPC as the service user."""
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/jsonrpc",
            json={
                "jsonrpc": "2.0",
                "method": "call",
                "params": {
                    "service": "object",
                    "method": "execute_kw",
                    "args": (
                        self.database,
                        self.uid,
                        "bench_plant",
                        model,
                        method,
                        arguments,
                        options,
                    ),
                },
            },
            timeout=PATIENCE,
        ).json()
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer.get("result")


def run(quick, lab):
    """Return confirmations and stock moves per second of one worker, and how much more of
    the processor the same transfers take through Odoo's external API.

    :param bool quick: fewer repetitions, yet every figure
    :param lab: tools/launcher/lab.py
    :return: ``{"figures": …, "ratios": …}``
    """
    messages = QUICK if quick else FULL
    site = PlantSite(lab, messages * ROUNDS)
    try:
        server = site.start_server(dbfilter="", limit_time_real=3600)
        worker = site.start_worker()
        keys = count()
        ours, theirs, moves, goods = [], [], [], []
        _transfers_by_rpc(site, 3)
        _drain(site, [("stock.transfer", _transfer())] * 3, keys)
        for _round in range(ROUNDS):  # interleaved: noise hits all alike
            before = _cpu(server, worker)
            moves.append(
                messages
                / _drain(site, [("stock.transfer", _transfer())] * messages, keys)
            )
            ours.append(_cpu(server, worker) - before)
            before = _cpu(server, worker)
            _transfers_by_rpc(site, messages)
            theirs.append(_cpu(server, worker) - before)
            confirmations = [
                ("production.confirmation", _confirmation(next(site.orders)))
                for _number in range(messages)
            ]
            goods.append(messages / _drain(site, confirmations, keys))
        assert not site.query("SELECT 1 FROM mfg_integration_inbox_exception")
        return {
            "figures": {
                "production_confirmations_per_s": round(median(goods), 2),
                "stock_moves_per_s": round(median(moves), 2),
            },
            "ratios": {"vs_rpc": round(median(theirs) / median(ours), 2)},
        }
    finally:
        site.close()


def _transfer():
    return {
        "from": "BENCH-STOCK",
        "to": "BENCH-SHELF",
        "lines": [{"item": "BENCH-PART", "quantity": {"value": 1, "unit": "Units"}}],
    }


def _confirmation(order):
    return {"order": order, "quantity": {"value": 10, "unit": "Units"}}


def _drain(site, messages, keys):
    """Send messages and return the seconds until the last one was processed."""
    started = time.monotonic()
    for interface, payload in messages:
        status, answer, _headers = site.post(payload, interface, f"bench-{next(keys)}")
        assert status == 202, answer
    wait_for(lambda: not site.unfinished(), 3600, "everything is processed")
    return time.monotonic() - started


def _transfers_by_rpc(site, number):
    """Do what a connector does that speaks Odoo's external API."""
    for _number in range(number):
        (part,) = site.rpc(
            "product.product", "search", [("default_code", "=", "BENCH-PART")]
        )
        places = site.rpc(
            "stock.location",
            "search_read",
            [("barcode", "in", ("BENCH-STOCK", "BENCH-SHELF"))],
            ["barcode"],
        )
        places = {row["barcode"]: row["id"] for row in places}
        (unit,) = site.rpc("uom.uom", "search", [("name", "=", "Units")])
        (kind,) = site.rpc("stock.picking.type", "search", [("code", "=", "internal")])
        move = {
            "name": "BENCH-PART",
            "product_id": part,
            "product_uom": unit,
            "product_uom_qty": 1,
            "location_id": places["BENCH-STOCK"],
            "location_dest_id": places["BENCH-SHELF"],
        }
        picking = site.rpc(
            "stock.picking",
            "create",
            {
                "picking_type_id": kind,
                "location_id": places["BENCH-STOCK"],
                "location_dest_id": places["BENCH-SHELF"],
                "move_ids": [(0, 0, move)],
            },
        )
        site.rpc("stock.picking", "action_confirm", [picking])
        site.rpc("stock.picking", "action_assign", [picking])
        lines = site.rpc("stock.move.line", "search", [("picking_id", "=", picking)])
        site.rpc("stock.move.line", "write", lines, {"quantity": 1, "picked": True})
        site.rpc("stock.picking", "button_validate", [picking])


def _cpu(*services):
    """Return the CPU seconds the processes have used."""
    ticks = 0
    for service in services:
        with open(f"/proc/{service.process.pid}/stat", encoding="ascii") as stat:
            used = stat.read().rpartition(")")[2].split()
        ticks += int(used[11]) + int(used[12])
    return ticks / os.sysconf("SC_CLK_TCK")
