"""From a click in plant C to its other systems, with every process a real one."""

import re
from collections import Counter
from datetime import datetime

import pytest

from .support.browser import chromium
from .support.json_rpc import RemoteError
from .support.stack import Stack
from .support.waiting import wait_for

SUPERVISOR = "supervisor-c"
ENDPOINTS = {
    "mfg_suite.endpoint_plant_c_mes": "/mes",
    "mfg_suite.endpoint_plant_c_planning": "/planning",
    "mfg_suite.endpoint_plant_c_quality_archive": "/quality-archive",
}
# A receiver that is down for a minute, told in tenths of a second.
DELAYS = "0.1 0.2 0.4"
PATIENCE = 90


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack("flows", tmp_path_factory.mktemp("flows"))
    try:
        stack.start_server()
        for xmlid, path in ENDPOINTS.items():
            values = {
                "url": stack.simulator.url + path,
                "breaker_pause": 0.1,
                "breaker_longest": 0.4,
            }
            endpoint = [stack.ref(xmlid)]
            stack.rpc("admin", "mfg.integration.endpoint", "write", endpoint, values)
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


def unanswered(stack, endpoint):
    """Return the ids of the events that an endpoint has not answered yet."""
    return {
        uuid
        for (uuid,) in stack.query(
            "SELECT e.uuid::text FROM mfg_integration_delivery d"
            " JOIN mfg_integration_event e ON e.id = d.event_id WHERE d.endpoint_id = %s",
            [stack.ref(endpoint)],
        )
    }


def new_orders(stack, count=1, **values):
    """Return the ids of reserved orders for five gear wheels each in plant C."""
    values = {
        "bom_id": stack.ref("mfg_suite.bom_c_wheel"),
        "product_id": stack.ref("mfg_suite.product_c_wheel"),
        "product_qty": 5,
        **values,
    }
    orders = stack.rpc(SUPERVISOR, "mrp.production", "create", [values] * count)
    stack.rpc(SUPERVISOR, "mrp.production", "action_confirm", orders)
    stack.rpc(SUPERVISOR, "mrp.production", "action_assign", orders)
    return orders


def finish(stack, orders):
    """Finish orders in one call; Odoo notes quantities and makes up the lots."""
    done = stack.rpc(SUPERVISOR, "mrp.production", "button_mark_done", orders)
    assert done is True, done


def names_of(stack, orders):
    rows = stack.rpc(SUPERVISOR, "mrp.production", "read", orders, ["name"])
    return [row["name"] for row in rows]


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


def state_of(stack, order, endpoint):
    """Return the state of the message about an order to one endpoint."""
    domain = [
        ("event_id.res_model", "=", "mrp.production"),
        ("event_id.res_id", "=", order),
        ("endpoint_id", "=", stack.ref(endpoint)),
    ]
    model = "mfg.integration.delivery"
    (message,) = stack.rpc(SUPERVISOR, model, "search_read", domain, ["state"])
    return message["state"]


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
        # how often was retried depends on the circuit breaker, whose probes do not count
        (row["endpoint_id"][1].split(": ")[1], row["state"], row["attempts"] > 1)
        for row in rows
    )
    orders = len(rows) // len(ENDPOINTS)
    assert orders >= 5
    assert seen == {
        ("orders", "delivered", False): orders,
        ("planning", "delivered", True): orders,
        ("quality archive", "dead", False): orders,
    }


def test_dead_letters_are_recorded_as_the_work_of_the_queue(worker):
    """The worker writes past the ORM, which must not look like a stranger's SQL."""
    origins = worker.query(
        """
        SELECT t.origin, t.login_uid, count(*)
          FROM mfg_audit.event e
          JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
         WHERE e.tbl = 'mfg_integration_dead' AND e.op = 'I'
      GROUP BY 1, 2
        """
    )
    (dead,) = worker.query("SELECT count(*) FROM mfg_integration_dead")
    assert dead[0] >= 5
    assert origins == [("queue", 1, dead[0])]


# -- EN-06 -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


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
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_web_client .o_action_manager")
    page.goto(f"{url}/web?debug=tests{start}")
    page.wait_for_function("tour => window.odoo?.isTourReady?.(tour)", arg=tour)
    ended = re.compile("test successful|FAILED")
    with page.expect_console_message(
        lambda message: ended.search(message.text), timeout=60_000
    ) as message:
        page.evaluate("tour => { odoo.startTour(tour, {redirect: false}); }", tour)
    assert "FAILED" not in message.value.text, message.value.text
    return page


def test_en_06_order_finished_in_the_browser_reaches_the_mes(
    worker, browser, record_property
):
    (name,) = names_of(worker, new_orders(worker, origin="EN-06"))
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
    seconds = received_at.timestamp() - clicked_at
    record_property("seconds from click to receipt", round(seconds, 3))
    assert seconds <= 2
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
    orders = new_orders(worker)
    (name,) = names_of(worker, orders)
    worker.simulator.control(mode="down", path="/mes")
    tried = len(worker.simulator.requests(path="/mes"))
    finish(worker, orders)
    wait_for(
        lambda: len(worker.simulator.requests(path="/mes")) >= tried + 4,
        PATIENCE,
        "the worker keeps trying",
    )
    assert not arrived(worker, name)
    worker.simulator.control(mode="ok")
    assert len(wait_for_arrival(worker, name)) == 1


def test_en_07_rollback_sends_nothing(worker):
    orders = new_orders(worker)
    (name,) = names_of(worker, orders)
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
    context = {"active_model": "mrp.production", "active_id": orders[0]}
    context["allowed_company_ids"] = [worker.ref("mfg_suite.company_plant_c")]
    with pytest.raises(RemoteError, match="failed after done"):
        worker.rpc("admin", "ir.actions.server", "run", [action], context=context)
    assert not worker.query(
        "SELECT 1 FROM mfg_integration_event WHERE res_id = %s", orders
    )

    later = new_orders(worker)
    finish(worker, later)
    wait_for_arrival(worker, *names_of(worker, later))
    assert not arrived(worker, name)

    finish(worker, orders)
    assert len(wait_for_arrival(worker, name)) == 1


def test_en_07_killed_worker_loses_nothing_and_doubles_only_what_was_on_the_wire(
    worker,
):
    orders = new_orders(worker, 20)
    names = set(names_of(worker, orders))
    worker.simulator.control(mode="slow", seconds=0.3, path="/mes")
    finish(worker, orders)
    wait_for(
        lambda: worker.simulator.status()["in_flight"] >= 1,
        PATIENCE,
        "one is on the wire",
    )
    worker.kill_worker()
    # The receiver has it, and the database does not know of any answer.
    on_the_wire = {
        request["id"] for request in worker.simulator.requests(path="/mes")
    } & unanswered(worker, "mfg_suite.endpoint_plant_c_mes")
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
    orders = new_orders(stack)
    (name,) = names_of(stack, orders)
    finish(stack, orders)
    # a cron looks at failed messages once a minute: wait for this receiver alone
    wait_for(lambda: arrived(stack, name), PATIENCE, f"{name} arrives")
    wait_for(
        lambda: (
            state_of(stack, orders[0], "mfg_suite.endpoint_plant_c_mes") == "delivered"
        ),
        PATIENCE,
        "the delivery is noted",
    )
    assert len(arrived(stack, name)) == 1
