"""A process that reserves and validates the same big transfer again and again.

It stays alive between its turns, so that processes on several databases take turns of a
second or two: a noisy neighbour then hits all of them. Commands and answers are JSON lines
on its standard streams; :class:`Transfers` drives it.
"""

import gc
import json
import subprocess
import sys
import time


class Transfers:
    """Drives one such process.

    :param lab: the laboratory
    :param str database: a clone of the suite template, with or without the module
    """

    def __init__(self, lab, database):
        conf = lab.conf(database)
        self.process = subprocess.Popen(
            [lab.python, __file__, str(conf), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=lab.odoo_environment(conf),
            text=True,
        )
        self._answer()

    def close(self):
        """End the process; its transaction is rolled back."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def prepare(self, shape, lines, holds):
        """Put lots in stock and take one warming turn.

        :param str shape: ``A``: all of one product; ``B``: each of another product
        :param int lines: how many lots are transferred
        :param int holds: further lots of the same products, each on hold
        """
        self._ask("prepare", shape=shape, lines=lines, holds=holds)
        self.turn()

    def turn(self):
        """Reserve and validate one transfer of the lots, and take it back.

        :return: {"reserve" and "validate": [queries, seconds of CPU]}
        """
        return self._ask("turn")

    def _ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        answer = json.loads(self.process.stdout.readline() or '{"error": "ended"}')
        if "error" in answer:
            raise AssertionError(f"transfers: {answer['error']}")
        return answer


class Work:
    """The other side of the pipe."""

    def __init__(self, env):
        self.env = env
        self.warehouse = env["stock.warehouse"].search(
            [("company_id", "=", env.company.id)], limit=1
        )
        self.products = env["product.product"]
        self.lines = 0
        env.cr.execute("SAVEPOINT nothing")

    def prepare(self, shape, lines, holds):
        self._back_to("nothing")
        env, count = self.env, {"A": 1, "B": lines}[shape]
        self.lines = lines
        category = env["product.category"].create({"name": "Bench"})
        self.products = env["product.product"].create(
            [
                {
                    "name": f"Bench {shape} {number}",
                    "detailed_type": "product",
                    "tracking": "lot",
                    "categ_id": category.id,
                    "standard_price": 3,
                }
                for number in range(count)
            ]
        )
        held = self._stock("H", holds)
        self._stock("L", lines)
        for lot in held:
            env["mfg.quality.hold"].place(lot, "SUSPECT")
        env.flush_all()
        env.cr.execute("ANALYZE stock_quant")
        env.cr.execute("ANALYZE stock_lot")
        env.cr.execute("SAVEPOINT prepared")
        return {}

    def _stock(self, prefix, many):
        """Lots in stock, ten pieces each, by an inventory adjustment."""
        lots = self.env["stock.lot"].create(
            [
                {
                    "name": f"{prefix}{number:05}",
                    "product_id": self.products[number % len(self.products)].id,
                    "company_id": self.env.company.id,
                }
                for number in range(many)
            ]
        )
        counting = self.env["stock.quant"].with_context(inventory_mode=True)
        counting.create(
            [
                {
                    "product_id": lot.product_id.id,
                    "location_id": self.warehouse.lot_stock_id.id,
                    "lot_id": lot.id,
                    "inventory_quantity": 10,
                }
                for lot in lots
            ]
        ).action_apply_inventory()
        return lots

    def turn(self):
        picking = self._transfer()
        answer = {"reserve": self._timed(picking.action_assign)}
        assert len(picking.move_line_ids) == self.lines, len(picking.move_line_ids)
        answer["validate"] = self._timed(picking.button_validate)
        assert picking.state == "done", picking.state
        self._back_to("prepared")
        return answer

    def _transfer(self):
        customers = self.env.ref("stock.stock_location_customers")
        places = {
            "location_id": self.warehouse.lot_stock_id.id,
            "location_dest_id": customers.id,
        }
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.out_type_id.id,
                **places,
                "move_ids": [
                    (
                        0,
                        0,
                        {
                            "name": product.name,
                            "product_id": product.id,
                            "product_uom": product.uom_id.id,
                            "product_uom_qty": 10 * self.lines / len(self.products),
                            **places,
                        },
                    )
                    for product in self.products
                ],
            }
        )
        picking.action_confirm()
        picking.do_unreserve()
        return picking

    def _timed(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        gc.collect()  # or one of two turns pays for what both have left
        queries, cpu = self.env.cr.sql_log_count, time.process_time()
        work()
        self.env.flush_all()
        return [
            self.env.cr.sql_log_count - queries,
            time.process_time() - cpu,
        ]

    def _back_to(self, savepoint):
        self.env.cr.execute(f"ROLLBACK TO SAVEPOINT {savepoint}")
        self.env.cr.precommit.clear()
        self.env.clear()
        self.env.invalidate_all(flush=False)


def main():
    conf, database = sys.argv[1:]
    import odoo

    odoo.tools.config.parse_config(["-c", conf, "--log-level=warn"])
    with odoo.registry(database).cursor() as cr:
        superuser = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        admin = superuser.ref("base.user_admin")
        context = {"lang": "en_US", "allowed_company_ids": admin.company_id.ids}
        work = Work(odoo.api.Environment(cr, admin.id, context))
        print("{}", flush=True)
        for line in sys.stdin:
            arguments = json.loads(line)
            try:
                answer = getattr(work, arguments.pop("command"))(**arguments)
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
        cr.rollback()


if __name__ == "__main__":
    main()
