"""Messages of a plant: what they cost beside the same work through Odoo's external API."""

import os
import time
from itertools import count
from statistics import median

from tests.support.plant_site import PlantSite, transfer
from tests.support.waiting import wait_for

ROUNDS = 3
#: messages of one round
QUICK, FULL = 10, 200


def run(quick, lab):
    """Return confirmations and stock moves per second of one worker, and how much more of
    the processor the same transfers take through Odoo's external API.

    :param bool quick: fewer repetitions, yet every figure
    :param lab: tools/launcher/lab.py
    :return: ``{"figures": …, "ratios": …}``
    """
    messages = QUICK if quick else FULL
    site = PlantSite(lab, {"bench": [10] * messages * ROUNDS})
    orders = iter(site.plants["bench"].orders)
    try:
        server = site.start_server(dbfilter="", limit_time_real=3600)
        worker = site.start_worker()
        keys = count()
        ours, theirs, moves, goods = [], [], [], []
        _transfers_by_rpc(site, 3)
        _drain(site, [("stock.transfer", transfer())] * 3, keys)
        for _round in range(ROUNDS):  # interleaved: noise hits all alike
            before = _cpu(server, worker)
            moves.append(
                messages
                / _drain(site, [("stock.transfer", transfer())] * messages, keys)
            )
            ours.append(_cpu(server, worker) - before)
            before = _cpu(server, worker)
            _transfers_by_rpc(site, messages)
            theirs.append(_cpu(server, worker) - before)
            confirmations = [
                ("production.confirmation", _confirmation(next(orders)))
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
        (part,) = site.rpc("product.product", "search", [("default_code", "=", "PART")])
        places = site.rpc(
            "stock.location",
            "search_read",
            [("barcode", "in", ("STOCK", "SHELF"))],
            ["barcode"],
        )
        places = {row["barcode"]: row["id"] for row in places}
        (unit,) = site.rpc("uom.uom", "search", [("name", "=", "Units")])
        (kind,) = site.rpc("stock.picking.type", "search", [("code", "=", "internal")])
        move = {
            "name": "PART",
            "product_id": part,
            "product_uom": unit,
            "product_uom_qty": 1,
            "location_id": places["STOCK"],
            "location_dest_id": places["SHELF"],
        }
        picking = site.rpc(
            "stock.picking",
            "create",
            {
                "picking_type_id": kind,
                "location_id": places["STOCK"],
                "location_dest_id": places["SHELF"],
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
