"""PI-01: a plant whose floor hears of orders and reports on them, every process a real one."""

import json

import pytest

from .support.simulator import Simulator
from .support.stack import Stack
from .support.waiting import wait_for

SUPERVISOR = "supervisor-c"
PATIENCE = 120

# The system, its service user with rights in plant C alone, its key and its subscription.
_PREPARE = """
import json
company = env.ref("mfg_suite.company_plant_c")
groups = ["mrp.group_mrp_user", "mrp.group_mrp_routings", "stock.group_stock_manager",
          "stock.group_production_lot"]
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Floor", "login": "floor_service", "company_id": company.id,
    "company_ids": [(6, 0, company.ids)],
    "groups_id": [(6, 0, [env.ref(name).id for name in groups])]})
system = env["mfg.integration.system"].create({
    "name": "Floor", "code": "floor", "kind": "mes", "company_id": company.id,
    "user_id": user.id})
endpoint = env["mfg.integration.endpoint"].create({
    "name": "Orders", "system_id": system.id, "url": %(url)r + "/events",
    "allow_http": True, "allowed_networks": "127.0.0.0/8"})
endpoint._set_signing_secret(%(secret)r)
env["mfg.integration.subscription"].create({
    "interface_version_id": env.ref(
        "mfg_integration_plant.interface_production_released_v1").id,
    "endpoint_id": endpoint.id, "company_id": company.id})
inbound = env["mfg.integration.interface"].search(
    [("direction", "=", "inbound"), "|", ("code", "like", "production.%%"),
     ("code", "like", "stock.%%")])
_credential, key = env["mfg.integration.credential"]._issue({
    "name": "Floor", "system_id": system.id, "interface_ids": [(6, 0, inbound.ids)],
    "quota_per_minute": 0})
stock = env.ref("mfg_suite.location_plant_c_stock")
shelf = env["stock.location"].create({
    "name": "Line 1", "barcode": "C-LINE-1", "location_id": stock.id,
    "company_id": company.id})
stock.barcode = "C-STOCK"
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump({"key": key, "system": system.id, "stock": stock.id, "shelf": shelf.id}, out)
"""
SECRET = "whsec_ZmxvciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """Stack with a connected floor, ready to hear and report."""
    stack = Stack("plant", tmp_path_factory.mktemp("plant"))
    floor = None
    try:
        floor = Simulator("floor.py", stack.folder / "floor", secret=SECRET)
        out = stack.folder / "prepared.json"
        stack.script(_PREPARE % {"url": floor.url, "secret": SECRET, "out": str(out)})
        stack.prepared = json.loads(out.read_text())
        stack.floor = floor
        stack.start_server()
        stack.start_worker()
        floor.order("/connect", url=stack.url, key=stack.prepared["key"])
        yield stack
    finally:
        if floor:
            floor.stop()
        stack.close()


@pytest.fixture(autouse=True)
def good_manners(plant):
    yield
    plant.floor.order("/manners")


def new_order(plant, quantity=5):
    """Confirm an order for gear wheels in plant C; return (id, number)."""
    values = {
        "bom_id": plant.ref("mfg_suite.bom_c_wheel"),
        "product_id": plant.ref("mfg_suite.product_c_wheel"),
        "product_qty": quantity,
    }
    order = plant.rpc(SUPERVISOR, "mrp.production", "create", values)
    plant.rpc(SUPERVISOR, "mrp.production", "action_confirm", [order])
    (row,) = plant.rpc(SUPERVISOR, "mrp.production", "read", [order], ["name"])
    return order, row["name"]


def read(plant, order, *names):
    (row,) = plant.rpc("admin", "mrp.production", "read", [order], list(names))
    return row


def unsettled(plant):
    """Return how many reports are not processed or waiting for a person."""
    return plant.query(
        "SELECT count(*) FROM mfg_integration_inbox_todo WHERE exception_id IS NULL"
    )[0][0]


def wait_for_done(plant, order):
    wait_for(
        lambda: read(plant, order, "state")["state"] == "done",
        PATIENCE,
        "the order is finished",
    )
    wait_for(lambda: not plant.floor.status()["waiting"], PATIENCE, "all was reported")
    wait_for(lambda: not unsettled(plant), PATIENCE, "every report is processed")


def made(plant, number):
    """Return the quantity that was put in stock under the floor's lot."""
    return plant.query(
        """
        SELECT COALESCE(SUM(q.quantity), 0)::float8
          FROM stock_quant q
          JOIN stock_lot l ON l.id = q.lot_id
          JOIN stock_location s ON s.id = q.location_id AND s.usage = 'internal'
         WHERE l.name = %s
        """,
        [f"F-{number}"],
    )[0][0]


