"""A small group of three companies to try the rules on."""

from odoo import Command

PLANTS = "mfg_multi_company.group_"


class World:
    """Companies A (buyer), B (seller) and C (stranger), each with a plant and people.

    :ivar env: superuser environment in all three companies
    :ivar companies, plants: {"a", "b", "c"}: records
    :ivar users: {login part: res.users}; without passwords, whose hashes take longer to make
        than all the rest
    """

    def __init__(self, env):
        env = env(
            context=dict(env.context, tracking_disable=True, no_reset_password=True)
        )
        self.companies = {
            key: env["res.company"].create({"name": f"Group {key.upper()}"})
            for key in "abc"
        }
        ids = [company.id for company in self.companies.values()]
        self.env = env(context=dict(env.context, allowed_company_ids=ids))
        self.users = {}
        self.plants = {
            key: self.env["mfg.plant"].create(
                {
                    "name": f"Plant {key.upper()}",
                    "code": f"T{key.upper()}",
                    "company_id": company.id,
                }
            )
            for key, company in self.companies.items()
        }
        for plant in self.plants.values():
            plant.action_activate()

    def user(self, name, groups, company="a"):
        """A person with rights in exactly one company; the login is ``group-<name>``."""
        login = f"group-{name}"
        company = self.companies[company]
        self.users[name] = self.env["res.users"].create(
            {
                "name": f"Group {name}",
                "login": login,
                "email": f"{login}@example.com",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "groups_id": [
                    Command.set([self.env.ref(xmlid).id for xmlid in groups.split(",")])
                ],
            }
        )
        return self.users[name]

    def env_of(self, name):
        """Environment of a person, in the only company of that person."""
        user = self.users[name]
        context = {"allowed_company_ids": user.company_ids.ids, "lang": "en_US"}
        return self.env(user=user.id, su=False, context=context)

    def warehouse(self, company="a"):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.companies[company].id)], limit=1
        )

    def role(self, code, **values):
        return self.env["mfg.plant.role"].create(
            {"code": code, "name": code.title(), **values}
        )

    def steward(self, name, domain="item", plant=None, **values):
        """Make a person the steward of a domain, of the group or of a plant."""
        domains = self.env["mfg.plant.domain"]
        plant = plant and self.plants[plant].id
        # The demo group has stewards of its own.
        domains.search(
            [
                ("domain", "=", domain),
                ("plant_id", "=", plant),
                ("steward_id.login", "not like", "group-%"),
            ]
        ).unlink()
        return domains.create(
            {
                "domain": domain,
                "plant_id": plant,
                "steward_id": self.users[name].id,
                "date_from": "2020-01-01",
                **values,
            }
        )
