"""Orders and deliveries between two companies, beside the public modules."""

import subprocess
from contextlib import closing
from statistics import median

from multi_orders import Orders

PACKAGES = [
    f"odoo-addon-{name}==17.0.*"
    for name in (
        "account_invoice_inter_company",
        "purchase_sale_inter_company",
        "purchase_sale_stock_inter_company",
    )
]
PATIENCE = 600
# Odoo then starts without ours. Columns stay, unused; rules would ask for fields.
TAKE_OUT = """
    UPDATE ir_module_module SET state = 'uninstalled'
     WHERE name IN ('mfg_multi_company', 'mfg_multi_company_trade');
    UPDATE ir_rule SET active = FALSE
     WHERE id IN (SELECT res_id FROM ir_model_data WHERE model = 'ir.rule'
                     AND module IN ('mfg_multi_company', 'mfg_multi_company_trade'))
"""
LINES = 50
STEPS = ("purchase", "receipt", "sale", "delivery")


def measure(quick, lab):
    """Turns of ours, the public modules and plain Odoo, interleaved.

    :return: {"figures", "ratios"}: seconds of CPU of ours, medians; queries that documents
        outside of the group need more than plain, the worst step; per cent of their time
        in our code; ours divided by theirs, medians
    """
    turns = 2 if quick else 7
    plain = lab.database("plain")
    with closing(lab.connect(plain)) as connection, connection.cursor() as cursor:
        cursor.execute(TAKE_OUT)
    public, conf = _public(lab)
    peers = {}
    try:
        peers["ours"] = Orders(lab, lab.database("ours"), "ours")
        peers["oca"] = Orders(lab, public, "oca", conf)
        peers["plain"] = Orders(lab, plain, "plain")
        for name in ("ours", "oca"):
            peers[name].inside(LINES)  # warms the caches
        rows = {"ours": [], "oca": []}
        for _turn in range(turns):
            for name, found in rows.items():
                found.append(peers[name].inside(LINES))
        for name in ("ours", "plain"):
            peers[name].outside(LINES)
        mine, theirs = peers["ours"].outside(LINES), peers["plain"].outside(LINES)
        share = median(
            peers["ours"].outside(LINES, profile=True)["share"] for _ in range(turns)
        )
    finally:
        for peer in peers.values():
            peer.close()
    cpu = {
        (name, step): median(row[step][1] for row in found)
        for name, found in rows.items()
        for step in ("order", "delivery")
    }
    figures = {
        "po_so_cpu_s": cpu["ours", "order"],
        "delivery_cpu_s": cpu["ours", "delivery"],
        "plain_extra_sql": max(mine[step][0] - theirs[step][0] for step in STEPS),
        "override_cpu_pct": share,
    }
    ratios = {
        "po_so_vs_oca": cpu["ours", "order"] / cpu["oca", "order"],
        "delivery_vs_oca": cpu["ours", "delivery"] / cpu["oca", "delivery"],
    }
    return {"figures": figures, "ratios": ratios}


def _public(lab):
    """(database, configuration) with the public modules instead of ours."""
    target = lab.folder / "intercompany"
    subprocess.run(
        [lab.python, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        + ["--python", lab.python, "--target", str(target), *PACKAGES],
        check=True,
    )
    database = lab.database("public")
    with closing(lab.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(TAKE_OUT)
    ours = lab.workspace.odoo.addons_path()
    conf = lab.conf(database, addons_path=f"{ours},{target / 'odoo' / 'addons'}")
    install = lab.start_odoo(
        "intercompany",
        conf,
        "-i",
        "purchase_sale_stock_inter_company",
        "--stop-after-init",
        "--no-http",
    )
    if install.process.wait(PATIENCE):
        raise AssertionError("\n".join(install.tail()))
    return database, conf
