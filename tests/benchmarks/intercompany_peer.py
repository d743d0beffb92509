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


def take_out(lab, database):
    """Uninstall our intercompany modules from a database."""
    lab.script(database, UNINSTALL)


def install(lab, database):
    """Install OCA's modules into a database, instead of ours.

    :return: the configuration file to start Odoo with
    """
    take_out(lab, database)
    target = lab.folder / "intercompany"
    packages = [f"odoo-addon-{name.replace('_', '-')}==17.0.*" for name in MODULES]
    subprocess.run(
        [lab.python, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        + ["--python", lab.python, "--target", str(target), *packages],
        check=True,
    )
    ours = lab.workspace.odoo.addons_path()
    conf = lab.conf(database, addons_path=f"{ours},{target / 'odoo' / 'addons'}")
    service = lab.start_odoo(
        "intercompany",
        conf,
        "-i",
        ",".join(MODULES),
        "--without-demo=all",
        "--stop-after-init",
        "--no-http",
    )
    if service.process.wait(PATIENCE):
        raise AssertionError("\n".join(service.tail()))
    return conf
