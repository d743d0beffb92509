"""From a click in plant C to its other systems, with every process a real one."""

import shutil
import xmlrpc.client
from collections import Counter
from datetime import datetime

import pytest

from .support.stack import Stack
from .support.waiting import wait_for

SUPERVISOR = "supervisor-c"
ENDPOINTS = {
    "mfg_suite.endpoint_plant_c_mes": "/mes",
    "mfg_suite.endpoint_plant_c_planning": "/planning",
    "mfg_suite.endpoint_plant_c_quality_archive": "/quality-archive",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A receiver that is down for a minute, told in tenths of a second.
DELAYS = "0.1 0.2 0.4"
PATIENCE = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack("flows", tmp_path_factory.mktemp("flows"))
    try:
        stack.start_server()
        for xmlid, path in ENDPOINTS.items():
            url = stack.simulator.url + path
            endpoint = [stack.ref(xmlid)]
            stack.rpc(
                "admin", "mfg.integration.endpoint", "write", endpoint, {"url": url}
            )
        stack.rpc(
            "admin",
            "mfg.integration.retry.policy",
            "write",
            [stack.ref("mfg_suite.retry_policy_demo")],
            {"delays": DELAYS, "max_attempts": 100, "jitter_pct": 0},
        )
        yield stack
    finally:
        stack.close()


@pytest.fixture
def worker(stack):
    """A running worker that has delivered what was waiting, and a willing receiver."""
    stack.simulator.control(mode="ok")
    if not stack.worker:
        stack.start_worker()
    wait_for(lambda: not unfinished(stack), PATIENCE, "everything waiting is settled")
    yield stack
    stack.simulator.control(mode="ok")


def unfinished(stack):
    """Return how many messages are neither delivered nor dead."""
    return stack.query("SELECT count(*) FROM mfg_integration_delivery")[0][0]


def new_order(stack, quantity=5, lot=None, **values):
    """Return the id of a confirmed order for gear wheels in plant C, quantity noted."""
    bom = stack.ref("mfg_suite.bom_c_wheel")
    order = stack.rpc(
        SUPERVISOR,
        "mrp.production",
        "create",
        {
            "bom_id": bom,
            "product_id": stack.ref("mfg_suite.product_c_wheel"),
            "product_qty": quantity,
            **values,
        },
    )
    stack.rpc(SUPERVISOR, "mrp.production", "action_confirm", [order])
    stack.rpc(SUPERVISOR, "mrp.production", "action_assign", [order])
    if lot:
        lot_id = stack.rpc(
            SUPERVISOR,
            "stock.lot",
            "create",
            {
                "name": lot,
                "product_id": stack.ref("mfg_suite.product_c_wheel"),
                "company_id": stack.ref("mfg_suite.company_plant_c"),
            },
        )
        noted = {"qty_producing": quantity, "lot_producing_id": lot_id}
        stack.rpc(SUPERVISOR, "mrp.production", "write", [order], noted)
        stack.rpc(SUPERVISOR, "mrp.production", "set_qty_producing", [order])
    return order


def finish(stack, *orders):
    """Finish orders in one call."""
    done = stack.rpc(SUPERVISOR, "mrp.production", "button_mark_done", list(orders))
    assert done is True, done


def name_of(stack, order):
    return stack.rpc(SUPERVISOR, "mrp.production", "read", [order], ["name"])[0]["name"]


def arrived(stack, name, path="/mes"):
    """Return the events about the order of that name that the receiver accepted."""
    return [
        event
        for event in stack.simulator.events(path=path)
        if event["body"]["data"]["order"] == name
    ]


def wait_for_arrival(stack, name, path="/mes"):
    """Return the events about an order once there are any and nothing is under way."""
    wait_for(lambda: arrived(stack, name, path), PATIENCE, f"{name} arrives at {path}")
    wait_for(lambda: not unfinished(stack), PATIENCE, "everything is settled")
    return arrived(stack, name, path)


# -- the first screen ------------------------------------------------------------------


def test_first_screen_shows_delivered_retried_and_dead_messages(worker):
    rows = worker.rpc(
        "admin",
        "mfg.integration.delivery",
        "search_read",
        [("event_id.user_id.login", "=", "__system__")],
        ["endpoint_id", "state", "attempts", "last_status"],
    )
    seen = Counter(
        (row["endpoint_id"][1].split(": ")[1], row["state"], row["attempts"])
        for row in rows
    )
    orders = len(rows) // len(ENDPOINTS)
    assert orders >= 5
    assert seen == {
        ("orders", "delivered", 1): orders,
        ("planning", "delivered", 3): orders,
        ("quality archive", "dead", 1): orders,
    }


# -- EN-06 -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not executable:
        pytest.skip("no chromium: browser test left out")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


# Notes the moment of the click, by the clock of this machine.
NOTE_CLICK = """
document.addEventListener("click", (event) => {
    if (event.target.closest("button[name='button_mark_done']")) {
        window.finishClickedAt = Date.now();
    }
}, true);
"""


def run_tour(page, url, login, tour, start):
    """Log in and run a tour in the web client; return the page after its last step."""
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client .o_action_manager")
    outcome = []
    page.on("console", lambda message: outcome.append(message.text))
    page.goto(f"{url}/web?debug=tests{start}")
    page.wait_for_function(
        "tour => window.odoo.isTourReady && window.odoo.isTourReady(tour)", arg=tour
    )
    page.evaluate("tour => { odoo.startTour(tour); }", tour)
    wait_for(
        lambda: (
            page.evaluate("1")
            and any("test successful" in text or "FAILED" in text for text in outcome)
        ),
        60,
        "the tour ends",
    )
    assert not any("FAILED" in text for text in outcome), "\n".join(outcome)
    return page


def test_en_06_order_finished_in_the_browser_reaches_the_mes(worker, browser):
    name = name_of(worker, new_order(worker, 5, origin="EN-06"))
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-US"
    )
    context.add_init_script(NOTE_CLICK)
    page = run_tour(
        context.new_page(),
        worker.url,
        SUPERVISOR,
        "mfg_integration_plant_finish_mo",
        "#action=mrp.mrp_production_action&view_type=list",
    )
    clicked_at = page.evaluate("window.finishClickedAt") / 1000
    context.close()

    (event,) = wait_for_arrival(worker, name)
    received_at = datetime.fromisoformat(event["received_at"].replace("Z", "+00:00"))
    assert received_at.timestamp() - clicked_at <= 2
    assert event["signature_valid"]
    assert event["type"] == "mfg.production.completed.v1"
    body = event["body"]
    assert body["plant"] == "plant-c-mes"
    data = body["data"]
    five = {"value": 5, "unit": "Units"}
    assert data["order"] == name
    assert data["product"]["code"] == "AG-GW32"
    assert data["quantity"] == five
    assert data["lots"] == [{"name": "EN-06-LOT", "quantity": five}]
    assert data["plant"]["code"] == "PC"


