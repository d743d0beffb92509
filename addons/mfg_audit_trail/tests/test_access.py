import json

from odoo.http import Request
from odoo.tests import HttpCase, get_db_name, new_test_user, tagged
from odoo.tools import mute_logger

from .common import AuditCase


@tagged("post_install", "-at_install")
class TestAccess(AuditCase, HttpCase):
    """What leaves no row behind is recorded.

    All of a test is one transaction, whose header the first event wrote. That each has its
    own, also when the request is rolled back, is among the fault tests.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = new_test_user(
            cls.env,
            "audit-person",
            "base.group_user,base.group_partner_manager,base.group_allow_export",
        )

    def seen(self, operation):
        """Events of an operation since the test began."""
        self.env.cr.execute(
            """
            SELECT tbl, res_id, links, new, company_id, class, eff_uid
              FROM mfg_audit.event
             WHERE op = %s AND id > %s
          ORDER BY id
            """,
            [operation, self._seen],
        )
        return self.env.cr.dictfetchall()

    def rpc(self, route, **params):
        """The answer of a JSON route."""
        answer = self.url_open(
            route,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        return answer.json()

    def call(self, model, method, *args, **kwargs):
        return self.rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=args,
            kwargs=kwargs,
        )

    def login(self, password):
        return self.rpc(
            "/web/session/authenticate",
            db=get_db_name(),
            login="audit-person",
            password=password,
        )

    def test_at_21_logins_and_logouts(self):
        self.assertEqual(self.login("audit-person")["result"]["uid"], self.person.id)
        (event,) = self.seen("L")
        self.assertEqual(event["res_id"], self.person.id)
        self.assertEqual(event["class"], "security")

        self.session = self.authenticate("audit-person", "audit-person")
        self.url_open("/web/session/logout")
        self.assertEqual([each["res_id"] for each in self.seen("O")], [self.person.id])

        self.addCleanup(lambda: self.registry._login_failures.clear())
        with mute_logger("odoo.http"):
            self.assertIn("error", self.login("wrong"))
        (event,) = self.seen("F")
        self.assertEqual(event["new"], {"login": "audit-person"})

        self.env["ir.config_parameter"].set_param("base.login_cooldown_after", 1)
        self.env.flush_all()
        with mute_logger("odoo.http", "odoo.addons.base.models.res_users"):
            self.assertIn("error", self.login("audit-person"))
        self.assertEqual(
            [each["new"].get("outcome") for each in self.seen("F")], [None, "locked"]
        )

    def test_at_21_export_print_and_read(self):
        partners = self.partners.create([{"name": "Smith"}, {"name": "Jones"}])
        self.env.flush_all()
        self.authenticate("audit-person", "audit-person")
        wanted = {
            "model": "res.partner",
            "fields": [{"name": "name", "label": "Name", "type": "char"}],
            "ids": partners.ids,
            "domain": [],
            "import_compat": False,
        }
        for kind in ("csv", "xlsx"):
            answer = self.url_open(
                f"/web/export/{kind}",
                data={
                    "data": json.dumps(wanted),
                    "csrf_token": Request.csrf_token(self),
                },
            )
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(len(self.seen("X")), 1)
            (event,) = self.seen("X")
            self.assertEqual(event["eff_uid"], self.person.id)
            self.assertEqual(event["new"], {"records": "2", "fields": "name"})
            self.assertIn(f"res_partner:{partners[0].id}", event["links"])
            self.forget()

        report = self.env["ir.actions.report"].create(
            {
                "name": "Card",
                "model": "res.partner",
                "report_type": "qweb-html",
                "report_name": "mfg_audit_trail.test_card",
            }
        )
        self.env["ir.ui.view"].create(
            {
                "name": "card",
                "type": "qweb",
                "key": "mfg_audit_trail.test_card",
                "arch": "<t t-name='mfg_audit_trail.test_card'><p>Card</p></t>",
            }
        )
        self.url_open(f"/report/html/{report.report_name}/{partners[0].id}")
        (event,) = self.seen("P")
        self.assertEqual(
            (event["res_id"], event["new"]["report"]),
            (partners[0].id, "mfg_audit_trail.test_card"),
        )

        self.call("res.partner", "search_read", [], ["name"], limit=2)
        self.assertEqual(self.seen("R"), [])
        self.rule.write({"log_reads": True})
        self.call("res.partner", "search_read", [], ["name"], limit=2)
        (event,) = self.seen("R")
        self.assertEqual(
            (event["new"]["records"], event["eff_uid"]), ("2", self.person.id)
        )

    def test_at_36_own_reads_of_evidence(self):
        self.partners.create({"name": "Smith"})
        self.env.flush_all()
        new_test_user(self.env, "audit-eye", "mfg_audit_trail.group_auditor")
        self.authenticate("audit-eye", "audit-eye")
        self.call("mfg.audit.event", "search_read", [], ["table_name"], limit=5)
        (event,) = self.seen("R")
        self.assertEqual(event["tbl"], "mfg_audit_event")
        self.call(
            "mfg.audit.timeline",
            "get_timeline",
            "res.partner",
            self.person.partner_id.id,
        )
        self.assertEqual(
            (self.seen("R")[-1]["tbl"], self.seen("R")[-1]["res_id"]),
            ("res_partner", self.person.partner_id.id),
        )

    def test_at_11_import(self):
        self.authenticate("audit-person", "audit-person")
        options = {"quoting": '"', "separator": ",", "has_headers": True}

        def load(rows):
            text = "name,is_company\n" + "\n".join(rows)
            wizard = (
                self.env["base_import.import"]
                .with_user(self.person)
                .create(
                    {
                        "res_model": "res.partner",
                        "file": text.encode(),
                        "file_name": "suppliers.csv",
                        "file_type": "text/csv",
                    }
                )
            )
            self.env.flush_all()
            self.forget()
            columns = ["name", "is_company"]
            answer = self.call(
                "base_import.import",
                "execute_import",
                wizard.ids,
                columns,
                columns,
                options,
            )
            return answer["result"]["messages"]

        good = [f"Supplier {number},True" for number in range(500)]
        self.assertFalse(load(good))
        created = [each for each in self.events("res_partner") if each["op"] == "I"]
        self.assertEqual(len(created), 500)
        self.assertEqual(self.seen("M"), [])

        bad = [*good[:497], "A,maybe", "B,perhaps", "C,so so"]
        self.assertTrue(load(bad))
        self.assertEqual(
            [each for each in self.events("res_partner") if each["op"] != "M"], []
        )
        (event,) = self.seen("M")
        self.assertEqual(event["new"]["file"], "suppliers.csv")
        self.assertEqual(event["new"]["rows"], "499, 500, 501")
