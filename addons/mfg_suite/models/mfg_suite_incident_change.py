from odoo import _, api, models

from odoo.addons.mfg_audit_trail.engine import history, observation

from .mfg_suite_incident_part import LIMIT

SYSTEM = "mfg_integration_system"
#: what changes settings; who exported or printed them is in the audit trail
OPERATIONS = "IUDT"


class MfgSuiteIncidentChange(models.AbstractModel):
    """Who changed an interface: its record, contracts, endpoints, value maps and keys.

    Auditors read it in the audit trail, if that records interfaces. Everybody else, and
    auditors of a trail that does not, reads the change log of contracts.
    """

    _name = "mfg.suite.incident.change"
    _inherit = "mfg.suite.incident.part"
    _description = "Changes in an Incident's Story"

    @api.model
    def _rows(self, incident):
        """Return the rows, and what the reader should know of what is missing."""
        captured = self.env["mfg.audit.rule"]._captured_models()
        if not self._reads_trail():
            return self._logged(incident), [
                _(
                    "Changes of contracts and value maps are shown. Those of endpoints,"
                    " keys and systems are in the audit trail, which users with the right"
                    " Audit Trail: Auditor read."
                )
            ]
        if "mfg.integration.interface" not in captured:
            return self._logged(incident), [
                _(
                    "The audit trail does not record interfaces: only changes of contracts"
                    " and value maps are shown. An audit administrator switches the profile"
                    " “Integration” on under Audit Trail / Configuration / Profiles."
                )
            ]
        return self._recorded(incident), []

    @api.model
    def _recorded(self, incident):
        """Return what the audit trail tells, within the plant of the incident."""
        interface = incident.interface_id
        observation.observe(
            self.env,
            "R",
            interface._name,
            interface.ids,
            once=("incident", incident.id),
            company=incident.company_id.id,
            of=_("Incident Report"),
        )
        settings = self._settings(incident)
        keys = {(each._table, each.id) for records in settings for each in records}
        self.env.flush_all()
        found = history.events(
            self.env.cr,
            keys,
            incident.env.companies.ids,
            OPERATIONS,
            LIMIT,
            since=incident.since,
            until=incident._until(),
        )
        own = {f"{table}:{res_id}" for table, res_id in keys if table != SYSTEM}
        found = [
            event
            for event in found
            # A system has other endpoints and keys, too.
            if (event["tbl"], event["res_id"]) in keys
            or own & set(event["links"] or ())
        ]
        return self._trail_rows("change", keys, interface, found)

    @api.model
    def _settings(self, incident):
        """Return the recordsets that make up an interface for a plant."""
        company = incident.company_id
        # sudo: which settings belong together; what happened to them is bounded by the
        # reader's companies. What is archived by now worked then.
        env = self.sudo().with_context(active_test=False).env
        interface = incident.interface_id.with_env(env)
        endpoints = interface.subscription_ids.filtered(
            lambda each: each.company_id == company
        ).endpoint_id
        endpoints |= endpoints.alternate_id
        keys = env["mfg.integration.credential"].search(
            [("interface_ids", "in", interface.ids), ("company_id", "=", company.id)]
        )
        steps = interface.version_ids.mapping_line_ids
        folders = env["mfg.integration.folder"].search(
            [("interface_id", "=", interface.id), ("company_id", "=", company.id)]
        )
        systems = endpoints.system_id | keys.system_id | folders.system_id
        names = env["mfg.integration.xref"].search(
            [
                ("system_id", "in", systems.ids),
                ("model_id", "in", steps.model_id.ids),
                *self._period(incident, "write_date"),
            ],
            limit=LIMIT,
        )
        triggers = env["mfg.integration.trigger"].search(
            [
                ("interface_id", "=", interface.id),
                ("company_id", "in", (False, company.id)),
            ]
        )
        return [
            interface,
            interface.version_ids,
            endpoints,
            endpoints.retry_policy_id,
            keys,
            steps.value_map_id,
            systems,
            names,
            triggers,
            folders,
        ]

    @api.model
    def _logged(self, incident):
        """Return what the change log of contracts and the value maps themselves tell."""
        if not self._may_read("mfg.integration.contract.change"):
            return []
        return self._of_contracts(incident) + self._of_value_maps(incident)

    @api.model
    def _of_contracts(self, incident):
        changes = self.env["mfg.integration.contract.change"].search(
            [
                ("interface_id", "=", incident.interface_id.id),
                *self._period(incident, "changed_at"),
            ],
            order="id",
            limit=LIMIT,
        )
        kinds = dict(changes._fields["kind"]._description_selection(self.env))
        return [
            self._row(
                "change",
                change.changed_at,
                change.version_id or change.interface_id,
                # sudo: who did it is what the log is about
                who=change.sudo().user_id.name,
                what=kinds[change.kind],
                about=(change.version_id or change.interface_id).display_name,
                detail=change.description or "",
            )
            for change in changes
        ]

    @api.model
    def _of_value_maps(self, incident):
        maps = incident.interface_id.version_ids.mapping_line_ids.value_map_id
        entries = self.env["mfg.integration.value.map.line"].search(
            [("map_id", "in", maps.ids), *self._period(incident, "write_date")],
            order="write_date, id",
            limit=LIMIT,
        )
        return [
            self._row(
                "change",
                entry.write_date,
                entry.map_id,
                # sudo: as above
                who=entry.sudo().write_uid.name,
                what=_("Entry of a value map"),
                about=entry.map_id.name,
                detail=f"{entry.internal_value} = {entry.external_value}",
            )
            for entry in entries
        ]
