"""OCA's auditlog beside us: a scratch database with it from the package index, full mode."""

import subprocess

from tests.support.emitter import Emitter

PACKAGE = "odoo-addon-auditlog==17.0.*"
PATIENCE = 300

_RULES = """
models = {models!r}
rules = env["auditlog.rule"].create([
    {{
        "name": name,
        "model_id": env["ir.model"]._get_id(name),
        "log_read": False,
        "log_create": True,
        "log_write": True,
        "log_unlink": True,
        "log_type": "full",
    }}
    for name in models
    if name in env
])
rules.subscribe()
result = len(rules)
"""


def open_peer(lab, database, models):
    """Install it into a database and log the models.

    :param str database: without our audit trail
    :param models: technical names
    :return: an :class:`Emitter` whose registry logs
    """
    target = lab.folder / "auditlog"
    subprocess.run(
        [lab.python, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        + ["--python", lab.python, "--target", str(target), PACKAGE],
        check=True,
    )
    ours = lab.workspace.odoo.addons_path()
    conf = lab.conf(database, addons_path=f"{ours},{target / 'odoo' / 'addons'}")
    install = lab.start_odoo(
        "auditlog", conf, "-i", "auditlog", "--stop-after-init", "--no-http"
    )
    if install.process.wait(PATIENCE):
        raise AssertionError("\n".join(install.tail()))
    peer = Emitter(lab, database, conf)
    peer.run(_RULES.format(models=list(models)))
    return peer
