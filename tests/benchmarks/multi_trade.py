"""Orders and deliveries between two companies, beside the public modules."""

from statistics import median

from intercompany_peer import with_theirs, without_ours
from multi_orders import Orders

LINES = 50
STEPS = ("purchase", "receipt", "sale", "delivery")


def measure(quick, lab):
    """Turns of ours, the public modules and plain Odoo, interleaved.

    :return: {"figures", "ratios"}: seconds of CPU of ours, medians; queries that documents
        outside of the group need more than plain, the worst step; per cent of their time
        in our code; ours divided by theirs of the same turn, medians
    """
    # A turn is 10 % off easily, by whatever else the processor has to do.
    turns = 2 if quick else 15
    plain, (public, conf) = without_ours(lab), with_theirs(lab)
    peers = {}
    try:
        peers["ours"] = Orders(lab, lab.database("ours"), "ours")
        peers["oca"] = Orders(lab, public, "oca", conf)
        peers["plain"] = Orders(lab, plain, "plain")
        for name in ("ours", "oca"):
            peers[name].inside(LINES)  # warms the caches
        rows = {"ours": [], "oca": []}
        for turn in range(turns):
            # each goes first as often as second
            for name in sorted(rows, reverse=turn % 2):
                rows[name].append(peers[name].inside(LINES))
        for name in ("ours", "plain"):
            peers[name].outside(LINES)
        mine, theirs = peers["ours"].outside(LINES), peers["plain"].outside(LINES)
        share = median(
            peers["ours"].outside(LINES, profile=True)["share"]
            for _ in range(min(turns, 7))
        )
    finally:
        for peer in peers.values():
            peer.close()

    def cpu(name, step):
        return [row[step][1] for row in rows[name]]

    def ratio(step):
        pairs = zip(cpu("ours", step), cpu("oca", step), strict=True)
        return median(ours / theirs for ours, theirs in pairs)

    figures = {
        "po_so_cpu_s": median(cpu("ours", "order")),
        "delivery_cpu_s": median(cpu("ours", "delivery")),
        "plain_extra_sql": max(mine[step][0] - theirs[step][0] for step in STEPS),
        "override_cpu_pct": share,
    }
    ratios = {"po_so_vs_oca": ratio("order"), "delivery_vs_oca": ratio("delivery")}
    return {"figures": figures, "ratios": ratios}
