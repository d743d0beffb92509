from pytz import timezone, utc

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import SuiteCase

KINDS = {
    "outbound",
    "hold",
    "inspection",
    "signature",
    "intercompany",
    "release",
    "data",
    "audit",
}


@tagged("post_install", "-at_install")
class TestException(SuiteCase):
    """One inbox of what waits for a person, with the rights of every document in it."""

    def test_every_module_tells_what_waits(self):
        self._everything()
        self._disagreement()
        rows = self._rows(self.person)
        self.assertEqual(set(rows.mapped("kind")), KINDS)
        self.assertEqual(len(rows), len(KINDS), "each exception once")
        self.assertEqual(rows.company_id, self.company)
        self.assertTrue(all(rows.mapped("name")))
        self.assertTrue(all(rows.mapped("severity")))
        self.assertTrue(all(rows.mapped("since")))

    def test_business_words(self):
        self._dead_letter()
        hold = self._hold()
        self._capture_gap()
        rows = {row.kind: row for row in self._rows(self.person)}
        message = rows["outbound"]
        self.assertEqual(message.reference, "Pump")
        self.assertEqual(message.name, "The other system refused the content")
        self.assertEqual(message.owner_id, self.operator)
        late = rows["hold"]
        self.assertEqual((late.reference, late.name), (hold.name, hold.reason_id.name))
        self.assertTrue(late.overdue)
        self.assertEqual((late.age_days, late.age), (0, "0"))
        self.assertEqual(late.severity, "1")
        gap = rows["audit"]
        self.assertEqual((gap.name, gap.reference), ("Capture Gap", "Contact"))
        self.assertEqual(gap.severity, "2")

    def test_disagreement_is_due_at_the_end_of_the_day_of_the_reader(self):
        day = self._disagreement().sla_date
        for zone in ("Asia/Tokyo", "Pacific/Auckland", "America/Chicago", False):
            self.person.tz = zone
            row = self._rows(self.person, [("kind", "=", "intercompany")])
            there = utc.localize(row.due_at).astimezone(timezone(zone or "UTC"))
            with self.subTest(zone):
                self.assertEqual(there.date(), day)
                self.assertEqual(str(there.time()), "23:59:59")

    def test_plant_two_sees_nothing_of_plant_one(self):
        self._everything()
        own = self._rows(self.person)
        self.assertFalse(self._rows(self.stranger))
        foreign = own.with_env(
            self.env(
                user=self.stranger.id,
                context={"allowed_company_ids": self.other_company.ids},
            )
        )
        self.assertFalse(foreign.search([("id", "in", own.ids)]))
        self.assertFalse(foreign._read_group([], ["kind"], ["__count"]))
        for row in foreign:
            with self.assertRaises(UserError):
                row.action_resolve()
            row.invalidate_recordset()
            self.assertFalse(row.exists(), row.id)
            self.assertFalse(row.read(["reference"]))

    def test_disagreement_is_seen_at_both_plants_and_nowhere_else(self):
        self._disagreement(owners=(self.person, self.stranger))
        third = self.env["res.company"].create({"name": "Plant Three"})
        outsider = self._user("outsider", "stock.group_stock_user", third)
        for user in (self.person, self.stranger):
            row = self._rows(user)
            self.assertEqual(row.kind, "intercompany")
            self.assertTrue(row.is_mine)
            self.assertEqual(self._rows(user, [("is_mine", "=", True)]), row)
        self.assertFalse(self._rows(outsider))

    def test_who_may_not_open_a_document_does_not_see_its_row(self):
        self._everything()
        seen = {
            "mfg_integration_queue.group_viewer": {"outbound"},
            "mfg_quality_hold.group_place": {"hold", "inspection", "signature"},
            "mfg_multi_company.group_user": {"release"},
            "mfg_multi_company.group_steward": {"release", "data"},
            "mfg_audit_trail.group_auditor": {"audit"},
        }
        for group, kinds in seen.items():
            with self.subTest(group=group):
                user = self._user(group, group)
                self.assertEqual(set(self._rows(user).mapped("kind")), kinds)
        with self.assertRaises(AccessError):
            self._rows(self.employee)

    def test_rows_read_by_one_are_not_read_by_another_from_memory(self):
        self._hold()
        viewer = self._user("blind", "mfg_integration_queue.group_viewer")
        row = self._rows(self.person)
        self.assertEqual(row.read(["kind", "reference"])[0]["kind"], "hold")
        for user in (viewer, self.stranger):
            # Asked for an AccessError, Odoo's tests would empty the memory first.
            with self.assertRaises(UserError):
                row.with_user(user).read(["kind", "reference"])

    def test_mine_is_what_i_answer_for_or_am_asked_for(self):
        approver = self._user("signer", "mfg_quality_hold.group_approve")
        disposition = self._propose(self._hold(late=False))
        self.assertEqual(disposition.activity_ids.user_id, approver)
        mine = self._rows(approver, [("is_mine", "=", True)])
        self.assertEqual((mine.kind, mine._document()), ("signature", disposition))
        self.assertTrue(mine.is_mine)
        other = self._user("placer", "mfg_quality_hold.group_place")
        self.assertFalse(self._rows(other, [("is_mine", "=", True)]))
        self.assertEqual(len(self._rows(other, [("is_mine", "=", False)])), 1)
        self.assertFalse(self._rows(other).is_mine)

    def test_resolved_rows_go_away_and_say_so(self):
        letter = self._dead_letter()
        row = self._rows(self.operator)
        action = row.action_resolve()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (letter._name, letter.id)
        )
        letter.with_user(self.operator).action_replay()
        self.assertFalse(self._rows(self.operator))
        with self.assertRaisesRegex(UserError, "resolved already"):
            row.action_resolve()

    def test_each_row_opens_its_document(self):
        self._everything()
        self._disagreement()
        for row in self._rows(self.person):
            action = row.action_resolve()
            document = row.env[action["res_model"]].browse(action["res_id"])
            self.assertTrue(document.read(["display_name"]), row.kind)

    def test_sources_have_numbers_of_their_own(self):
        sources = list(self.env["mfg.suite.exception"]._readable_sources())
        numbers = [source._exception_number for source in sources]
        self.assertEqual(len(set(numbers)), len(sources))
        self.assertTrue(
            all(
                0 <= each < self.env["mfg.suite.exception"]._sources_at_most
                for each in numbers
            )
        )

    def test_hundred_rows_take_as_many_queries_as_one(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            rows = self.env(
                user=self.person.id, context={"allowed_company_ids": self.company.ids}
            )["mfg.suite.exception"]
            before = self.env.cr.sql_log_count
            found = rows.web_search_read(
                [],
                {
                    "name": {},
                    "kind": {},
                    "is_mine": {},
                    "company_id": {"fields": {"display_name": {}}},
                    "owner_id": {"fields": {"display_name": {}}},
                },
                limit=200,
            )
            return found["length"], self.env.cr.sql_log_count - before

        self._everything()
        queries()  # what is kept for everybody
        few, once = queries()
        for number in range(100):
            self._disagreement(
                key=f"price-{number}", owners=(self.person, self.stranger)
            )
        many, often = queries()
        self.assertEqual(many, few + 100)
        self.assertEqual(often, once)
