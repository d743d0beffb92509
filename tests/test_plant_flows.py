"""PI-01: a plant whose floor hears of orders and reports on them, every process a real one."""

import json
from contextlib import ExitStack

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
    "name": "Floor", "login": "floor_service", "email": "floor@example.com",
    "company_id": company.id,
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

# Systems of the plant, connected as a person does it: by templates. Those without an
# address exchange files.
_CONNECT = """
import json
company = env.ref("mfg_suite.company_plant_c")
groups = ["purchase.group_purchase_user", "stock.group_stock_manager",
          "stock.group_production_lot", "sales_team.group_sale_salesman_all_leads",
          "base.group_partner_manager", "mrp.group_mrp_manager",
          "account.group_account_invoice", "mfg_quality_hold.group_inspect"]
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Partners", "login": "partner_service", "company_id": company.id,
    "email": "partners@example.com",
    "company_ids": [(6, 0, company.ids)],
    "groups_id": [(6, 0, [env.ref(name).id for name in groups])]})
keys = {}
for name, url in %(urls)r.items():
    code = "test-" + name.replace("_", "-")
    module = "mfg_suite" if name == "qms" else "mfg_integration_plant"
    wizard = env["mfg.integration.facility.connect"].create({
        "template_id": env.ref(f"{module}.facility_template_{name}").id,
        "company_id": company.id, "name": name, "code": code, "user_id": user.id,
        "url": url and url + "/events", "allow_http": True,
        "allowed_networks": "127.0.0.0/8"})
    wizard.action_preview()
    action = wizard.action_connect()
    system = env["mfg.integration.system"].search([("code", "=", code)])
    if url:
        keys[name] = action["context"]["default_secret"]
        system.endpoint_ids._set_signing_secret(%(secret)r)
env["res.partner"].create(
    {"name": "Machines Inc", "ref": "C-200", "company_id": company.id})
env["mfg.quality.inspection.plan"].create({
    "name": "Gear wheels", "company_id": company.id,
    "product_ids": [(6, 0, [env.ref("mfg_suite.product_c_wheel").id])],
    "characteristic_ids": [(0, 0, {
        "name": "Hardness (HRC)", "lower_limit": 58, "upper_limit": 62})]})
env["account.journal"].create({"name": "Batches", "code": "BATCH", "type": "general",
                               "company_id": company.id})
env["account.account"].create([
    {"name": code, "code": code, "account_type": "expense", "company_id": company.id}
    for code in ("400100", "400200")])
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump(keys, out)
"""
#: simulators that are connected so, by the template that does it
OVER_HTTP = {
    "supplier": "supplier.py",
    "wms": "wms.py",
    "3pl": "logistics.py",
    "qms": "qms.py",
}
BY_FILES = {"legacy_erp": "legacy_erp.py", "accounting": "accounting.py"}
SECRET = "whsec_ZmxvciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """Stack with a connected floor, ready to hear and report."""
    folder = tmp_path_factory.mktemp("plant")
    (folder / "files").mkdir()
    stack = Stack("plant", folder, mfg_integration_file_root=folder / "files")
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


@pytest.fixture(scope="module")
def partners(plant):
    """Template → simulator of every other system of the plant, connected by it."""
    with ExitStack() as running:
        partners = {
            name: running.enter_context(
                Simulator(script, plant.folder / name, secret=SECRET)
            )
            for name, script in (OVER_HTTP | BY_FILES).items()
        }
        out = plant.folder / "keys.json"
        urls = {
            name: each.url if name in OVER_HTTP else False
            for name, each in partners.items()
        }
        plant.script(_CONNECT % {"urls": urls, "secret": SECRET, "out": str(out)})
        for name, key in json.loads(out.read_text()).items():
            partners[name].order("/connect", url=plant.url, key=key)
        for name in BY_FILES:
            folder = plant.folder / "files" / f"test-{name.replace('_', '-')}"
            partners[name].order("/connect", folder=str(folder))
        yield partners


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
    return in_stock(plant, f"F-{number}")


def in_stock(plant, lot):
    """Return the quantity of a lot on hand."""
    return plant.query(
        """
        SELECT COALESCE(SUM(q.quantity), 0)::float8
          FROM stock_quant q
          JOIN stock_lot l ON l.id = q.lot_id
          JOIN stock_location s ON s.id = q.location_id AND s.usage = 'internal'
         WHERE l.name = %s
        """,
        [lot],
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


def new_purchase(plant, quantity, **vendor):
    """Have bars bought for plant C; return (id, number) of the confirmed order.

    :param vendor: further values of the vendor
    """
    company = plant.ref("mfg_suite.company_plant_c")
    here = {"context": {"allowed_company_ids": [company]}}
    (warehouse,) = plant.rpc(
        "planner",
        "stock.warehouse",
        "search_read",
        [("company_id", "=", company)],
        ["in_type_id"],
        **here,
    )
    vendor = plant.rpc("admin", "res.partner", "create", {"name": "Bars Ltd", **vendor})
    line = {
        "product_id": plant.ref("mfg_suite.product_c_bar"),
        "product_qty": quantity,
        "price_unit": 3.5,
    }
    values = {
        "partner_id": vendor,
        "company_id": company,
        "picking_type_id": warehouse["in_type_id"][0],
        "order_line": [(0, 0, line)],
    }
    order = plant.rpc("planner", "purchase.order", "create", values, **here)
    plant.rpc("planner", "purchase.order", "button_confirm", [order], **here)
    (row,) = plant.rpc("planner", "purchase.order", "read", [order], ["name"], **here)
    return order, row["name"]


def announced_lots(plant, number):
    """Return the lots that stand on the receipts of a purchase order."""
    rows = plant.query(
        """
        SELECT DISTINCT l.lot_name FROM stock_move_line l
          JOIN stock_picking p ON p.id = l.picking_id
         WHERE p.origin = %s AND l.lot_name IS NOT NULL
        """,
        [number],
    )
    return [name for (name,) in rows]


def refusals(plant):
    """Return what went wrong with the messages of whatever system."""
    return plant.query("SELECT error FROM mfg_integration_inbox_exception")


@pytest.mark.parametrize(
    "manners", [{}, {"swapped": True, "twice": True}], ids=["well behaved", "confused"]
)
def test_pi_01_purchase_is_confirmed_announced_and_received(plant, partners, manners):
    supplier, wms = partners["supplier"], partners["wms"]
    supplier.order("/manners", **manners)
    supplier.order("/terms", days=3)
    before = len(supplier.status()["sent"])
    order, number = new_purchase(plant, 40)
    wait_for(
        lambda: len(supplier.status()["sent"]) >= before + 2, PATIENCE, "it is answered"
    )
    wait_for(lambda: not supplier.status()["waiting"], PATIENCE, "all was reported")
    wait_for(lambda: not unsettled(plant), PATIENCE, "every answer is processed")
    assert refusals(plant) == []
    assert announced_lots(plant, number) == [f"S-{number}-1"]
    (dates,) = plant.query(
        "SELECT l.date_planned - o.date_order FROM purchase_order_line l "
        "JOIN purchase_order o ON o.id = l.order_id WHERE o.id = %s",
        [order],
    )
    assert dates[0].days >= 2, "the vendor's later date was taken over"

    wait_for(
        lambda: number in wms.status()["expected"], PATIENCE, "the warehouse expects it"
    )
    wms.order("/manners", **manners)
    wms.order("/receive", order=number, location="C-STOCK", note=f"LS-{number}")
    lot = f"W-{number}-1"

    wait_for(lambda: in_stock(plant, lot) == 40, PATIENCE, "the goods are in stock")
    wait_for(lambda: not wms.status()["waiting"], PATIENCE, "all was reported")
    wait_for(lambda: not unsettled(plant), PATIENCE, "every report is processed")
    assert in_stock(plant, lot) == 40
    assert refusals(plant) == []


def wait_for_reports(plant, simulator):
    """Wait until a system has sent what it had to, and all of it is processed."""
    wait_for(lambda: not simulator.status()["waiting"], PATIENCE, "all was sent")
    wait_for(lambda: not unsettled(plant), PATIENCE, "everything is processed")


@pytest.mark.parametrize(
    "manners",
    [{}, {"twice": True, "malformed": True}],
    ids=["well behaved", "confused"],
)
def test_pi_01_customers_order_is_entered_shipped_and_told(plant, partners, manners):
    channel = partners["3pl"]
    channel.order("/manners", **manners)
    number = f"PO-{len(manners)}"
    before = len(refusals(plant))
    goods = {"item": "AG-BB6205", "quantity": 3, "unit": "Units", "unit_price": 1}
    channel.order("/order", number=number, customer="C-200", lines=[goods])
    wait_for(lambda: channel.status()["sent"], PATIENCE, "the order was sent")
    wait_for_reports(plant, channel)
    assert len(refusals(plant)) == before
    ((state, total, delivery),) = plant.query(
        """
        SELECT o.state, o.amount_untaxed::float8, p.id
          FROM sale_order o JOIN stock_picking p ON p.sale_id = o.id
         WHERE o.client_order_ref = %s
        """,
        [number],
    )
    assert (state, total) == ("sale", 3.0)
    plant.rpc("admin", "stock.picking", "action_assign", [delivery])
    plant.rpc("admin", "stock.picking", "button_validate", [delivery])
    wait_for(
        lambda: channel.status()["orders"][number], PATIENCE, "the shipment is heard of"
    )
    (shipped,) = channel.status()["orders"][number]
    assert shipped["item"] == "AG-BB6205"
    assert shipped["quantity"] == {"value": 3, "unit": "Units"}


@pytest.mark.parametrize(
    "manners", [{}, {"twice": True, "swapped": True}], ids=["well behaved", "confused"]
)
def test_pi_01_legacy_erp_reports_an_item_and_its_bill_by_files(
    plant, partners, manners
):
    erp = partners["legacy_erp"]
    erp.order("/manners", **manners)
    item, bill = f"LE-{len(manners)}", f"B-LE-{len(manners)}"
    before = len(refusals(plant))
    # The bill first: it waits for its item.
    one = {"value": 1, "unit": "Units"}
    erp.order(
        "/drop",
        path="in/bom.changed",
        name=f"{bill}.json",
        payload={
            "code": bill,
            "item": item,
            "quantity": one,
            "lines": [{"item": "AG-BB6205", "quantity": one}],
        },
    )
    erp.order(
        "/drop",
        path="in/item.changed",
        name=f"{item}.json",
        payload={"code": item, "name": "Bearing block", "unit": "Units"},
    )

    def bills():
        return plant.query(
            """
            SELECT t.default_code, l.product_qty::float8
              FROM mrp_bom b
              JOIN product_template t ON t.id = b.product_tmpl_id
              JOIN mrp_bom_line l ON l.bom_id = b.id
             WHERE b.code = %s
            """,
            [bill],
        )

    wait_for(bills, PATIENCE, "the bill is there")
    wait_for_reports(plant, erp)
    assert bills() == [(item, 1.0)]
    assert len(refusals(plant)) == before


def test_pi_01_legacy_erp_hears_of_items_by_files(plant, partners):
    erp = partners["legacy_erp"]
    bearing = plant.ref("mfg_suite.product_c_bearing")
    heard = []

    def is_told():
        heard.extend(erp.order("/pick_up", path="out")["files"])
        return any("Ball bearing 6205-2RS" in each["content"] for each in heard)

    plant.rpc(
        "admin",
        "product.product",
        "write",
        [bearing],
        {"name": "Ball bearing 6205-2RS"},
    )
    wait_for(is_told, PATIENCE, "the file with the item is complete")


def test_pi_08_journal_with_wrong_totals_then_corrected_posts_once(plant, partners):
    accounting = partners["accounting"]
    batch = {
        "path": "in/finance.journal",
        "journal": "BATCH",
        "date": "2026-03-31",
        "lines": [
            {"account": "400100", "debit": 125.5, "label": "Energy"},
            {"account": "400200", "credit": 125.5, "label": "Energy"},
        ],
    }

    def posted():
        return plant.query(
            """
            SELECT m.ref, m.state, SUM(l.debit)::float8
              FROM account_move m
              JOIN account_journal j ON j.id = m.journal_id AND j.code = 'BATCH'
              JOIN account_move_line l ON l.move_id = m.id
          GROUP BY m.id
            """
        )

    before = len(refusals(plant))
    accounting.order("/book", **batch, reference="B-31-wrong", off_by=0.01)
    wait_for(
        lambda: len(refusals(plant)) == before + 1, PATIENCE, "somebody has to decide"
    )
    assert posted() == []
    accounting.order("/manners", twice=True)
    accounting.order("/book", **batch, reference="B-31")
    wait_for(posted, PATIENCE, "the journal is posted")
    wait_for_reports(plant, accounting)
    ((reference, state, total),) = posted()
    assert (reference, state, total) == ("B-31", "posted", 125.5)


@pytest.mark.parametrize(
    "manners", [{}, {"twice": True}], ids=["well behaved", "everything twice"]
)
def test_pi_01_vendors_bill_and_credit_note_become_drafts(plant, partners, manners):
    accounting, wms = partners["accounting"], partners["wms"]
    vendor = f"V-{len(manners)}"
    order, number = new_purchase(plant, 40, ref=vendor)
    wait_for(
        lambda: number in wms.status()["expected"], PATIENCE, "the warehouse expects it"
    )
    wms.order("/receive", order=number, location="C-STOCK", note=f"LS-{number}")
    wait_for(lambda: in_stock(plant, f"W-{number}-1") == 40, PATIENCE, "it is received")
    accounting.order("/manners", **manners)
    (bought,) = plant.rpc(
        "admin", "purchase.order", "read", [order], ["amount_tax", "currency_id"]
    )
    paper = {"date": "2026-03-31", "currency": bought["currency_id"][1]}
    bars = {"item": "AG-SB16", "quantity": 40, "unit": "kg", "unit_price": 3.5}

    def entered(kind, reference):
        """Return (id, state, amount, number of the bill that is reversed)."""
        return plant.query(
            """
            SELECT m.id, m.state, m.amount_untaxed::float8, b.ref
              FROM account_move m
         LEFT JOIN account_move b ON b.id = m.reversed_entry_id
             WHERE m.move_type = %s AND m.ref = %s
            """,
            [kind, reference],
        )

    bill = f"R-{number}"
    accounting.order(
        "/bill",
        path="in/bill.received",
        number=bill,
        order=number,
        lines=[bars],
        tax=bought["amount_tax"],
        **paper,
    )
    wait_for(lambda: entered("in_invoice", bill), PATIENCE, "the bill is a draft")
    wait_for_reports(plant, accounting)
    ((draft, *values),) = entered("in_invoice", bill)
    assert values == ["draft", 140.0, None]
    # It comes before somebody has posted the bill: it waits.
    note = f"G-{number}"
    accounting.order(
        "/bill",
        path="in/credit.received",
        number=note,
        bill=bill,
        vendor=vendor,
        lines=[{**bars, "quantity": 10}],
        tax=bought["amount_tax"] / 4,
        **paper,
    )

    def waits():
        return plant.query(
            "SELECT 1 FROM mfg_integration_inbox_todo WHERE waits_for = %s",
            [f"account.move,{draft}"],
        )

    wait_for(waits, PATIENCE, "the credit note waits")
    assert not entered("in_refund", note)
    plant.rpc("admin", "account.move", "action_post", [draft])
    wait_for(lambda: entered("in_refund", note), PATIENCE, "the credit note is a draft")
    wait_for_reports(plant, accounting)
    ((_id, *values),) = entered("in_refund", note)
    assert values == ["draft", 35.0, bill]
    # A copy under another name is another message: somebody is told, nothing is entered.
    errors = [error for (error,) in refusals(plant) if number in error]
    assert len(errors) == (2 if manners else 0), errors
    assert all("is in Odoo already" in error for error in errors), errors


@pytest.mark.parametrize(
    "manners", [{}, {"twice": True}], ids=["well behaved", "everything twice"]
)
def test_quality_system_asks_for_a_hold_and_hears_of_its_end(plant, partners, manners):
    quality = partners["qms"]
    quality.order("/manners", **manners)
    number, lot = f"NCR-{len(manners)}", ("GW-0921", "GW-0927")[len(manners)]
    (item,) = plant.rpc(
        "admin",
        "product.product",
        "read",
        [plant.ref("mfg_suite.product_c_wheel")],
        ["default_code"],
    )
    quality.order(
        "/finds", lot=lot, verdict="pass", findings=[("Hardness (HRC)", 60.5)]
    )
    quality.order(
        "/nonconformity",
        number=number,
        item=item["default_code"],
        lot=lot,
        reason="SUSPECT",
    )

    # Held, told, inspected by the laboratory, and proposed for release; still on hold.
    def proposed():
        return plant.query(
            """
            SELECT d.id, h.name FROM mfg_quality_disposition d
              JOIN mfg_quality_hold h ON h.id = d.hold_id
             WHERE h.origin_ref = %s AND d.state = 'proposed' AND d.kind = 'release'
            """,
            [number],
        )

    ((disposition, hold),) = wait_for(proposed, PATIENCE, "the release is proposed")
    wait_for(lambda: not unsettled(plant), PATIENCE, "every report is processed")
    on_hold = "SELECT is_on_hold FROM stock_lot WHERE name = %s"
    assert plant.query(on_hold, [lot]) == [(True,)]

    plant.rpc(
        "quality-manager",
        "mfg.quality.sign",
        "create",
        {
            "disposition_id": disposition,
            "meaning": "Hardness is right",
            "password": "quality-manager",
        },
    )
    wait_for(
        lambda: quality.status()["holds"].get(hold) == "closed",
        PATIENCE,
        "the quality system hears that the hold is closed",
    )
    assert plant.query(on_hold, [lot]) == [(False,)]
    assert plant.query(
        "SELECT count(*) FROM mfg_quality_hold WHERE origin_ref = %s", [number]
    ) == [(1,)]
