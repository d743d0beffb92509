import hashlib

import psycopg2

from odoo.tests import BaseCase

from ..engine import merkle, note, sealer, verifier
from .common import AuditCase

#: leaves and roots published with RFC 6962's reference implementation
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class TestFormats(BaseCase):
    def test_at_29_roots_of_rfc_6962(self):
        hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
        for size, root in enumerate(ROOTS):
            self.assertEqual(merkle.root_of(hashes[:size]).hex(), root)

    def test_frontier_survives_storage(self):
        frontier = []
        for size, leaf in enumerate(LEAVES):
            frontier = merkle.load(merkle.dump(frontier))
            merkle.append(frontier, size, merkle.leaf_hash(leaf))
            self.assertEqual(merkle.root(frontier).hex(), ROOTS[size + 1])

    def test_note_is_bound_to_text_and_key(self):
        private, public = note.new_key("plant.example/audit")
        _other, stranger = note.new_key("plant.example/audit")
        checkpoint = note.Checkpoint("mfg-audit/1", 7, hashlib.sha256(b"x").digest())

        text = note.sign(checkpoint, private)

        self.assertEqual(note.open_note(text, public), checkpoint)
        self.assertEqual(note.public_of(private), public)
        with self.assertRaisesRegex(note.NoteError, "not signed by"):
            note.open_note(text, stranger)
        with self.assertRaisesRegex(note.NoteError, "is wrong"):
            note.open_note(text.replace("\n7\n", "\n8\n"), public)
        for malformed in ("", "text", "text\n\n— name !!!", text.replace("— ", "- ")):
            with self.assertRaises(note.NoteError):
                note.open_note(malformed, public)


class TestProof(AuditCase):
    """Everything in one transaction, which the tests seal before it is committed."""

    def setUp(self):
        super().setUp()
        self.partner = self.partners.create({"name": "Smith"})
        self.partner.write({"ref": "1"})
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.assertTrue(sealer.seal(self.env.cr))

    def findings(self):
        return verifier.verify(self.env.cr)

    def tamper(self, statement, parameters=None):
        """Change the log as the owner of its tables can."""
        for name in ("event", "seal", "checkpoint"):
            self.env.cr.execute(f"ALTER TABLE mfg_audit.{name} DISABLE TRIGGER USER")
        self.env.cr.execute(statement, parameters)
        self.assertTrue(self.env.cr.rowcount)

    def last_event(self):
        self.env.cr.execute("SELECT MAX(id) FROM mfg_audit.event")
        return self.env.cr.fetchone()[0]

    def clock_events(self):
        self.env.cr.execute("SELECT COUNT(*) FROM mfg_audit.event WHERE op = 'K'")
        return self.env.cr.fetchone()[0]

    def test_at_30_clock_set_back_is_told_once(self):
        # As if the last checkpoint had been made two hours later than it is now: in one
        # transaction, so it is the next one that is sealed.
        for hours, expected in ((0, 0), (2, 1), (0, 1)):
            self.tamper(
                "UPDATE mfg_audit.checkpoint SET created_at = created_at + %s * interval '1 h'",
                [hours],
            )
            self.env.cr.execute("SELECT MAX(size) FROM mfg_audit.checkpoint")
            (size,) = self.env.cr.fetchone()
            self.tamper(
                "INSERT INTO mfg_audit.tx (fresh, cluster, xid, origin)"
                " VALUES (true, 1, %s, 'sql')",
                [4_000_000_000 + size],
            )
            sealer.seal(self.env.cr)
            self.assertEqual(self.clock_events(), expected)
        events = self.env["mfg.audit.event"].with_user(self.auditor).search([])
        self.assertEqual(events.ids, sorted(events.ids, reverse=True), "in their order")

    def test_untouched_log_has_no_findings(self):
        self.assertEqual(self.findings(), [])
        self.assertEqual(sealer.seal(self.env.cr), 0)

    def test_at_23_edited_value_is_located(self):
        event = self.last_event()
        self.tamper(
            "UPDATE mfg_audit.event SET new = jsonb_set(new, '{ref}', '\"2\"') "
            "WHERE id = %s",
            [event],
        )
        self.assertEqual(
            [(each.kind, each.event) for each in self.findings()], [("event", event)]
        )

    def test_at_23_deleted_event_is_located(self):
        self.tamper("DELETE FROM mfg_audit.event WHERE id = %s", [self.last_event()])
        (finding,) = self.findings()
        self.assertIn("1 of", finding.text)
        self.assertIn("missing", finding.text)
        self.assertTrue(finding.xid)

    def test_at_23_event_added_to_a_sealed_transaction(self):
        self.tamper(
            "INSERT INTO mfg_audit.event (id, class, cluster, xid, n, tbl, op, links) "
            "SELECT id + 1, class, cluster, xid, n + 1, tbl, op, links "
            "FROM mfg_audit.event WHERE id = %s",
            [self.last_event()],
        )
        self.assertEqual({each.kind for each in self.findings()}, {"events", "event"})

    def test_at_23_swapped_events(self):
        event = self.last_event()
        self.tamper(
            "UPDATE mfg_audit.event SET n = CASE id WHEN %s THEN n - 1 ELSE n + 1 END "
            "WHERE id IN (%s, %s)",
            [event, event, event - 1],
        )
        self.assertTrue(self.findings())

    def test_at_24_lost_seals_are_noticed_by_the_checkpoint(self):
        self.tamper("DELETE FROM mfg_audit.seal")
        kinds = {each.kind for each in self.findings()}
        self.assertIn("checkpoint", kinds)
        self.assertIn("events", kinds)

    def test_rewritten_seal_does_not_match_the_checkpoint(self):
        event = self.last_event()
        self.tamper(
            "UPDATE mfg_audit.event SET reason = 'forged' WHERE id = %s", [event]
        )
        self.env.cr.execute(
            """
            SELECT s.cluster, s.xid, s.n, r.mac, string_agg(
                       mfg_audit.leaf(e), ''::bytea ORDER BY e.n)
              FROM mfg_audit.seal s
              JOIN mfg_audit.event e ON e.cluster = s.cluster AND e.xid = s.xid
         LEFT JOIN mfg_audit.receipt r ON r.cluster = s.cluster AND r.xid = s.xid
             WHERE (s.cluster, s.xid) IN (
                       SELECT cluster, xid FROM mfg_audit.event WHERE id = %s)
          GROUP BY s.cluster, s.xid, s.n, r.mac
            """,
            [event],
        )
        cluster, xid, count, mac, leaves = self.env.cr.fetchone()
        leaf = sealer.tx_leaf(cluster, xid, count, bytes(leaves), mac)
        self.tamper(
            "UPDATE mfg_audit.seal SET leaves = %s, leaf = %s WHERE cluster = %s AND xid = %s",
            [psycopg2.Binary(bytes(leaves)), psycopg2.Binary(leaf), cluster, xid],
        )
        self.assertEqual(
            {each.kind for each in self.findings()},
            {"checkpoint", "receipt"},
        )

    def test_switched_off_trigger_is_a_gap(self):
        self.env.cr.execute("ALTER TABLE res_partner DISABLE TRIGGER mfg_audit_capture")
        self.assertEqual(
            [(each.kind, each.text) for each in self.findings()],
            [("coverage", "changes of res_partner are not captured")],
        )
