"""A plant that was offline and says everything at once; a warehouse that never rests."""

import threading
import time
from statistics import quantiles

import pytest

from tests.support.figures import MEGABYTE, assert_within, memory
from tests.support.inbound_site import PATIENCE
from tests.support.plant_site import PARTS, PlantSite, transfer
from tests.support.waiting import wait_for

#: edge gateways that send what they have buffered at the same time
GATEWAYS = 4
#: messages of a backlog that may pass while one of another plant waits: a turn of each
#: thread, and what is at hand
PASSED = 25
#: what a worker may grow by once it has read all the code it needs
GROWTH = 64 * MEGABYTE
#: seconds that the slowest machine takes for one message
EACH = 5


@pytest.fixture
def plants(lab):
    sites = []

    def open_site(**orders):
        sites.append(PlantSite(lab, orders))
        return sites[-1]

    yield open_site
    for each in sites:
        each.close()


def p95(values):
    return quantiles(values, n=20)[-1]


def confirmation(order):
    return {"order": order, "quantity": {"value": 1, "unit": "Units"}}


class Gateway(threading.Thread):
    """An edge gateway that sends what it has buffered, in order."""

    def __init__(self, site, plant, orders, each):
        super().__init__()
        self._site, self._plant = site, plant
        self._orders, self._each = orders, each
        self.error = None

    def run(self):
        try:
            for number in range(1, self._each + 1):
                for order in self._orders:
                    self._site.report(
                        self._plant,
                        "production.confirmation",
                        confirmation(order),
                        f"{order}:{number}",
                    )
        except Exception as error:
            self.error = error


def waiting(site, plant):
    """How many messages of a plant are not applied yet."""
    return site.query(
        "SELECT count(*) FROM mfg_integration_inbox_todo WHERE split_part(lane, ':', 1) = %s",
        str(plant.system),
    )[0][0]


def applied(site, uuid):
    """Return (seconds from its arrival, messages of others that passed meanwhile) of a
    message, or None as long as it is not applied."""
    rows = site.query(
        """
        SELECT EXTRACT(epoch FROM a.finished_at - a.created_at)::float8,
               (SELECT count(*) FROM mfg_integration_inbox c
                 WHERE c.system_id <> a.system_id
                   AND c.finished_at BETWEEN a.created_at AND a.finished_at)
          FROM mfg_integration_inbox a
         WHERE a.uuid = %s AND a.state = 'processed'
        """,
        uuid,
    )
    return rows and rows[0]


def states(site, plant):
    """Return state → messages of a plant."""
    return dict(
        site.query(
            "SELECT state, count(*) FROM mfg_integration_inbox WHERE system_id = %s "
            "GROUP BY state",
            plant.system,
        )
    )


@pytest.mark.parametrize(
    ("orders", "each"),
    [
        pytest.param(10, 10, id="100"),
        pytest.param(100, 200, id="20000", marks=pytest.mark.long),
    ],
)
def test_pi_05_backlog_of_a_plant_is_applied_in_order_beside_real_time(
    quiet, plants, orders, each
):
    site = plants(c=[each] * orders, a=[])
    c, a = site.plants["c"], site.plants["a"]
    site.start_server(dbfilter="", limit_time_real=36000)
    site.start_worker()
    site.report(a, "stock.transfer", transfer(), "warm")
    wait_for(lambda: not site.unfinished(), PATIENCE, "the worker has read its code")

    gateways = [
        Gateway(site, c, c.orders[number::GATEWAYS], each) for number in range(GATEWAYS)
    ]
    for gateway in gateways:
        gateway.start()
    wait_for(lambda: waiting(site, c) > orders, PATIENCE, "the backlog comes in")
    seconds, passed = [], []
    while waiting(site, c) > orders or any(each.is_alive() for each in gateways):
        uuid = site.report(a, "stock.transfer", transfer(), f"a-{len(seconds)}")
        taken, others = wait_for(
            lambda uuid=uuid: applied(site, uuid), PATIENCE, "plant A's is applied"
        )
        seconds.append(taken)
        passed.append(others)
    for gateway in gateways:
        gateway.join()
        assert gateway.error is None, gateway.error
    wait_for(
        lambda: not site.unfinished(), EACH * orders * each, "everything is applied"
    )

    assert len(seconds) > 5, "the backlog was gone before plant A was heard"
    print(f"plant A: {len(seconds)} messages, {max(passed)} of plant C passed at most")
    assert p95(passed) <= PASSED, passed
    assert_within(p95(seconds), 1, quiet, "p95 of plant A's messages")
    assert states(site, c) == {"processed": orders * each}
    assert states(site, a) == {"processed": len(seconds) + 1}
    assert not site.query(
        """
        SELECT key FROM (
            SELECT key, finished_at < lag(finished_at) OVER (
                       PARTITION BY split_part(key, ':', 1)
                           ORDER BY split_part(key, ':', 2)::integer) AS overtook
              FROM mfg_integration_inbox WHERE system_id = %s) told
         WHERE overtook
        """,
        c.system,
    )
    assert site.query(
        "SELECT sum(quantity) FROM stock_quant q JOIN stock_location l "
        "ON l.id = q.location_id AND l.usage = 'internal' WHERE product_id = %s",
        c.gear,
    ) == [(orders * each,)]


@pytest.mark.parametrize(
    ("messages", "lines"),
    [
        pytest.param(200, 1, id="200"),
        pytest.param(5_000, len(PARTS), id="100000", marks=pytest.mark.long),
    ],
)
def test_pi_10_movements_through_two_workers_are_applied_once_in_flat_memory(
    plants, messages, lines
):
    site = plants(a=[], b=[])
    site.start_server(dbfilter="", limit_time_real=36000)
    workers = [site.start_worker(f"worker-{number}") for number in range(2)]
    sent = dict.fromkeys(site.plants, 0)

    def send(share):
        for code, plant in site.plants.items():
            for _each in range(share):
                sent[code] += 1
                key = f"move-{sent[code]}"
                site.report(plant, "stock.transfer", transfer(lines), key)
                if sent[code] % 10 == 0:  # an answer that got lost
                    site.report(plant, "stock.transfer", transfer(lines), key)
        wait_for(
            lambda: not site.unfinished(), EACH * messages, "everything is applied"
        )

    begun = time.monotonic()
    send(messages // 8)  # a quarter of all
    before = [memory(worker.process) for worker in workers]
    for _turn in range(3):
        send(messages // 8)
    seconds = time.monotonic() - begun
    grown = [
        memory(worker.process) - size
        for worker, size in zip(workers, before, strict=True)
    ]
    print(
        f"{messages * lines} movements in {seconds:.0f} s,"
        f" workers grew by {[round(each / MEGABYTE, 1) for each in grown]} MB"
    )
    assert max(grown) < GROWTH
    for code, plant in site.plants.items():
        assert states(site, plant) == {"processed": sent[code]}
        assert (
            site.query(
                "SELECT quantity FROM stock_quant WHERE location_id = %s", plant.shelf
            )
            == [(sent[code],)] * lines
        )
    assert sum(sent.values()) == messages
