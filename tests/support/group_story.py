"""Plants A and B of the demo group, about to make a motor that nobody has made before."""

import json

from .screen import Person
from .simulator import Simulator
from .stack import Stack

SECRET = "whsec_ZmxvciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="
#: systems of plant A, by the template that connects them
SYSTEMS = {"mes": "floor.py", "qms": "qms.py", "3pl": "logistics.py"}

# A new motor of plant A with a housing of plant B: nothing else of the demo group moves
# these goods, and their stock is valued with every move.
_PREPARE = """
import json
from odoo import Command, fields

env = env(context={"no_reset_password": True, "tracking_disable": True})
ref = lambda name: env.ref("mfg_suite." + name)
A, B = ref("company_plant_a"), ref("company_plant_b")
in_a = env(context=dict(env.context, allowed_company_ids=A.ids))
in_b = env(context=dict(env.context, allowed_company_ids=B.ids))
steward = ref("user_steward")
in_group = env(context=dict(env.context, allowed_company_ids=steward.company_ids.ids))
as_steward = in_group(user=steward)

category = env["product.category"].create({"name": "Valued at once"})
for here in (in_a, in_b):
    category.with_env(here).write(
        {"property_valuation": "real_time", "property_cost_method": "average"})

def product(here, company, code, name, **values):
    return here["product.product"].create({
        "name": name, "default_code": code, "detailed_type": "product", "tracking": "lot",
        "categ_id": category.id, "company_id": company.id, "invoice_policy": "delivery",
        **values})

motor = product(in_a, A, "AM-MT400", "Electric motor 400 W", list_price=150)
winding = product(in_a, A, "AM-WD40", "Winding 400 W", standard_price=31)
housing_a = product(in_a, A, "AM-HS12", "Motor housing 12")
ref("partner_lakeside").ref = "L7"
housing_b = product(in_b, B, "AC-HS12", "Motor housing casting 12", standard_price=18.7)
item = env["product.product"].create({
    "name": "Motor housing HS12", "default_code": "ARV-HS12", "detailed_type": "product",
    "tracking": "lot"})
for company, local in ((A, housing_a), (B, housing_b)):
    code = in_group["mfg.item.xref"].create({
        "product_id": item.id, "code": local.default_code, "company_id": company.id,
        "local_product_id": local.id, "date_from": fields.Date.today()})
    code.with_env(as_steward).action_approve()

bill = in_a["mrp.bom"].create({
    "product_tmpl_id": motor.product_tmpl_id.id, "company_id": A.id,
    "operation_ids": [
        Command.create({"name": "Wind stator", "time_cycle_manual": 12, "sequence": 1,
                        "workcenter_id": ref("workcenter_a_winding").id}),
        Command.create({"name": "Assemble motor", "time_cycle_manual": 9, "sequence": 2,
                        "workcenter_id": ref("workcenter_a_assembly").id})],
    "bom_line_ids": [
        Command.create({"product_id": housing_a.id, "product_qty": 1}),
        Command.create({"product_id": winding.id, "product_qty": 1})]})

def stock(here, company, plant, product, name, quantity):
    lot = here["stock.lot"].create(
        {"name": name, "product_id": product.id, "company_id": company.id})
    here["stock.quant"].create({
        "product_id": product.id, "lot_id": lot.id, "inventory_quantity": quantity,
        "location_id": ref(f"location_{plant}_stock").id}).action_apply_inventory()

stock(in_a, A, "plant_a", winding, "WD-0501", 20)
stock(in_b, B, "plant_b", housing_b, "HS-B-2101", 6)
stock(in_b, B, "plant_b", housing_b, "HS-B-2102", 14)

scrapped = env["account.account"].create({
    "code": "510000", "name": "Scrapped goods", "account_type": "expense",
    "company_id": A.id})
env["stock.location"].search(
    [("scrap_location", "=", True), ("company_id", "=", A.id)]
).valuation_in_account_id = scrapped

def user(login, company, *groups):
    return env["res.users"].create({
        "name": login, "login": login, "password": login, "email": f"{login}@example.com",
        "company_id": company.id, "company_ids": [Command.set(company.ids)],
        "groups_id": [Command.set([env.ref(name).id for name in groups])]})

user("castings", B, "stock.group_stock_user", "sales_team.group_sale_salesman_all_leads",
     "account.group_account_invoice")
user("audit-admin", A, "mfg_audit_trail.group_admin")
service = user("systems-a", A, "mrp.group_mrp_user", "stock.group_stock_user",
               "sales_team.group_sale_salesman_all_leads",
               "mfg_quality_hold.group_inspect")
keys = {}
for name, url in %(urls)r.items():
    module = "mfg_suite" if name == "qms" else "mfg_integration_plant"
    wizard = in_a["mfg.integration.facility.connect"].create({
        "template_id": env.ref(f"{module}.facility_template_{name}").id,
        "company_id": A.id, "name": name, "code": f"plant-a-{name}",
        "user_id": service.id, "url": url + "/events", "allow_http": True,
        "allowed_networks": "127.0.0.0/8"})
    wizard.action_preview()
    keys[name] = wizard.action_connect()["context"]["default_secret"]
    system = env["mfg.integration.system"].search([("code", "=", f"plant-a-{name}")])
    system.endpoint_ids._set_signing_secret(%(secret)r)
env.cr.commit()
with open(%(out)r, "w") as out:
    json.dump({
        "keys": keys, "A": A.id, "B": B.id, "seller": B.partner_id.id, "bill": bill.id,
        "motor": motor.id, "housing": housing_a.id,
        "goods": [motor.id, winding.id, housing_a.id, housing_b.id]}, out)
"""


