"""EN-08: each module goes alone into a plain Odoo 17 database, and out again."""

from launcher import modules

from .traces import added, traces

UNINSTALL = """
own = env["ir.module.module"].search([("name", "in", %r), ("state", "=", "installed")])
own.button_immediate_uninstall()
env.cr.commit()
"""


def installed(workspace, database, names):
    """Which of the modules are installed."""
    rows = workspace.databases.query(
        "SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY(%s)",
        [list(names)],
        database=database,
    )
    return {name for (name,) in rows}


def test_en_08_alone_in_and_out(workspace, database, module, demo):
    own = set(modules.ours(workspace.checkout.addons))
    _core, below = modules.dependencies(module, workspace.checkout.addons)
    before = traces(workspace.databases, database)

    complaints = workspace.install(database, [module], demo=demo)
    assert not complaints, "installing:\n" + "\n".join(complaints)
    assert {module, *below} <= installed(workspace, database, own)
    if demo and modules.ours(workspace.checkout.addons)[module].get("demo"):
        # Its demo group is business data: finished orders and posted moves, which Odoo
        # never takes back. Out again it goes in the case without demo data.
        return

    complaints = workspace.script(database, UNINSTALL % sorted(own))
    assert not complaints, "uninstalling:\n" + "\n".join(complaints)
    assert installed(workspace, database, own) == set()

    left = added(before, traces(workspace.databases, database))
    assert not left, "left behind:\n" + "\n".join(left)