def exceptions(plant):
    return plant.query(
        "SELECT error FROM mfg_integration_inbox_exception WHERE system_id = %s",
        [plant.prepared["system"]],
    )


@pytest.mark.parametrize(
    "manners",
    [{}, {"twice": True}, {"malformed": True}],
    ids=["well behaved", "everything twice", "with unreadable messages"],
)
def test_pi_01_order_is_heard_of_worked_on_and_finished(plant, manners):
    plant.floor.order("/manners", **manners)
    order, number = new_order(plant)
    wait_for_done(plant, order)
    row = read(plant, order, "qty_produced", "lot_producing_id", "workorder_ids")
    assert row["qty_produced"] == 5
    assert row["lot_producing_id"][1] == f"F-{number}"
    assert made(plant, number) == 5
    states = plant.rpc(
        "admin", "mrp.workorder", "read", row["workorder_ids"], ["state"]
    )
    assert {each["state"] for each in states} <= {"done"}
    assert exceptions(plant) == []


def test_pi_03_completions_before_their_starts(plant):
    plant.floor.order("/manners", swapped=True)
    order, number = new_order(plant, 4)
    wait_for_done(plant, order)
    sent = [each["key"] for each in plant.floor.status()["sent"]]
    operations = [key for key in sent if key.startswith(f"{number}/")][1:-1]
    assert operations, "the demo's gear wheels have operations"
    assert operations[0].endswith("/complete")
    assert made(plant, number) == 4
    assert exceptions(plant) == []


def test_pi_01_floor_that_was_offline_reports_everything_in_order(plant):
    plant.floor.order("/manners", offline=True)
    orders = [new_order(plant, 2) for _number in range(3)]
    wait_for(
        lambda: plant.floor.status()["waiting"] >= len(orders) * 2,
        PATIENCE,
        "the floor has heard of every order",
    )
    plant.floor.order("/manners")
    for order, number in orders:
        wait_for_done(plant, order)
        assert made(plant, number) == 2
    assert exceptions(plant) == []


def test_pi_01_transfer_of_the_warehouse(plant):
    def on_shelf():
        return plant.query(
            "SELECT COALESCE(SUM(quantity), 0)::float8 FROM stock_quant "
            "WHERE location_id = %s",
            [plant.prepared["shelf"]],
        )[0][0]

    (product,) = plant.rpc(
        "admin",
        "product.product",
        "read",
        [plant.ref("mfg_suite.product_c_bearing")],
        ["default_code"],
    )
    payload = {
        "from": "C-STOCK",
        "to": "C-LINE-1",
        "lines": [
            {
                "item": product["default_code"],
                "quantity": {"value": 12, "unit": "Units"},
            }
        ],
    }
    plant.floor.order("/manners", twice=True)
    plant.floor.order("/report", interface="stock.transfer", payload=payload, key="t-1")
    wait_for(lambda: on_shelf() == 12, PATIENCE, "the goods are on the shelf")
    wait_for(lambda: not plant.floor.status()["waiting"], PATIENCE, "sent twice")
    wait_for(lambda: not unsettled(plant), PATIENCE, "everything is processed")
    assert on_shelf() == 12
