"""OCA's intercompany modules beside ours: a database with them from the package index."""

import subprocess

MODULES = (
    "account_invoice_inter_company",
    "purchase_sale_inter_company",
    "purchase_sale_stock_inter_company",
)
PATIENCE = 600
UNINSTALL = """
module = env["ir.module.module"].search([("name", "=", "mfg_multi_company")])
module.button_immediate_uninstall()
"""


def without_ours(lab):
    """Name of a database without our intercompany modules."""
    database, _nothing = lab.prepared(
        "without", lambda name: lab.script(name, UNINSTALL)
    )
    return database


def with_theirs(lab):
    """(name, configuration file) of a database with OCA's modules instead of ours."""
    database, folders = lab.prepared("theirs", lambda name: _install(lab, name))
    return database, lab.conf(database, addons_path=folders)


def _install(lab, database):
    """Install OCA's modules into a database; returns where Odoo finds its modules."""
    lab.script(database, UNINSTALL)
    target = lab.folder / "intercompany"
    packages = [f"odoo-addon-{name.replace('_', '-')}==17.0.*" for name in MODULES]
    subprocess.run(
        [lab.python, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        + ["--python", lab.python, "--target", str(target), *packages],
        check=True,
    )
    folders = f"{lab.workspace.odoo.addons_path()},{target / 'odoo' / 'addons'}"
    service = lab.start_odoo(
        "intercompany",
        lab.conf(database, addons_path=folders),
        "-i",
        ",".join(MODULES),
        "--without-demo=all",
        "--stop-after-init",
        "--no-http",
    )
    if service.process.wait(PATIENCE):
        raise AssertionError("\n".join(service.tail()))
    return folders
