"""What leaves no row behind, told by a real server: refused, rolled back, imported."""

import xmlrpc.client

import pytest

from tests.support.audit_site import Refused

KEY = """
import os
user = env["res.users"].search([("login", "=", "clerk")])
key = env["res.users.apikeys"].with_user(user)._generate("rpc", "Plant system")
with open({path!r}, "w", encoding="ascii") as file:
    file.write(key)
env.cr.commit()
"""
READERS = """
env["mfg.audit.rule"].create(
    {"model_id": env["ir.model"]._get_id("res.country"), "log_reads": True}
)
env.cr.commit()
"""
IMPORTED = 500


def observed(site, operation):
    """(model's table, details, login, origin, credential) of what was observed."""
    return site.query(
        """
        SELECT e.tbl, e.new, u.login, t.origin, t.context ->> 'credential', t.context
          FROM mfg_audit.event e
          JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
     LEFT JOIN res_users u ON u.id = t.login_uid
         WHERE e.op = %s AND e.id > %s
      ORDER BY e.id
        """,
        [operation, site.seen],
    )


def test_at_21_api_key_and_what_was_refused(site, tmp_path):
    file = tmp_path / "api.key"
    assert site.lab.script(site.database, KEY.format(path=str(file))) == []
    key = file.read_text(encoding="ascii")
    site.seen = site.last()
    site.start_server(max_cron_threads=0)

    site.call_rpc("clerk", key, "res.bank", "write", [site.bank], {"city": "key"})
    with pytest.raises(xmlrpc.client.Fault, match="not allowed"):
        site.call_rpc("clerk", key, "ir.config_parameter", "search", [])

    used = observed(site, "A")
    assert {each[::2][:2] for each in used} == {("res_users", "clerk")}
    assert {each[1]["key"] for each in used} == {key[:8]}, "never the whole key"
    assert site.events()[-1] == ({"city": "key"}, "rpc", "clerk", True)
    ((table, told, login, origin, credential, _context),) = observed(site, "N")
    assert (table, login, origin) == ("ir_config_parameter", "clerk", "rpc")
    assert credential == f"key:{key[:8]}"
    assert told["method"] == "search"

    screen = site.log_in()
    with pytest.raises(Refused, match="AccessError"):
        screen("ir.config_parameter", "search", [])
    assert [(each[2], each[3]) for each in observed(site, "N")] == [
        ("clerk", "rpc"),
        ("clerk", "ui"),
    ]
    assert site.run("seal")[0] == 0
    assert site.run("verify")[0] == 0


def test_at_21_read_in_a_request_that_is_rolled_back(site):
    assert site.lab.script(site.database, READERS) == []
    site.seen = site.last()
    site.start_server(max_cron_threads=0)
    screen = site.log_in()
    with pytest.raises(Refused):
        # exported, then refused for a field that is not there
        screen("res.country", "export_data", [1, 2, 3], ["name", "no_such_field"])
    ((table, told, login, *_more),) = observed(site, "X")
    assert (table, told["records"], login) == ("res_country", "3", "clerk")

    screen("res.country", "search_read", [["id", "<", 3]], ["name"])
    assert [each[0] for each in observed(site, "R")] == ["res_country"]


def test_at_11_import_is_one_request_with_its_file(site):
    site.start_server(max_cron_threads=0)
    screen = site.log_in()
    options = {"quoting": '"', "separator": ",", "has_headers": True}

    def load(name, rows):
        wizard = screen(
            "base_import.import",
            "create",
            {
                "res_model": "res.bank",
                "file_name": name,
                "file_type": "text/csv",
            },
        )
        # what the upload of the screen does
        site.query(
            "UPDATE base_import_import SET file = convert_to(%s, 'UTF8') WHERE id = %s",
            ["\n".join(["name,active", *rows]), wizard],
        )
        columns = ["name", "active"]
        arguments = ([wizard], columns, columns, options)
        return wizard, screen("base_import.import", "execute_import", *arguments)

    good = [f"Bank {number},True" for number in range(IMPORTED)]
    wizard, answer = load("banks.csv", good)
    assert not answer["messages"]
    assert site.query(
        """
        SELECT COUNT(*), COUNT(DISTINCT t.request), MIN(t.origin), MIN(t.context ->> 'file')
          FROM mfg_audit.event e
          JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
         WHERE e.id > %s AND e.tbl = 'res_bank' AND e.op = 'I'
        """,
        [site.seen],
    ) == [(IMPORTED, 1, "import", "banks.csv")]

    before = site.query(
        "SELECT COUNT(*) FROM mfg_audit.event WHERE tbl = 'res_bank' AND op = 'I'"
    )
    _wizard, answer = load("bad.csv", [*good[:-3], "A,maybe", "B,perhaps", "C,so so"])
    assert answer["messages"]
    assert before == site.query(
        "SELECT COUNT(*) FROM mfg_audit.event WHERE tbl = 'res_bank' AND op = 'I'"
    )
    ((table, told, login, *_more),) = observed(site, "M")
    assert (table, told["file"], login) == ("res_bank", "bad.csv", "clerk")
    assert told["rows"] == "499, 500, 501"


def test_at_11_file_name_is_that_of_the_own_wizard(site):
    site.start_server(max_cron_threads=0)
    columns, options = ["name"], {"quoting": '"', "separator": ",", "has_headers": True}

    def load(user, wizard):
        user(
            "base_import.import", "execute_import", [wizard], columns, columns, options
        )
        return site.query(
            "SELECT t.context ->> 'file', t.origin FROM mfg_audit.event e JOIN mfg_audit.tx t"
            " ON t.cluster = e.cluster AND t.xid = e.xid"
            " WHERE e.tbl = 'res_bank' AND e.op = 'I' ORDER BY e.id DESC LIMIT 1"
        )[0]

    owner, other = site.log_in(), site.log_in("admin")
    wizard = owner(
        "base_import.import",
        "create",
        {"res_model": "res.bank", "file_name": "own.csv", "file_type": "text/csv"},
    )
    site.query(
        "UPDATE base_import_import SET file = convert_to('name\nA bank', 'UTF8') WHERE id = %s",
        [wizard],
    )
    assert load(owner, wizard) == ("own.csv", "import")
    assert load(other, wizard) == (None, "import")
    other("res.bank", "load", ["name"], [["By hand"]])
    assert site.query(
        "SELECT context ->> 'file', origin FROM mfg_audit.tx ORDER BY ts DESC LIMIT 1"
    ) == [(None, "import")]
