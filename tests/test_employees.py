"""SU-11: employees, whom nothing of the suite knows, are recorded and told to another system
by configuration alone, typed into the forms of the web client by the people whose job it is."""

import json
import subprocess

import pytest
from launcher import network

from .support.simulator import Simulator
from .support.stack import Stack
from .support.waiting import wait_for
from .support.web_client import Refused, WebClient

PATIENCE = 90
#: what the officer knows of the employee and nobody else is told
PRIVATE_PHONE = "+1 815 555 0199 private"
PRIVATE_STREET = "77 Nowhere Near Lane"
BADGE = "BADGE-4711"
#: fields of the employee whose values the audit trail must not keep
SECRET = ("private_phone", "private_street", "barcode")
#: name in the message → where it comes from
CHOSEN = {
    "name": "name",
    "department": "department_id.name",
    "job": "job_title",
    "badge": "barcode",
}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "employee.changed",
    "type": "object",
    "required": ["name", "department", "job", "badge"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "department": {"type": ["string", "null"]},
        "job": {"type": ["string", "null"]},
        "badge": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
EXAMPLE = {
    "name": "Jo Doe",
    "department": "Assembly",
    "job": "Fitter",
    "badge": "B-1",
}


class Plant:
    """Plant C with the app Employees, its people, and a receiver of its HR system."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.witness = folder / "audit.key", folder / "audit-witness"
        self.stack = Stack(
            "employees",
            folder,
            mfg_audit_key="a long random text of this test",
            mfg_audit_signing_key=self.key,
            mfg_audit_witness=self.witness,
        )
        self.receiver = None
        self._clients = {}

    def prepare(self):
        """Install the app, make the keys, start everything, give people their rights."""
        complaints = self.stack.workspace.install(
            self.stack.database, ["hr"], demo=False
        )
        assert not complaints, "\n".join(complaints)
        assert self.audit("keygen", "--file", str(self.key))[0] == 0
        self.stack.start_server()
        self.stack.start_worker()
        self.limit_rights()
        company = self.stack.ref("mfg_suite.company_plant_c")
        for login, name, group in (
            ("hr-officer", "Hannah Roe", "hr.group_hr_user"),
            ("audit-admin", "Abe Keane", "mfg_audit_trail.group_admin"),
        ):
            self.stack.rpc(
                "admin",
                "res.users",
                "create",
                {
                    "name": name,
                    "login": login,
                    "password": login,
                    "email": f"{login}@arvendal.example.com",
                    "company_id": company,
                    "company_ids": [(6, 0, [company])],
                    "groups_id": [(4, self.stack.ref(group))],
                },
                context={"no_reset_password": True},
            )

    def limit_rights(self):
        """Odoo makes everybody a manager of employees who is there when the app comes: take
        that back, as an administrator has to."""
        everybody = self.stack.rpc(
            "admin", "res.users", "search", [("login", "!=", "admin")]
        )
        groups = ("hr.group_hr_manager", "hr.group_hr_user")
        values = {"groups_id": [(3, self.stack.ref(group)) for group in groups]}
        self.stack.rpc("admin", "res.users", "write", everybody, values)

    def grant(self, login, group):
        """Give somebody a right, as the administrator does."""
        (user,) = self.stack.rpc(
            "admin", "res.users", "search", [("login", "=", login)]
        )
        values = {"groups_id": [(4, self.stack.ref(group))]}
        self.stack.rpc("admin", "res.users", "write", [user], values)

    def __getattr__(self, login):
        """The session of one of the people, by login with underscores."""
        if login.startswith("_"):
            raise AttributeError(login)
        if login not in self._clients:
            self._clients[login] = WebClient(
                self.stack.url, self.stack.database, login.replace("_", "-")
            )
        return self._clients[login]

    def audit(self, verb, *arguments):
        """Run a verb of the audit trail's command; return (exit code, what it printed)."""
        command = self.stack.workspace.odoo.command(
            "mfg_audit", verb, *arguments, "-d", self.stack.database
        )
        environment = self.stack.workspace.odoo.environment(self.stack._conf("audit"))
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        return result.returncode, result.stdout + result.stderr

    def under_way(self):
        """Messages about employees that have no answer yet."""
        return self.stack.query(
            "SELECT e.uuid FROM mfg_integration_delivery d"
            " JOIN mfg_integration_event e ON e.id = d.event_id"
            " WHERE e.res_model = 'hr.employee'"
        )

    def written(self):
        """Everything that is kept of messages, changes and conversations, and every log."""
        server = self.stack.workspace.server
        dump = subprocess.run(
            [
                server.program("pg_dump"),
                "--data-only",
                *("-t", "mfg_audit.*", "-t", "public.mfg_*", "-t", "public.mail_*"),
                self.stack.database,
            ],
            env=self.stack.workspace.odoo.environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        logs = [path.read_text() for path in sorted(self.folder.glob("*.log"))]
        return "\n".join([dump, *logs])

    def close(self):
        if self.receiver:
            self.receiver.stop()
        self.stack.close()


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    plant = Plant(tmp_path_factory.mktemp("employees"))
    try:
        plant.prepare()
        yield plant
    finally:
        plant.close()


def hire(plant):
    """The officer of plant C hires somebody; return the employee's id."""
    officer = plant.hr_officer
    for name in ("Assembly", "Quality"):
        officer.form("hr.department").type(name=name).save()
    return (
        officer.form("hr.employee")
        .type(
            name="Jo Ramirez",
            department_id=officer.pick("hr.department", "Assembly"),
            job_title="Fitter",
            private_phone="+1 815 555 0100",
            private_street="1 Old Street",
            barcode=BADGE,
        )
        .save()
    )


def agree_on_message(plant):
    """The consultant drafts a contract from a template, somebody else approves it."""
    consultant = plant.integrator
    template = consultant.pick("mfg.integration.template", "Totals of the day")
    action = consultant.press(
        "mfg.integration.template", template, "action_create_interface"
    )
    interface = action["res_id"]
    consultant.form("mfg.integration.interface", interface).type(
        name="Employee changed",
        code="employee.changed",
        pattern="master_data",
        latency_class="near_real_time",
        fallback_procedure="The plant's HR office is told by telephone.",
    ).save()
    (version,) = consultant.call(
        "mfg.integration.interface.version",
        "search",
        [("interface_id", "=", interface)],
    )
    consultant.form("mfg.integration.interface.version", version).type(
        schema=json.dumps(SCHEMA),
        example=json.dumps(EXAMPLE),
        masked_paths="badge",
        impact_assessment="New; nobody else is concerned.",
    ).save()
    press = ("mfg.integration.interface.version", version)
    consultant.press(*press, "action_submit")
    with pytest.raises(Refused, match="Only integration approvers"):
        consultant.press(*press, "action_approve")
    plant.approver.press(*press, "action_approve")
    return interface, version


def connect(plant, interface, version):
    """The consultant connects the HR system, which is told the new secret."""
    consultant = plant.integrator
    port = network.free_port()
    system = (
        consultant.form("mfg.integration.system")
        .type(name="HR system of plant C", code="plant-c-hr")
        .save()
    )
    endpoint = (
        consultant.form("mfg.integration.endpoint")
        .type(
            name="HR system: employees",
            system_id=system,
            allow_http=True,
            allowed_networks="127.0.0.0/8",
            url=f"http://127.0.0.1:{port}/events",
        )
        .save()
    )
    reveal = consultant.press(
        "mfg.integration.endpoint", endpoint, "action_rotate_secret"
    )
    (shown,) = consultant.call(
        reveal["res_model"], "read", [reveal["res_id"]], ["secret"]
    )
    plant.receiver = Simulator("mes.py", plant.folder / "hr", shown["secret"], port)
    consultant.form("mfg.integration.interface", interface).add(
        "subscription_ids", interface_version_id=version, endpoint_id=endpoint
    ).save()


def choose_fields(plant, interface):
    """The consultant says which change is told, and what of it."""
    consultant = plant.integrator
    model = consultant.pick("ir.model", "Employee")
    watched = [
        consultant.call(
            "ir.model.fields", "search", [("model_id", "=", model), ("name", "=", name)]
        )[0]
        for name in ("department_id", "job_title")
    ]

    def trigger():
        form = consultant.form("mfg.integration.trigger").type(
            name="Employee moves",
            model_id=model,
            field_id=watched[0],
            value="*",
            more_field_ids=[[4, watched[1]]],
            interface_id=interface,
        )
        for name, path in CHOSEN.items():
            form.add("line_ids", name=name, path=path)
        return form.save()

    # Who may not read employees has nobody told about them.
    with pytest.raises(Refused, match="not allowed to access 'Employee'"):
        trigger()
    plant.grant("integrator", "hr.group_hr_user")
    trigger()


def record_changes(plant):
    """The audit administrator has employees recorded, without what is private."""
    keeper = plant.audit_admin
    profile = (
        keeper.form("mfg.audit.profile")
        .type(
            name="Employees",
            code="employees",
            retention_class="security",
            model_names="hr.employee",
        )
        .save()
    )
    keeper.press("mfg.audit.profile", profile, "action_switch_on")
    (rule,) = keeper.call("mfg.audit.rule", "search", [("profile_id", "=", profile)])
    model = keeper.pick("ir.model", "Employee")
    secret = keeper.call(
        "ir.model.fields",
        "search",
        [("model_id", "=", model), ("name", "in", list(SECRET))],
    )
    assert len(secret) == len(SECRET)
    keeper.form("mfg.audit.rule", rule).type(
        secret_field_ids=[[4, each] for each in secret]
    ).save()


def test_su_11_employees_by_configuration_alone(plant):
    employee = hire(plant)
    interface, version = agree_on_message(plant)
    connect(plant, interface, version)
    choose_fields(plant, interface)
    record_changes(plant)
    assert plant.receiver.events() == []

    officer = plant.hr_officer
    officer.form("hr.employee", employee).type(
        department_id=officer.pick("hr.department", "Quality"),
        job_title="Inspector",
        private_phone=PRIVATE_PHONE,
        private_street=PRIVATE_STREET,
    ).save()

    # The message: one, signed, with what was chosen and nothing else.
    wait_for(plant.receiver.events, PATIENCE, "the HR system is told")
    wait_for(lambda: not plant.under_way(), PATIENCE, "nothing more is under way")
    (event,) = plant.receiver.events()
    assert event["signature_valid"]
    assert event["type"] == "mfg.employee.changed.v1"
    assert event["body"]["data"] == {
        "name": "Jo Ramirez",
        "department": "Quality",
        "job": "Inspector",
        "badge": BADGE,
    }
    # Who runs the interface reads it without the badge.
    (message,) = plant.integration_operator.call(
        "mfg.integration.delivery",
        "search_read",
        [("event_id.res_model", "=", "hr.employee")],
        ["payload", "state"],
    )
    assert message["state"] == "delivered"
    assert json.loads(message["payload"]) == {
        "name": "Jo Ramirez",
        "department": "Quality",
        "job": "Inspector",
        "badge": "•••",
    }

    # The timeline: who did it, and what is not private.
    timeline = plant.auditor.call(
        "mfg.audit.timeline", "get_timeline", "hr.employee", employee
    )
    (group,) = timeline["groups"]
    assert (group["user"], group["origin"]) == ("Hannah Roe", "Screen")
    assert group["attested"]
    (entry,) = group["entries"]
    assert (entry["operation"], entry["record"]) == ("U", "Jo Ramirez")
    shown = {each["field"]: (each["old"], each["new"]) for each in entry["changes"]}
    assert set(shown) == {
        "department_id",
        "job_title",
        "private_phone",
        "private_street",
    }
    assert shown["department_id"] == ("Assembly", "Quality")
    assert shown["job_title"] == ("Fitter", "Inspector")
    for name in ("private_phone", "private_street"):
        assert all(value.startswith("[redacted ") for value in shown[name])

    # Nothing private anywhere but with the employee.
    written = plant.written()
    assert "Inspector" in written
    for private in (PRIVATE_PHONE, PRIVATE_STREET, "555 0100", "Old Street"):
        assert private not in written

    for verb in ("seal", "verify"):
        code, text = plant.audit(verb)
        assert code == 0, text
    assert "no findings" in text