# -- EN-07 -----------------------------------------------------------------------------


def test_en_07_receiver_that_was_down_gets_the_event_once(worker):
    order = new_order(worker, lot="EN-07-DOWN")
    name = name_of(worker, order)
    worker.simulator.control(mode="down", path="/mes")
    tried = len(worker.simulator.requests(path="/mes"))
    finish(worker, order)
    wait_for(
        lambda: len(worker.simulator.requests(path="/mes")) >= tried + 4,
        PATIENCE,
        "the worker keeps trying",
    )
    assert not arrived(worker, name)
    worker.simulator.control(mode="ok")
    assert len(wait_for_arrival(worker, name)) == 1


def test_en_07_rollback_sends_nothing(worker):
    order = new_order(worker, lot="EN-07-ROLLBACK")
    name = name_of(worker, order)
    model = worker.ref("mrp.model_mrp_production")
    action = worker.rpc(
        "admin",
        "ir.actions.server",
        "create",
        {
            "name": "Finish, then fail",
            "model_id": model,
            "state": "code",
            "code": "record.button_mark_done()\nraise UserError('failed after '"
            " + record.state)",
        },
    )
    context = {"active_model": "mrp.production", "active_id": order}
    context["allowed_company_ids"] = [worker.ref("mfg_suite.company_plant_c")]
    with pytest.raises(xmlrpc.client.Fault, match="failed after done"):
        worker.rpc("admin", "ir.actions.server", "run", [action], context=context)
    assert not worker.query(
        "SELECT 1 FROM mfg_integration_event WHERE res_id = %s", [order]
    )

    later = new_order(worker, lot="EN-07-AFTER-ROLLBACK")
    finish(worker, later)
    wait_for_arrival(worker, name_of(worker, later))
    assert not arrived(worker, name)

    finish(worker, order)
    assert len(wait_for_arrival(worker, name)) == 1


def test_en_07_killed_worker_loses_nothing_and_doubles_only_what_was_on_the_wire(
    worker,
):
    orders = [new_order(worker, 1, f"EN-07-KILL-{number}") for number in range(20)]
    names = {name_of(worker, order) for order in orders}
    worker.simulator.control(mode="slow", seconds=0.3, path="/mes")
    finish(worker, *orders)
    wait_for(
        lambda: worker.simulator.status()["in_flight"] >= 1,
        PATIENCE,
        "one is on the wire",
    )
    worker.kill_worker()
    on_the_wire = {
        request["id"]
        for request in worker.simulator.requests(path="/mes")
        if request["status"] is None
    }
    assert on_the_wire
    wait_for(
        lambda: worker.simulator.status()["in_flight"] == 0,
        PATIENCE,
        "the wire is empty",
    )
    worker.simulator.control(mode="ok")
    worker.start_worker()
    wait_for(lambda: not unfinished(worker), PATIENCE, "everything is settled")

    events = [
        event
        for event in worker.simulator.events(path="/mes")
        if event["body"]["data"]["order"] in names
    ]
    assert {event["body"]["data"]["order"] for event in events} == names
    times = Counter(event["id"] for event in events)
    assert len(times) == len(names)
    assert set(times.values()) <= {1, 2}
    assert {event_id for event_id, count in times.items() if count == 2} <= on_the_wire


def test_en_07_cron_delivers_without_a_worker(stack):
    stack.simulator.control(mode="ok")
    if stack.worker:
        stack.stop_worker()
    stack.start_server(cron_threads=1)
    order = new_order(stack, lot="EN-07-CRON")
    finish(stack, order)
    assert len(wait_for_arrival(stack, name_of(stack, order))) == 1
