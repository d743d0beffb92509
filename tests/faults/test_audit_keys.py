"""Keys of the audit trail that follow each other, with real processes and commits."""

import hashlib
import hmac
import json
import os
import subprocess
import sys

import psycopg2

from tests.support.audit_site import PATIENCE, RECEIPT_KEY


def change(site, city):
    """A bank moves, through an Odoo that vouches for it with the key of now."""
    server = site.start_server(max_cron_threads=0)
    site.call_rpc("clerk", "clerk", "res.bank", "write", [site.bank], {"city": city})
    server.process.terminate()
    server.process.wait(PATIENCE)


def prepare(site, folder, number):
    """Put a new key of each kind above those that are in use; return the public one."""
    fresh = folder / f"fresh-{number}.key"
    code, text = site.run(
        "keygen", "--file", str(fresh), "--name", f"key-{number}", key=False
    )
    assert code == 0, text
    former, site.key = site.key, folder / f"signing-{number}.key"
    site.key.touch(0o600)
    site.key.write_text(fresh.read_text() + former.read_text())
    receipts = folder / f"receipts-{number}.key"
    known = site.options.get("mfg_audit_key_file")
    receipts.write_text(f"secret {number}\n" + (known.read_text() if known else ""))
    site.options["mfg_audit_key_file"] = receipts
    return folder / f"fresh-{number}.key.pub"


def destroy_former(site, publics):
    """Leave nothing of the former private keys; the public ones stay below the first line."""
    first = site.key.read_text().splitlines()[0]
    former = [path.read_text().strip() for path in reversed(publics[:-1])]
    site.key.write_text("\n".join([first, *former]) + "\n")


def verify(site):
    """(exit code, the lines about findings)."""
    code, text = site.run("verify")
    return code, [line for line in text.splitlines() if line.startswith(site.database)]


def offline(site, file, public):
    done = subprocess.run(
        [sys.executable, "-IS"]
        + [site.lab.root / "addons/mfg_audit_trail/offline/mfg_audit_verify.py", file]
        + ["--public-key", public, "--witness", site.witness],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def vouched(site, key, city):
    """An open connection on which a bank has moved as in a process that has a key."""
    key = key.encode()
    request = os.urandom(8).hex()
    name = hmac.new(key, b"name:key", hashlib.sha256).hexdigest()[:8]
    entry = hmac.new(key, f"entry:{request}".encode(), hashlib.sha256).digest()
    pads = [
        bytes(byte ^ pad for byte in entry.ljust(64, b"\0")).hex()
        for pad in (0x36, 0x5C)
    ]
    context = {"key": name, "origin": "ui", "request": request}
    connection = psycopg2.connect(**site.lab.dsn(site.database))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('mfg_audit.context', %s, true),"
            "       set_config('mfg_audit.key', %s, true)",
            [json.dumps(context), ":".join(pads)],
        )
        cursor.execute(
            "UPDATE res_bank SET city = %s WHERE id = %s RETURNING pg_current_xact_id()",
            [city, site.bank],
        )
        (xid,) = cursor.fetchone()
    return connection, xid


def test_events_before_between_and_after_two_rotations(site, tmp_path):
    publics = [tmp_path / "audit.key.pub"]
    change(site, "York")
    assert site.run("seal")[0] == 0
    for number, city in ((2, "Hull"), (3, "Leeds")):
        publics.append(prepare(site, tmp_path, number))
        code, text = site.run("rotate-key")
        assert code == 0, text
        assert f"key-{number}+" in text and "vouches after" in text
        destroy_former(site, publics)
        change(site, city)
        assert site.run("seal")[0] == 0

    assert verify(site) == (0, [f"{site.database}: no findings"])
    vouchers = site.query(
        "SELECT DISTINCT context->>'key' FROM mfg_audit.tx WHERE origin = 'rpc'"
    )
    assert len(vouchers) == 3
    everything = tmp_path / "everything"
    everything.write_text("".join(path.read_text() for path in reversed(publics)))
    file = tmp_path / "log.jsonl.gz"
    assert site.run("export", "--file", str(file))[0] == 0
    for public in [*publics, everything]:
        assert offline(site, file, public)[0] == 0, public
        code, text = site.run("verify", "--public-key", str(public))
        assert code == 0, text

    # a host where somebody put the first key back
    site.key = tmp_path / "audit.key"
    site.query("UPDATE res_bank SET city = 'Bath' WHERE id = %s", [site.bank])
    code, text = site.run("seal")
    assert code == 1
    assert "This log is signed with key-3+" in text


def test_work_under_way_and_work_with_a_retired_key(site, tmp_path):
    change(site, "York")
    assert site.run("seal")[0] == 0
    publics = [tmp_path / "audit.key.pub", prepare(site, tmp_path, 2)]
    under_way, _xid = vouched(site, RECEIPT_KEY, "Hull")

    assert site.run("rotate-key")[0] == 0
    destroy_former(site, publics)
    under_way.commit()
    under_way.close()
    assert site.run("seal")[0] == 0
    assert verify(site) == (0, [f"{site.database}: no findings"])

    late, xid = vouched(site, RECEIPT_KEY, "Bath")
    late.commit()
    late.close()
    assert site.run("seal")[0] == 0
    code, (finding, _count) = verify(site)
    assert code == 1
    assert f"/{xid})" in finding and "was retired after" in finding

    site.options["mfg_audit_key_file"].write_text("secret 2\n")
    site.options["mfg_audit_key"] = ""
    code, (finding, _count) = verify(site)
    assert code == 1
    assert "which is not here" in finding and "mfg_audit_key_file" in finding
