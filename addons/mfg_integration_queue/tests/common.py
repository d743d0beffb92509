"""Helpers for tests of the queue and of modules that emit."""

import base64
import contextlib

from odoo import Command
from odoo.tests.common import TransactionCase

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes now").decode()
GROUP = "mfg_integration_queue.group_"


#: what the card of an interface has to say before a version of it is approved
CARD = {
    "system_of_record": "Odoo",
    "recovery_tolerance_hours": 8,
    "sla_max_age_minutes": 15,
    "sla_recovery_minutes": 60,
    "fallback_procedure": "The line goes on by paper.",
    "runbook": "<p>Call the service desk.</p>",
}


class EventTrap:
    """The events emitted since the trap was set."""

    def __init__(self, env):
        self._env = env
        self._after = self._last_id()

    @property
    def events(self):
        """Return them in order, as dicts with ``type``, ``payload`` (decoded),
        ``aggregatetype``, ``aggregateid``, ``subject``, ``company_id``, ``res_model``,
        ``res_id``, ``occurred_at``, ``uuid`` and ``endpoint_ids``."""
        self._env.cr.flush()
        self._env.cr.execute(
            """
            SELECT e.uuid::text, e.type, e.aggregatetype, e.aggregateid, e.subject,
                   e.payload, e.company_id, e.user_id, e.res_model, e.res_id,
                   e.occurred_at,
                   ARRAY(SELECT d.endpoint_id FROM mfg_integration_delivery d
                          WHERE d.event_id = e.id ORDER BY d.id) AS endpoint_ids
              FROM mfg_integration_event e
             WHERE e.id > %s
             ORDER BY e.id
            """,
            [self._after],
        )
        return self._env.cr.dictfetchall()

    def _last_id(self):
        self._env.cr.flush()
        self._env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM mfg_integration_event")
        return self._env.cr.fetchone()[0]


@contextlib.contextmanager
def trap_events(env):
    """Collect the events emitted inside the ``with`` block, without sending them.

    ::

        with trap_events(self.env) as trap:
            production.button_mark_done()
        self.assertEqual(trap.events[0]["type"], "mfg.production.completed.v1")
    """
    yield EventTrap(env)


class QueueCase(TransactionCase):
    """Two companies, an interface between the first and one endpoint, a user per role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        # The tests also pass in a copy of a database.
        cls.env["mfg.integration.activation"]._activate("Test", "send")
        cls.company = cls.env["res.company"].create({"name": "Plant One"})
        cls.other_company = cls.env["res.company"].create({"name": "Plant Two"})
        cls.employee = cls._user("employee", "base.group_user")
        cls.viewer = cls._user("viewer", f"{GROUP}viewer")
        cls.operator = cls._user("operator", f"{GROUP}operator")
        cls.integrator = cls._user("integrator", f"{GROUP}integrator")
        cls.approver = cls._user("approver", f"{GROUP}approver")
        cls.system = cls.env["mfg.integration.system"].create(
            {"name": "MES One", "code": "mes-one", "company_id": cls.company.id}
        )
        cls.endpoint = cls._endpoint("MES events")
        cls.interface = cls._interface("note.changed", "Note changed")
        cls.subscription = cls._subscribe(cls.interface, cls.endpoint, cls.company)
        cls.record = cls._record("Pump")

    @classmethod
    def _user(cls, name, groups, company=None):
        """A person; without a password, since making its hash takes longer than all the rest."""
        company = company or cls.company
        login = f"queue_{name}_{company.id}"
        return (
            cls.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": f"{login} ({groups})",
                    "login": login,
                    "email": f"{login}@example.com",
                    "company_id": company.id,
                    "company_ids": [Command.set(company.ids)],
                    "groups_id": [
                        Command.set([cls.env.ref(ref).id for ref in groups.split(",")])
                    ],
                }
            )
        )

    @classmethod
    def _endpoint(cls, name, **values):
        endpoint = cls.env["mfg.integration.endpoint"].create(
            {
                "name": name,
                "system_id": cls.system.id,
                "url": "https://mes.example/events",
                **values,
            }
        )
        endpoint._set_signing_secret(SECRET)
        return endpoint

    @classmethod
    def _interface(cls, code, name, **values):
        return cls.env["mfg.integration.interface"].create(
            {
                "name": name,
                "code": code,
                "exception_owner_id": cls.operator.id,
                "version_ids": [(0, 0, {"state": "approved"})],
                **values,
            }
        )

    @classmethod
    def _subscribe(cls, interface, endpoint, company):
        return cls.env["mfg.integration.subscription"].create(
            {
                "interface_version_id": interface.version_ids.id,
                "endpoint_id": endpoint.id,
                "company_id": company.id,
            }
        )

    @classmethod
    def _record(cls, name, company=None):
        """Return a record with a company and no behaviour of its own."""
        return cls.env["res.partner"].create(
            {"name": name, "company_id": (company or cls.company).id}
        )

    @contextlib.contextmanager
    def assertRefused(self, exception, pattern):
        """Expect a refusal whose text fits ``pattern``, and take back what led to it."""
        with self.assertRaisesRegex(exception, pattern), self.env.cr.savepoint():
            yield

    def _emit(
        self, record=None, payload=None, code="note.changed", user=None, **options
    ):
        env = self.env(user=user or self.employee)
        record = (self.record if record is None else record).with_env(env)
        env["mfg.integration.event"].emit(
            code, record, {"n": 1} if payload is None else payload, **options
        )

    def _deliveries(self):
        self.env.cr.flush()
        self.env.invalidate_all()
        return self.env["mfg.integration.delivery"].search(
            [("endpoint_id.system_id", "=", self.system.id)], order="id"
        )
