"""Two companies that deal with each other, as Python code for Odoo."""

#: companies PLA (buyer) and PLB (seller), people with rights in one of them, 60 items
SCENE = """
from odoo import Command

env = env(context={"tracking_disable": True, "no_reset_password": True})
ADMIN = env.ref("base.user_admin").with_context(tracking_disable=True)


def company(name):
    found = env["res.company"].create({"name": name, "currency_id": env.ref("base.USD").id})
    env["account.chart.template"].try_loading("generic_coa", company=found, install_demo=False)
    return found


PLA, PLB = company("PLA"), company("PLB")
GROUPS = ["account.group_account_manager", "base.group_partner_manager"]
for xmlid in (
    "sales_team.group_sale_manager",
    "purchase.group_purchase_manager",
    "stock.group_stock_manager",
    "mfg_multi_company.group_configure",
):
    if env.ref(xmlid, raise_if_not_found=False):
        GROUPS.append(xmlid)


def user(login, company):
    return env["res.users"].create(
        {
            "name": login,
            "login": login,
            "email": f"{login}@example.com",
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "groups_id": [Command.set([env.ref(xmlid).id for xmlid in GROUPS])],
        }
    )


BUYER, SELLER = user("buyer", PLA), user("seller", PLB)
SERVICE_A, SERVICE_B = user("service-a", PLA), user("service-b", PLB)
env["product.product"].create(
    [
        {
            "name": f"Item {number}",
            "default_code": f"BENCH-{number}",
            "detailed_type": "product",
            "list_price": 10 + number,
            "taxes_id": [Command.set((PLA | PLB).account_sale_tax_id.ids)],
            "supplier_taxes_id": [Command.set((PLA | PLB).account_purchase_tax_id.ids)],
        }
        for number in range(60)
    ]
)
"""
#: an agreement in force, with everything that is carried over switched on
AGREEMENT = """
agreement = env["mfg.ic.agreement"].create(
    {"seller_company_id": PLB.id, "buyer_company_id": PLA.id, "date_from": "2020-01-01"}
)
for row in agreement.side_ids:
    row.owner_id = BUYER if row.side == "buyer" else SELLER
    row.service_user_id = SERVICE_A if row.side == "buyer" else SERVICE_B
assert not agreement.missing, agreement.missing
agreement._transit(state="active")
"""
#: what OCA's modules ask for
OCA_SETTINGS = """
for place, service in ((PLA, SERVICE_A), (PLB, SERVICE_B)):
    place.write(
        {
            "intercompany_invoicing": True,
            "invoice_auto_validation": True,
            "intercompany_invoice_user_id": service.id,
        }
    )
"""
#: defines cost(make, act): CPU seconds and SQL statements of act, which is taken back
TURN = """
import gc
import time

from odoo.tools import config

# Reports are rendered as HTML: what a document costs does not depend on wkhtmltopdf.
config["test_enable"] = True

PLA, PLB = (env["res.company"].search([("name", "=", name)]) for name in ("PLA", "PLB"))


def env_of(login):
    user = env["res.users"].search([("login", "=", login)])
    return env(user=user.id, su=False, context={"allowed_company_ids": user.company_ids.ids})


def cost(make, act):
    point = env.cr.savepoint()
    document = make()
    env.flush_all()
    env.invalidate_all()
    # No turn pays for the environments that those before it have left.
    gc.collect()
    statements, begun = env.cr.sql_log_count, time.process_time()
    act(document)
    env.flush_all()
    spent = time.process_time() - begun, env.cr.sql_log_count - statements
    point.rollback()
    point.close(rollback=True)
    env.invalidate_all()
    return spent
"""
