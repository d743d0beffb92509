#: kinds of records that come with the module itself, beside Odoo's own (``ir.*``)
SHIPPED = (
    "mfg.integration.facility.template",
    "mfg.integration.interface",
    "mfg.integration.interface.version",
    "mfg.integration.trigger",
)


def uninstall_hook(env):
    """Leave the demo group where it is.

    It is business by now: Odoo would delete of it what nothing refers to, such as people,
    plants, endpoints and open orders, past every guard against deletion. Installed again,
    the module finds its companies there, and Odoo leaves the demo data out.
    """
    env["ir.model.data"].search(
        [
            ("module", "=", "mfg_suite"),
            "!",
            ("model", "=like", "ir.%"),
            ("model", "not in", SHIPPED),
        ]
    ).unlink()
