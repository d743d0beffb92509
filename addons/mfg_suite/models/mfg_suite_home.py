from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.mfg_audit_trail.engine import assurance
from odoo.addons.mfg_integration_queue.models.mfg_integration_monitor import STATUSES
from odoo.addons.mfg_quality_hold.models.mfg_quality_hold import OPEN_STATES

#: part of the page → the model whose readers see it
PARTS = {
    "exceptions": "mfg.suite.exception",
    "service": "mfg.integration.delivery",
    "messages": "mfg.integration.exception",
    "holds": "mfg.quality.hold",
    "intercompany": "mfg.ic.exception",
    "mismatches": "mfg.ic.mismatch",
    "stock": "mfg.integration.stock.overview",
    "transit": "mfg.ic.transit",
    "alerts": "mfg.audit.alert",
    "assurance": "mfg.audit.verification",
}

#: guided tour → the rights its steps need; what fewer people are is first
FIRST_STEPS = {
    "mfg_suite_consultant": (
        "mfg_integration_queue.group_integrator",
        "mfg_multi_company.group_configure",
        "mfg_quality_hold.group_configure",
    ),
    "mfg_suite_auditor": ("mfg_audit_trail.group_reviewer",),
    "mfg_suite_controller": ("mfg_multi_company.group_mfg_group_controller",),
    "mfg_suite_planner": ("mrp.group_mrp_manager",),
    "mfg_suite_quality": ("mfg_quality_hold.group_inspect", "stock.group_stock_user"),
    "mfg_suite_integration_operator": ("mfg_integration_queue.group_operator",),
    "mfg_suite_warehouse": ("stock.group_stock_user",),
}


