"""Documents between companies: what the other side costs, OCA's modules beside it."""

import importlib

# One module for each kind of document; each has measure(quick, lab).
MEASURES = ("multi_invoices", "multi_trade")


def run(quick, lab):
    """Invoices of 50 lines that become posted bills, here and with OCA's modules, in turns, by
    CPU of Odoo; the balance of all pairs on 300,000 journal items.

    Figures: ``inv_bill_cpu_s`` median of posting with the bill; ``cockpit_300k_s`` reading
    the balances, wall clock, the items of an hour of inserts in between. Ratios:
    ``inv_bill_vs_oca`` ours divided by theirs, medians over turns.

    Purchase orders of 50 lines that become confirmed sales orders and their deliveries that
    become receipts: ``po_so_cpu_s``, ``delivery_cpu_s``, ``po_so_vs_oca``,
    ``delivery_vs_oca``. Documents outside of the group: ``plain_extra_sql`` queries more
    than without our modules, the worst step; ``override_cpu_pct`` of their time in our code.
    """
    measured = {"figures": {}, "ratios": {}}
    for name in MEASURES:
        for part, values in importlib.import_module(name).measure(quick, lab).items():
            measured[part].update(values)
    return measured
