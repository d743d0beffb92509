"""EN-02: ordinary user, folder with spaces, ports taken, another PostgreSQL, two checkouts."""

import io
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest
from launcher import network, postgres
from launcher.checkout import Checkout
from launcher.progress import Progress

from .fresh import PATIENCE, READY


@pytest.fixture
def other_postgresql():
    """A PostgreSQL server that is not ours, on a state folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="mfg-other-", dir="/var/tmp"))
    folder.chmod(0o755)
    cluster = postgres.Cluster(Checkout(folder, folder / "state"))
    cluster.checkout.prepare()

    yield cluster.ensure(Progress(io.StringIO()))
    cluster.stop()
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def content_of(server):
    """Process, databases and roles of a server."""
    connection = psycopg2.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname="postgres",
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_postmaster_start_time()::text UNION ALL"
            " SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles"
        )
        rows = sorted(cursor.fetchall())
    connection.close()
    return rows


def test_en_02_ordinary_user_spaces_and_taken_ports(
    fresh, ordinary_user, readable_source, taken_ports, other_postgresql
):
    before = content_of(other_postgresql)
    clone = fresh(source=readable_source, user=ordinary_user, name="plant group (copy)")

    launched = clone.start("run")
    launched.wait_for(READY, PATIENCE)

    assert not launched.url().endswith(":8069")
    assert not network.is_free(int(launched.url().rsplit(":", 1)[1]))
    launched.interrupt()
    assert clone.complaints() == []
    assert clone.processes() == []
    assert content_of(other_postgresql) == before


def test_en_02_two_checkouts_side_by_side(fresh, source):
    clones = [fresh(source=source, name="one"), fresh(source=source, name="two")]

    launched = [clone.start("run") for clone in clones]
    for each in launched:
        each.wait_for(READY, PATIENCE)

    assert launched[0].url() != launched[1].url()
    assert clones[0].state != clones[1].state
    launched[0].interrupt()
    assert clones[0].processes() == []
    assert clones[1].processes(), "stopping one checkout must not stop the other"
    launched[1].interrupt()


def test_en_02_second_run_of_one_checkout_is_refused(fresh, source):
    clone = fresh(source=source)
    first = clone.start("run")
    first.wait_for(READY, PATIENCE)

    second = clone.call("run", timeout=10)

    assert second.code != 0
    assert first.url() in second.output
    assert clone.call("stop", timeout=30).code == 0
    first.wait(30)
    assert clone.processes() == []
