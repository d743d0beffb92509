"""A process that orders between two companies, ships, and takes it back, again and again.

The other side may be mirrored by our modules, by the public ones, or not at all. Processes
on several databases take turns; commands and answers are JSON lines on the standard streams.
"""

import cProfile
import gc
import json
import pstats
import subprocess
import sys
import time

OWN = ("/mfg_multi_company/", "/mfg_multi_company_trade/")
GROUPS = (
    "purchase.group_purchase_manager",
    "sales_team.group_sale_manager",
    "stock.group_stock_manager",
    "account.group_account_manager",
)


class Orders:
    """Drives one such process.

    :param lab: the laboratory
    :param str database: with ours, with the public modules, or with neither
    :param str mirror: ``ours``, ``oca`` or ``plain``
    :param conf: configuration file; by default one of its own
    """

    def __init__(self, lab, database, mirror, conf=None):
        conf = conf or lab.conf(database)
        self.process = subprocess.Popen(
            [lab.python, __file__, str(conf), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=lab.odoo_environment(conf),
            text=True,
        )
        self._answer()
        self._ask("prepare", mirror=mirror)

    def close(self):
        """End the process; its transaction is rolled back."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def inside(self, lines):
        """One order between the companies, shipped.

        :return: {"order" and "delivery": [queries, seconds of CPU]}
        """
        return self._ask("inside", lines=lines)

    def outside(self, lines, profile=False):
        """One order from and one to somebody outside of the group, received and shipped.

        :param bool profile: also measure the share of CPU time in our own code
        :return: {step: [queries, seconds of CPU]}, with ``share`` in per cent
        """
        return self._ask("outside", lines=lines, profile=profile)

    def _ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        answer = json.loads(self.process.stdout.readline() or '{"error": "ended"}')
        if "error" in answer:
            raise AssertionError(f"orders: {answer['error']}")
        return answer


class Work:
    """The other side of the pipe."""

    def __init__(self, env):
        self.env = env
        self.companies, self.users = {}, {}

    def prepare(self, mirror):
        env = self.env
        groups = [(6, 0, [env.ref(name).id for name in GROUPS])]
        for key in ("buyer", "seller"):
            company = env["res.company"].create(
                {"name": f"Bench {key}", "currency_id": env.ref("base.USD").id}
            )
            env["account.chart.template"].try_loading(
                "generic_coa", company=company, install_demo=False
            )
            self.companies[key] = company
            for role in ("", "_service"):
                self.users[key + role] = env["res.users"].create(
                    {
                        "name": f"Bench {key}{role}",
                        "login": f"bench-{key}{role}",
                        "email": f"{key}{role}@example.com",
                        "company_id": company.id,
                        "company_ids": [(6, 0, company.ids)],
                        "groups_id": groups,
                    }
                )
        env = self.env = env(
            context=dict(
                env.context,
                allowed_company_ids=[c.id for c in self.companies.values()],
            )
        )
        taxes = env["account.tax"].search(
            [("company_id", "in", [c.id for c in self.companies.values()])]
        )
        self.products = env["product.product"].create(
            [
                {
                    "name": f"Bench {number}",
                    "detailed_type": "product",
                    "list_price": 12,
                    "taxes_id": [
                        (6, 0, taxes.filtered(lambda t: t.type_tax_use == "sale").ids)
                    ],
                    "supplier_taxes_id": [
                        (
                            6,
                            0,
                            taxes.filtered(lambda t: t.type_tax_use == "purchase").ids,
                        )
                    ],
                }
                for number in range(60)
            ]
        )
        for company in self.companies.values():
            self.products.with_company(company).write({"standard_price": 10})
            place = (
                env["stock.warehouse"]
                .search([("company_id", "=", company.id)], limit=1)
                .lot_stock_id
            )
            for product in self.products:
                env["stock.quant"]._update_available_quantity(product, place, 1000)
        self.stranger = env["res.partner"].create({"name": "Bench outside"})
        getattr(self, f"_mirror_{mirror}")()
        env.flush_all()
        env.cr.execute("SAVEPOINT prepared")
        return {}

    def _mirror_plain(self):
        """Nothing follows at the other company."""

    def _mirror_ours(self):
        env, buyer, seller = self.env, self.companies["buyer"], self.companies["seller"]
        agreement = env["mfg.ic.agreement"].create(
            {
                "seller_company_id": seller.id,
                "buyer_company_id": buyer.id,
                "date_from": "2020-01-01",
                "receipt_policy": "auto",
            }
        )
        for side in agreement.side_ids:
            side.owner_id = self.users[side.side]
            side.service_user_id = self.users[f"{side.side}_service"]
        agreement._transit(state="approved")
        agreement._follow_dates()
        rule = env["mfg.ic.price.rule"].create(
            {
                "agreement_id": agreement.id,
                "method": "cost_percent",
                "percent": 8,
                "date_from": "2020-01-01",
            }
        )
        rule._transit(state="approved", version=1)

    def _mirror_oca(self):
        for key, company in self.companies.items():
            company.write(
                {
                    "so_from_po": True,
                    "sale_auto_validation": True,
                    "intercompany_sale_user_id": self.users[f"{key}_service"].id,
                    "sync_picking": True,
                    "notify_user_id": self.users[key].id,
                    "warehouse_id": self.env["stock.warehouse"]
                    .search([("company_id", "=", company.id)], limit=1)
                    .id,
                }
            )

    def inside(self, lines):
        order = self._purchase("buyer", self.companies["seller"].partner_id, lines)
        answer = {"order": self._timed(order.button_confirm)}
        sale = self.env["sale.order"].search(
            [("partner_id", "=", self.companies["buyer"].partner_id.id)]
        )
        assert sale.state == "sale" and len(sale.order_line) == lines, sale.state
        delivery = sale.picking_ids.with_env(self._env("seller"))
        delivery.action_assign()
        delivery.move_ids.picked = True
        answer["delivery"] = self._timed(delivery.button_validate)
        assert delivery.state == "done", delivery.state
        received = sum(order.order_line.mapped("qty_received"))
        assert received == lines, received
        self._back()
        return answer

    def outside(self, lines, profile):
        answer = {}
        profiler = cProfile.Profile() if profile else None
        order = self._purchase("buyer", self.stranger, lines)
        answer["purchase"] = self._timed(order.button_confirm, profiler)
        receipt = order.picking_ids
        receipt.move_ids.picked = True
        answer["receipt"] = self._timed(receipt.button_validate, profiler)
        sale = self._env("seller")["sale.order"].create(
            {
                "partner_id": self.stranger.id,
                "order_line": [
                    (0, 0, {"product_id": product.id, "product_uom_qty": 1})
                    for product in self.products[:lines]
                ],
            }
        )
        answer["sale"] = self._timed(sale.action_confirm, profiler)
        delivery = sale.picking_ids
        delivery.move_ids.picked = True
        answer["delivery"] = self._timed(delivery.button_validate, profiler)
        assert (receipt.state, delivery.state) == ("done", "done")
        if profiler:
            answer["share"] = _share(profiler)
        self._back()
        return answer

    def _env(self, who):
        return self.env(
            user=self.users[who].id,
            su=False,
            context={
                "lang": "en_US",
                "allowed_company_ids": self.companies[who].ids,
            },
        )

    def _purchase(self, who, vendor, lines):
        return self._env(who)["purchase.order"].create(
            {
                "partner_id": vendor.id,
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": product.id,
                            "product_qty": 1,
                            "price_unit": 10.8,
                        },
                    )
                    for product in self.products[:lines]
                ],
            }
        )

    def _timed(self, work, profiler=None):
        self.env.flush_all()
        self.env.invalidate_all()
        queries, cpu = self.env.cr.sql_log_count, time.process_time()
        if profiler:
            profiler.enable()
        work()
        self.env.flush_all()
        if profiler:
            profiler.disable()
        return [self.env.cr.sql_log_count - queries, time.process_time() - cpu]

    def _back(self):
        self.env.cr.execute("ROLLBACK TO SAVEPOINT prepared")
        self.env.cr.precommit.clear()
        self.env.clear()
        self.env.invalidate_all(flush=False)
        self.env.registry.clear_cache()
        # A request begins without the leftovers of another one, environments above all,
        # which each new one is compared with.
        gc.collect()


def _share(profiler):
    """Per cent of the time that our functions take, without what they pass on to.

    A call of the same name outside of our code is the rest of the chain of overrides.
    """
    stats = pstats.Stats(profiler)
    own = 0.0
    for (path, _line, name), (_cc, _nc, total, _cum, callers) in stats.stats.items():
        if any(part in path for part in OWN):
            own += total
            continue
        for (caller_path, _l, caller), (_c, _n, _t, cumulative) in callers.items():
            if any(part in caller_path for part in OWN) and caller != name:
                own += cumulative
    return 100 * own / stats.total_tt


def main():
    conf, database = sys.argv[1:]
    import odoo

    odoo.tools.config.parse_config(["-c", conf, "--log-level=error"])
    with odoo.registry(database).cursor() as cr:
        context = {"lang": "en_US", "no_reset_password": True}
        work = Work(odoo.api.Environment(cr, odoo.SUPERUSER_ID, context))
        print("{}", flush=True)
        for line in sys.stdin:
            arguments = json.loads(line)
            try:
                answer = getattr(work, arguments.pop("command"))(**arguments)
            except Exception as error:
                answer = {"error": repr(error)}
            print(json.dumps(answer), flush=True)
        cr.rollback()


if __name__ == "__main__":
    main()