class MfgSuiteHome(models.AbstractModel):
    """How the group does, for its home page."""

    _name = "mfg.suite.home"
    _description = "Manufacturing Group Home"

    @api.model
    def get_home(self, company_id=None):
        """Return how the chosen plants do now, as far as the user may know.

        Every part is read with the rights of the user; one whose documents the user may not
        read is absent. Amounts are in the currency of the current company, at today's rate.

        :param int company_id: of one plant only; one of the companies the user has ticked
        :return: dict with ``time`` (UTC, text), ``plants`` (``{"id", "name"}`` of the
            ticked companies), ``currency_id`` and, each if it may be read:
            ``exceptions`` (``mine``, ``all``, ``critical``: numbers),
            ``service`` (per plant, the numbers of interfaces ``red``, ``amber``, ``green``,
            ``grey``), ``messages`` (per plant, ``outbound``, ``inbound``, ``overdue``),
            ``holds`` (``late``; per plant and age, ``count`` and ``value``),
            ``intercompany`` and ``mismatches`` (per kind, ``name`` and ``count``),
            ``stock`` (per plant, ``free``, ``held``, ``outside``: value at cost),
            ``transit`` (per buying plant, ``value``), ``alerts`` (``all``, ``critical``),
            ``assurance`` (``level``, ``name``, ``pending``, ``gaps``, ``verdict``,
            ``verified_at``)
        :raises AccessError: the plant is not one of the user's, or the user has no right in
            any module of the suite
        """
        self.env["mfg.suite.exception"].check_access_rights("read")
        plants = self.env.companies
        chosen = self
        if company_id:
            if company_id not in plants.ids:
                raise AccessError(_("Tick this plant in the list of companies first."))
            chosen = self.with_context(allowed_company_ids=[company_id])
        home = {
            "time": fields.Datetime.to_string(fields.Datetime.now()),
            "plants": [{"id": each.id, "name": each.name} for each in plants],
            "currency_id": chosen.env.company.currency_id.id,
        }
        for part, model in PARTS.items():
            if self.env[model].check_access_rights("read", raise_exception=False):
                home[part] = getattr(chosen, f"_get_{part}")()
        return home

    @api.model
    def get_first_steps(self):
        """Return the guided tours for the roles of the user.

        :return: list of dicts: ``tour``, its name in the web client; ``done``, whether the
            user went through it to its end
        :raises AccessError: the user has no right in any module of the suite
        """
        self.env["mfg.suite.exception"].check_access_rights("read")
        done = self.env["web_tour.tour"].get_consumed_tours()
        return [
            {"tour": tour, "done": tour in done}
            for tour, groups in FIRST_STEPS.items()
            if all(self.env.user.has_group(group) for group in groups)
        ]

    @api.model
    def _get_exceptions(self):
        rows = self.env["mfg.suite.exception"]
        domain = [
            "|",
            "|",
            ("company_id", "=", False),
            ("company_id", "in", self.env.companies.ids),
            ("other_company_id", "in", self.env.companies.ids),
        ]
        counts = dict(rows._read_group(domain, ["severity"], ["__count"]))
        return {
            "mine": rows.search_count([("is_mine", "=", True), *domain]),
            "all": sum(counts.values()),
            "critical": counts.get("2", 0),
        }

    @api.model
    def _get_service(self):
        plants = {}
        for tile in self.env["mfg.integration.monitor"].get_monitor()["tiles"]:
            plant = plants.setdefault(
                tile["company"]["id"], {**tile["company"], **dict.fromkeys(STATUSES, 0)}
            )
            for line in tile["lines"]:
                plant[line["status"]] += 1
        return list(plants.values())

    @api.model
    def _get_messages(self):
        plants = {}
        groups = self.env["mfg.integration.exception"]._read_group(
            [], ["company_id", "direction", "overdue"], ["__count"]
        )
        for company, direction, overdue, count in groups:
            plant = plants.setdefault(
                company.id,
                {**_named(company), "outbound": 0, "inbound": 0, "overdue": 0},
            )
            plant[direction] += count
            plant["overdue"] += count if overdue else 0
        return list(plants.values())

    @api.model
    def _get_holds(self):
        holds = self.env["mfg.quality.hold"]
        ages = dict(holds._fields["age_bucket"]._description_selection(self.env))
        groups = holds._read_group(
            [("state", "in", OPEN_STATES)],
            ["company_id", "age_bucket"],
            ["__count", "value_open:sum"],
        )
        return {
            "late": holds.search_count([("is_late", "=", True)]),
            "ages": [{"key": key, "name": name} for key, name in ages.items()],
            "groups": [
                {
                    **_named(company),
                    "age": age,
                    "count": count,
                    "value": self._in_currency(value, company.currency_id),
                }
                for company, age, count, value in groups
            ],
        }

    @api.model
    def _get_intercompany(self):
        return self._by_kind("mfg.ic.exception", [("state", "=", "open")])

    @api.model
    def _get_mismatches(self):
        return self._by_kind("mfg.ic.mismatch", [])

    @api.model
    def _get_stock(self):
        plants = {}
        groups = self.env["mfg.integration.stock.overview"]._read_group(
            [], ["company_id", "source"], ["value:sum", "value_held:sum"]
        )
        for company, source, value, held in groups:
            plant = plants.setdefault(
                company.id, {**_named(company), "free": 0, "held": 0, "outside": 0}
            )
            value = self._in_currency(value, company.currency_id)
            held = self._in_currency(held, company.currency_id)
            if source == "odoo":
                plant["free"] += value - held
                plant["held"] += held
            else:
                plant["outside"] += value
        return list(plants.values())

    @api.model
    def _get_transit(self):
        plants = {}
        groups = self.env["mfg.ic.transit"]._read_group(
            self._between_plants(), ["buyer_company_id", "currency_id"], ["value:sum"]
        )
        for company, currency, value in groups:
            plant = plants.setdefault(company.id, {**_named(company), "value": 0})
            plant["value"] += self._in_currency(value, currency)
        return list(plants.values())

    @api.model
    def _get_alerts(self):
        counts = dict(
            self.env["mfg.audit.alert"]._read_group(
                [("state", "=", "open")], ["severity"], ["__count"]
            )
        )
        return {"all": sum(counts.values()), "critical": counts.get("2", 0)}

    @api.model
    def _get_assurance(self):
        state = assurance.state(self.env.cr)
        verifications = self.env["mfg.audit.verification"]
        last = verifications.search([("verdict", "!=", "none")], limit=1)
        levels = dict(verifications._fields["level"]._description_selection(self.env))
        return {
            "level": state.level,
            "name": levels[str(state.level)],
            "pending": state.pending,
            "gaps": state.gaps,
            "verdict": last.verdict or "none",
            "verified_at": fields.Datetime.to_string(last.create_date) or None,
        }

    @api.model
    def _by_kind(self, model, domain):
        documents = self.env[model]
        domain = [*domain, *self._between_plants()]
        names = dict(documents._fields["kind"]._description_selection(self.env))
        return [
            {"kind": kind, "name": names[kind], "count": count}
            for kind, count in documents._read_group(domain, ["kind"], ["__count"])
        ]

    @api.model
    def _between_plants(self):
        """Return the domain of what concerns a chosen plant: controllers read more."""
        companies = self.env.companies.ids
        return [
            "|",
            ("seller_company_id", "in", companies),
            ("buyer_company_id", "in", companies),
        ]

    @api.model
    def _in_currency(self, amount, currency):
        """Return an amount in the currency of the current company."""
        return currency._convert(
            amount or 0,
            self.env.company.currency_id,
            self.env.company,
            fields.Date.context_today(self),
        )


def _named(company):
    # sudo: of documents that the user reads, which tell the name of their company, too
    return {"id": company.id, "name": company.sudo().name}