class GroupStory:
    """The group with its processes, and the people who work in it.

    :param folder: for logs, keys and the simulators' state
    :param running: ``ExitStack`` that ends everything
    """

    def __init__(self, folder, running):
        key = folder / "audit.key"
        self.stack = Stack(
            "story",
            folder,
            mfg_audit_key="a long random text of this story",
            mfg_audit_signing_key=key,
            mfg_audit_witness=folder / "witness",
        )
        running.callback(self.stack.close)
        self.stack.command("keygen", "mfg_audit", "keygen", "--file", key)
        self.systems = {
            name: running.enter_context(Simulator(script, folder / name, secret=SECRET))
            for name, script in SYSTEMS.items()
        }
        out = folder / "prepared.json"
        urls = {name: system.url for name, system in self.systems.items()}
        self.stack.script(_PREPARE % {"urls": urls, "secret": SECRET, "out": str(out)})
        #: ids of what was prepared, by name
        self.ids = json.loads(out.read_text())
        self.stack.start_server()
        self.stack.start_worker()
        for name, system in self.systems.items():
            key = self.ids["keys"][name]
            system.order("/connect", url=self.stack.url, key=key)

    def begin(self):
        """From now on, what is booked belongs to the story."""
        self._booked = self.value("SELECT MAX(id) FROM account_move_line")
        self._recorded = self.value("SELECT COALESCE(MAX(id), 0) FROM mfg_audit.event")

    def person(self, page, login):
        """Somebody who logs in and works in plant A."""
        return Person(page, self.stack.url, login, self.ids["A"])

    def rpc(self, login, model, method, *arguments, plant="A", **context):
        """Call a method as somebody who works in one plant."""
        context["allowed_company_ids"] = [self.ids[plant]]
        return self.stack.rpc(login, model, method, *arguments, context=context)

    def rows(self, statement, *parameters):
        return self.stack.query(statement, parameters)

    def value(self, statement, *parameters):
        """The one value that a statement finds."""
        ((value,),) = self.rows(statement, *parameters)
        return value

    # What the books, the stock and the systems say

    def books(self, plant):
        """Return {account: (debit, credit)} of what was posted since the beginning."""
        rows = self.rows(
            """
            SELECT a.code, round(SUM(l.debit), 2)::float8, round(SUM(l.credit), 2)::float8
              FROM account_move_line l JOIN account_account a ON a.id = l.account_id
             WHERE l.id > %s AND l.company_id = %s AND l.parent_state = 'posted'
          GROUP BY a.code
            """,
            self._booked,
            self.ids[plant],
        )
        return {code: (debit, credit) for code, debit, credit in rows}

    def stock(self):
        """Return {(item, lot, kind of place): quantity} of the goods, zeros left out."""
        rows = self.rows(
            """
            SELECT p.default_code, l.name,
                   CASE WHEN s.usage = 'inventory' AND s.scrap_location THEN 'scrap'
                        ELSE s.usage END,
                   SUM(q.quantity)::float8
              FROM stock_quant q
              JOIN product_product p ON p.id = q.product_id
              JOIN stock_location s ON s.id = q.location_id
         LEFT JOIN stock_lot l ON l.id = q.lot_id
             WHERE p.id = ANY(%s)
          GROUP BY 1, 2, 3 HAVING SUM(q.quantity) <> 0
            """,
            self.ids["goods"],
        )
        return {(code, lot, place): quantity for code, lot, place, quantity in rows}

    def left_in_transit(self):
        """Return the quants of the goods that still lie between the companies."""
        return self.rows(
            """
            SELECT q.product_id, q.lot_id, q.quantity
              FROM stock_quant q JOIN stock_location s ON s.id = q.location_id
             WHERE q.product_id = ANY(%s) AND s.usage = 'transit' AND q.quantity <> 0
            """,
            self.ids["goods"],
        )

    def valuation(self):
        """Return {item: (quantity, value)} of the valuation layers, nothing left out."""
        rows = self.rows(
            """
            SELECT p.default_code, SUM(v.quantity)::float8, SUM(v.value)::float8
              FROM stock_valuation_layer v JOIN product_product p ON p.id = v.product_id
             WHERE p.id = ANY(%s) GROUP BY 1
            """,
            self.ids["goods"],
        )
        return {code: (quantity, value) for code, quantity, value in rows}

    def sent(self, name):
        """Return the ids of the events that Odoo counts as delivered to a system."""
        rows = self.rows(
            """
            SELECT e.uuid::text
              FROM mfg_integration_delivery_log l
              JOIN mfg_integration_event e ON e.id = l.event_id
              JOIN mfg_integration_endpoint p ON p.id = l.endpoint_id
              JOIN mfg_integration_system s ON s.id = p.system_id
             WHERE s.code = %s AND l.outcome = 'delivered'
            """,
            f"plant-a-{name}",
        )
        return [uuid for (uuid,) in rows]

    def under_way(self):
        """Return how many messages of plant A are not delivered or not processed yet."""
        return self.value(
            """
            SELECT (SELECT COUNT(*) FROM mfg_integration_delivery d
                      JOIN mfg_integration_endpoint p ON p.id = d.endpoint_id
                      JOIN mfg_integration_system s ON s.id = p.system_id
                     WHERE s.company_id = %s)
                 + (SELECT COUNT(*) FROM mfg_integration_inbox_todo)
            """,
            self.ids["A"],
        )

    def processed(self, name):
        """Return {key: how often} of the messages of a system that Odoo processed."""
        return dict(
            self.rows(
                """
                SELECT i.key, COUNT(*)
                  FROM mfg_integration_inbox i
                  JOIN mfg_integration_system s ON s.id = i.system_id
                 WHERE s.code = %s AND i.state = 'processed' GROUP BY i.key
                """,
                f"plant-a-{name}",
            )
        )

    def who(self, login, model, record, value):
        """Return (person, origin) of each change of a record to a value.

        :param str login: of the auditor who reads it
        :param str value: field and value as in JSON, such as ``"state": "done"``
        """
        return self.trail(
            login,
            [
                ("model", "=", model),
                ("res_id", "=", record),
                ("new_values", "like", value),
            ],
        )

    def trail(self, login, domain):
        """Return (person, origin) of the changes since the beginning, as an auditor reads."""
        rows = self.stack.rpc(
            login,
            "mfg.audit.event",
            "search_read",
            [("id", ">", self._recorded), *domain],
            ["login_id", "origin"],
            order="id",
            context={"allowed_company_ids": [self.ids["A"], self.ids["B"]]},
        )
        return [(row["login_id"] and row["login_id"][1], row["origin"]) for row in rows]
