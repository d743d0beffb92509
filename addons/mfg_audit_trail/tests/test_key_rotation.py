import subprocess
import sys
import tempfile
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import config

from ..engine import (
    acknowledgement,
    app_key,
    context,
    export,
    note,
    rotation,
    schema,
    sealer,
    signing,
    verifier,
    witness,
)
from ..offline import mfg_audit_verify
from .common import AuditCase

ROOT = bytes(range(32))
#: as long as the log is when nothing has happened yet to numbers of real transactions
FAR = 4_000_000_000


class TestKeys(BaseCase):
    """Whose turn it is, told from notes alone, by both readers of signatures."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.private, cls.public = {}, {}
        # public keys of this length could be taken for signatures
        for name in "ABCE":
            cls.private[name], cls.public[name] = note.new_key(f"signs{name}")

    def checkpoint(self, size, key):
        return note.sign(note.Checkpoint("log", size, ROOT), self.private[key])

    def hand_over(self, size, former, key, *signed_by):
        text = note.Checkpoint("log", size, ROOT).text()
        text += f"key {self.public[key]}\nformer-key {self.public[former]}\n"
        signers = signed_by or (former, key)
        return note.sign_text(text, *(self.private[each] for each in signers))

    def keys(self, known, notes):
        """What both readers make of it, once they are found to agree."""
        known = "\n".join(self.public[name] for name in known)
        found = [
            mfg_audit_verify.Keys(known, notes, opened)
            for opened in (note.open_text, mfg_audit_verify.open_note)
        ]
        self.assertEqual(found[0].findings, found[1].findings)
        for size in range(40):
            self.assertEqual(found[0].turn(size), found[1].turn(size))
        return found[0]

    def log(self):
        return [
            self.checkpoint(5, "A"),
            self.hand_over(10, "A", "B"),
            self.checkpoint(15, "B"),
            self.hand_over(20, "B", "C"),
            self.checkpoint(25, "C"),
        ]

    def test_one_key_leads_to_those_before_and_behind_it(self):
        for known in ("A", "B", "C", "CBA"):
            keys = self.keys(known, self.log())
            self.assertEqual(keys.findings, [], known)
            for text in self.log():
                self.assertTrue(keys.open(text).startswith("log\n"))

    def test_retired_key_signs_nothing_newer(self):
        keys = self.keys("C", self.log())
        for size, key in ((11, "A"), (21, "A"), (21, "B")):
            with self.assertRaisesRegex(
                mfg_audit_verify.Damaged, f"signs{key}.*handed over after [12]0 "
            ):
                keys.open(self.checkpoint(size, key))
        with self.assertRaisesRegex(mfg_audit_verify.Damaged, "signs from 20 "):
            keys.open(self.checkpoint(5, "C"))

    def test_unknown_key_is_named_with_the_remedy(self):
        keys = self.keys("C", self.log())
        with self.assertRaisesRegex(
            mfg_audit_verify.Damaged,
            r"signsE\+[0-9a-f]{8}, which is not known.*public key",
        ):
            keys.open(self.checkpoint(30, "E"))

    def test_hand_over_that_was_taken_away_is_missed(self):
        kept = [text for text in self.log() if "former-key" not in text]
        keys = self.keys("C", kept)
        with self.assertRaises(mfg_audit_verify.Damaged):
            keys.open(kept[0])
        # a thief of the first key has written all of it anew
        keys = self.keys("CBA", [self.checkpoint(size, "A") for size in (5, 15, 25)])
        (finding,) = keys.findings
        self.assertIn("signsA", finding)
        self.assertIn("hands over to signsC", finding)

    def test_thief_of_a_retired_key_hands_over_to_nobody(self):
        for size in (7, 12, 30):
            forged = self.hand_over(size, "A", "E")
            keys = self.keys("C", [*self.log(), forged])
            self.assertIn("signsE", "".join(keys.findings), size)
            for text in self.log():
                self.assertTrue(keys.open(text))
            with self.assertRaises(mfg_audit_verify.Damaged):
                keys.open(self.checkpoint(35, "E"))

    def test_hand_over_is_not_smuggled_into_a_signed_note(self):
        given = f"key {self.public['E']}\nformer-key {self.public['A']}\n"
        text = note.Checkpoint("log", 12, ROOT).text()
        signed = note.sign_text(text, self.private["A"], self.private["E"])
        for forged in (
            signed.replace("\n\n", f"\n\n{given}\n"),
            signed.replace("\n\n", f"\n{given}\n"),
            f"{signed}\n{given}",
        ):
            keys = self.keys("A", [self.checkpoint(5, "A"), forged])
            self.assertEqual(keys.chain, [])
            with self.assertRaises(mfg_audit_verify.Damaged):
                keys.open(self.checkpoint(15, "E"))

    def test_nobody_takes_over_without_the_former_key(self):
        log = [self.checkpoint(5, "A"), self.hand_over(10, "A", "B", "B")]
        self.assertTrue(self.keys("A", log).findings, "known by the former alone")
        keys = self.keys(
            "B", log
        )  # the former is lost: who knows the new one trusts it
        self.assertEqual(keys.findings, [])
        for text in log:
            self.assertTrue(keys.open(text))

    def test_notes_that_make_no_sense_are_told(self):
        text = note.Checkpoint("log", 10, ROOT).text()
        for line in (
            "former-key x",
            "former-key x\nkey y",
            f"former-key {self.public['A']}",
        ):
            bad = note.sign_text(f"{text}{line}\n", self.private["A"])
            self.assertTrue(self.keys("A", [bad]).findings, line)
        with self.assertRaises(mfg_audit_verify.Damaged):
            mfg_audit_verify.Keys("", [])
        with self.assertRaises(mfg_audit_verify.Damaged):
            mfg_audit_verify.Keys("no key", self.log())

    def test_backup_from_before_a_hand_over(self):
        answered = note.Checkpoint("log", 8, ROOT, 20, "disk broken")
        again = [
            *self.log()[:4],
            note.sign(answered, self.private["A"]),
            self.hand_over(9, "A", "C"),
        ]
        keys = self.keys("C", mfg_audit_verify.standing(again))
        self.assertEqual(keys.findings, [])
        self.assertTrue(keys.open(self.checkpoint(11, "C")))


@tagged("post_install", "-at_install")
class TestKeyRotation(AuditCase):
    """One transaction of the database; headers stand for those that Odoo makes one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for option in (
            signing.OPTION,
            sealer.WITNESS_OPTION,
            app_key.OPTION,
            app_key.FILE_OPTION,
        ):
            before = config.get(option)
            cls.addClassCleanup(config.__setitem__, option, before)
        config[app_key.OPTION] = False

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pairs = {name: note.new_key(f"key-{name}") for name in "ABC"}
        self.number = FAR
        schema.note_server_start(self.env.cr)
        self.sign_with("A")
        self.vouch_with("first secret")
        self.act()
        self.seal()

    def sign_with(self, *names, mode=0o600):
        file = self.folder / "".join(names)
        file.write_text("\n".join(self.pairs[each][0] for each in names) + "\n")
        file.chmod(mode)
        config[signing.OPTION] = str(file)

    def vouch_with(self, *secrets):
        file = self.folder / "-".join(secrets)
        file.write_text("\n".join(secrets) + "\n")
        config[app_key.FILE_OPTION] = str(file)

    def act(self, **known):
        """A transaction as Odoo makes it with the present key; return its number."""
        cr = self.env.cr
        self.number += 1
        described = context.describe(self.env)
        told = {**described, **known}
        context.set_local(cr, {key: each for key, each in told.items() if each})
        cr.execute(
            """
            SELECT set_config('mfg_audit.running', cluster || ':0:', true)
              FROM mfg_audit.current_cluster() AS cluster;
            SET CONSTRAINTS ALL IMMEDIATE;
            INSERT INTO mfg_audit.tx (fresh, cluster, xid, context, origin)
            SELECT true, mfg_audit.current_cluster(), %s,
                   current_setting('mfg_audit.context')::jsonb, 'process';
            SELECT set_config('mfg_audit.running', '', true);
            SET CONSTRAINTS ALL DEFERRED;
            """,
            [self.number],
        )
        # what follows is the transaction of the test
        context.set_local(cr, described)
        return self.number

    def seal(self):
        self.assertTrue(sealer.seal(self.env.cr))

    def rotate(self):
        """Both kinds of keys, as the runbook says."""
        self.sign_with("B", "A")
        self.vouch_with("second secret", "first secret")
        self.act()  # a server that was restarted already
        done, _signed = rotation.hand_over(self.env.cr)
        self.act()
        self.seal()
        return done

    def findings(self, public=None):
        return verifier.verify(self.env.cr, public or signing.public())

    def offline(self, *names):
        """(exit code, output) of the offline verifier for an export of everything."""
        file, keys = self.folder / "log.jsonl.gz", self.folder / "known"
        export.write(self.env.cr, file, *export.bounds(self.env.cr))
        keys.write_text("\n".join(self.pairs[each][1] for each in names))
        done = subprocess.run(
            [sys.executable, "-IS", mfg_audit_verify.__file__, file]
            + ["--public-key", keys],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def tell(self, path):
        """Give the last checkpoint to a witness."""
        self.env.cr.execute(
            "SELECT note FROM mfg_audit.checkpoint ORDER BY size DESC LIMIT 1"
        )
        witness.add(self.env.cr, path, self.env.cr.fetchone()[0])

    def test_at_28_backup_that_grew_as_long_as_what_was_lost(self):
        self.assert_backup_is_answered_for(more=0)

    def test_at_28_backup_that_grew_longer_than_what_was_lost(self):
        self.assert_backup_is_answered_for(more=2)

    def assert_backup_is_answered_for(self, more):
        """Two transactions are lost; as many and some more were sealed since the backup
        was restored."""
        path = self.folder / "witness"
        config[sealer.WITNESS_OPTION] = str(path)
        cr = self.env.cr
        self.tell(path)
        backup = cr.savepoint(flush=False)
        for _lost in range(2):
            self.act()
            self.seal()
            self.tell(path)
        backup.close(rollback=True)
        self.act()
        self.seal()
        for _more in range(1 + more):
            self.act()
        self.seal()
        seen = path.read_text(encoding="utf-8")
        with self.assertRaisesRegex(witness.WitnessError, "restored from a backup"):
            self.tell(path)
        self.assertEqual(path.read_text(encoding="utf-8"), seen)
        found = verifier.verify(cr, signing.public(), path)
        self.assertEqual({each.kind for each in found}, {"witness"})

        self.assertEqual(acknowledgement.acknowledge(cr, "Disk broken"), ([], 2))

        self.assertTrue(path.read_text(encoding="utf-8").startswith(seen))
        cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.seal()
        self.tell(path)
        self.assertEqual(verifier.verify(cr, signing.public(), path), [])
        with self.assertRaises(acknowledgement.NothingToAcknowledge):
            acknowledgement.acknowledge(cr, "Again")
        gap = self.events("mfg_audit_trail")[-1]
        self.assertEqual((gap["op"], gap["new"]["reason"]), ("G", "Disk broken"))

    def sign_last(self, name):
        """Put another signature below the last checkpoint, as the owner of the table can."""
        self.env.cr.execute("ALTER TABLE mfg_audit.checkpoint DISABLE TRIGGER USER")
        self.env.cr.execute(
            """
            SELECT l.origin, c.size, c.root FROM mfg_audit.log l, mfg_audit.checkpoint c
          ORDER BY c.size DESC LIMIT 1
            """
        )
        origin, size, root = self.env.cr.fetchone()
        text = note.sign(
            note.Checkpoint(origin, size, bytes(root)), self.pairs[name][0]
        )
        self.env.cr.execute(
            "UPDATE mfg_audit.checkpoint SET note = %s WHERE size = %s", [text, size]
        )

    def test_what_was_before_and_what_comes_behind_verifies(self):
        names = list(app_key.ring())
        done = self.rotate()
        self.assertEqual(done.former_receipt_keys, tuple(names))
        self.assertEqual(done.receipt_key, app_key.identity())
        self.assertEqual(self.findings(), [])
        for name in "AB":
            self.assertEqual(self.findings(self.pairs[name][1]), [])
        for known in ("A", "B", "BA"):
            code, text = self.offline(*known)
            self.assertEqual(code, 0, text)
        (event,) = [
            each for each in self.events("mfg_audit_trail") if each["op"] == "C"
        ]
        self.assertEqual(event["old"]["signing_key"], done.former)
        self.assertEqual(event["new"]["signing_key"], done.key)

    def test_signed_with_the_retired_key(self):
        done = self.rotate()
        self.sign_last("A")
        (finding,) = self.findings()
        self.assertEqual(finding.kind, "checkpoint")
        self.assertIn(f"handed over after {done.size} transactions", finding.text)
        code, text = self.offline("B")
        self.assertEqual(code, 1)
        self.assertIn(f"handed over after {done.size} transactions", text)

    def test_signed_with_an_unknown_key(self):
        self.rotate()
        self.sign_last("C")
        (finding,) = self.findings()
        self.assertRegex(finding.text, r"key-C\+[0-9a-f]{8}, which is not known here")
        self.assertEqual(self.offline("B")[0], 1)

    def test_hand_over_that_was_taken_away(self):
        self.vouch_with("second secret", "first secret")
        rotation.hand_over(self.env.cr)  # of receipts alone
        self.assertEqual(self.findings(), [])
        self.env.cr.execute("ALTER TABLE mfg_audit.checkpoint DISABLE TRIGGER USER")
        self.env.cr.execute(
            "DELETE FROM mfg_audit.checkpoint"
            " WHERE size = (SELECT MAX(size) FROM mfg_audit.checkpoint)"
        )
        (finding,) = self.findings()
        self.assertEqual(finding.kind, "keys")
        self.assertIn("1 hand-overs of keys, 0 are there", finding.text)

    def test_vouched_for_with_the_retired_key(self):
        done = self.rotate()
        self.vouch_with("first secret")
        forged = self.act()
        self.vouch_with("second secret", "first secret")
        pending = self.findings()
        self.seal()
        for found in (pending, self.findings()):
            ((kind, xid, text),) = [(each.kind, each.xid, each.text) for each in found]
            self.assertEqual((kind, xid), ("receipt", forged))
            self.assertIn(f"retired after {done.size} transactions", text)

    def test_receipt_key_that_is_gone_is_named_with_the_remedy(self):
        (first,) = app_key.ring()
        self.rotate()
        self.vouch_with("second secret")
        (finding,) = self.findings()
        self.assertIn(f"1 receipts were made with the key {first}", finding.text)
        self.assertIn(app_key.FILE_OPTION, finding.text)

    def test_receipts_that_name_no_key_are_of_the_first(self):
        self.act(key=None)
        self.rotate()
        self.assertEqual(self.findings(), [])

    def test_key_of_the_old_option_stays_good_beside_the_file(self):
        config[app_key.OPTION] = "first secret"
        self.addCleanup(config.__setitem__, app_key.OPTION, False)
        self.rotate()
        self.vouch_with("second secret")
        self.assertEqual(len(app_key.ring()), 2)
        self.assertEqual(self.findings(), [])

    def test_unreadable_receipt_keys_stop_nobody(self):
        config[app_key.FILE_OPTION] = str(self.folder / "not-mounted")
        with self.assertLogs("odoo.addons.mfg_audit_trail.engine.app_key", "ERROR"):
            self.act()
        self.seal()
        self.vouch_with("first secret")
        self.assertEqual(self.findings(), [])

    def test_prepared_key_does_not_sign_before_it_was_handed_over_to(self):
        self.sign_with("B", "A")
        self.act()
        self.seal()
        (finding,) = self.findings()
        self.assertEqual(finding.kind, "keys")
        self.assertIn("hands over to key-B", finding.text)
        self.assertEqual(self.findings(self.pairs["A"][1]), [], "the former signed")

    def test_nothing_is_sealed_while_the_key_is_missing(self):
        self.sign_with("B")
        self.act()
        with self.assertRaisesRegex(signing.KeyMissing, r"key-A\+.*first line.*--lost"):
            sealer.seal(self.env.cr)

    def test_lost_key(self):
        self.sign_with("B")
        with self.assertRaisesRegex(rotation.RotationError, r"public key of key-A\+"):
            rotation.hand_over(self.env.cr, lost=True)
        with open(config[signing.OPTION], "a", encoding="ascii") as file:
            file.write(self.pairs["A"][1])
        with self.assertRaises(signing.KeyMissing):
            rotation.hand_over(self.env.cr)
        rotation.hand_over(self.env.cr, lost=True)
        self.act()
        self.seal()
        self.assertEqual(self.findings(), [])
        self.assertEqual(self.offline("B")[0], 0)
        self.assertEqual(self.offline("A")[0], 1, "who knows the former alone")

    def test_hand_over_that_is_refused(self):
        def refused(text):
            with self.assertRaisesRegex(rotation.RotationError, text):
                rotation.hand_over(self.env.cr)

        refused("put the new one above it")
        self.sign_with("B", "A", mode=0o644)
        refused("everybody on this host may read")
        config[signing.OPTION] = False
        refused(signing.OPTION)
        self.rotate()
        self.sign_with("A", "B")
        refused(r"key-A\+\w+ handed over after")
        self.sign_with("B", "A")
        self.vouch_with("first secret", "second secret")
        refused("was retired")
        self.env["ir.config_parameter"].set_param("database.uuid", "of a copy")
        self.env.flush_all()
        refused("is a copy")

    def test_nothing_to_hand_over_before_the_first_signature(self):
        self.env.cr.execute("ALTER TABLE mfg_audit.checkpoint DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE mfg_audit.checkpoint SET note = NULL")
        with self.assertRaisesRegex(rotation.RotationError, "nothing is signed yet"):
            rotation.hand_over(self.env.cr)

    def test_dashboard_tells_names_and_no_secrets(self):
        model = self.env["mfg.audit.verification"]

        def look(user, method="action_look"):
            found = getattr(model.with_user(user), method)()
            return model.with_user(user).browse(found["res_id"])

        def verified(user):
            return look(user, "action_verify")

        self.sign_with("B", "A")
        self.assertIn("rotate-key", verified(self.auditor).missing)
        done = self.rotate()
        found = verified(self.auditor)
        self.assertEqual(found.verdict, "ok")
        self.assertEqual(found.signing_key, done.key)
        self.assertEqual(found.receipt_key, done.receipt_key)
        self.assertTrue(found.signing_since and found.receipt_since)
        for name in (done.former, *done.former_receipt_keys):
            self.assertIn(f"{name}, until ", found.former_keys)
        with self.assertRaises(AccessError):
            verified(self.clerk)
        with self.assertRaises(AccessError):
            found.with_user(self.clerk).read(["signing_key"])
        self.assert_no_secrets(str(found.read()))
        self.sign_with("C")
        self.assertRegex(look(self.auditor).missing, r"Nothing is sealed:.*key-B\+")
        config[signing.OPTION] = str(self.folder / "not-mounted")
        self.assertIn("not-mounted", look(self.auditor).missing)
        with self.assertRaisesRegex(UserError, signing.OPTION):
            verified(self.auditor)

    def assert_no_secrets(self, text):
        for secret in ("first secret", "second secret", note.PRIVATE_MARK):
            self.assertNotIn(secret, text)
        for private, _public in self.pairs.values():
            # the last of five parts; it may have the sign that separates them, too
            self.assertNotIn(private.split("+", 4)[4], text)

    def test_log_and_notes_hold_no_secrets(self):
        self.rotate()
        for table in ("event", "tx", "receipt", "checkpoint"):
            self.env.cr.execute(  # pylint: disable=sql-injection
                f"SELECT string_agg(t::text, ' ') FROM mfg_audit.{table} t"
            )
            self.assert_no_secrets(self.env.cr.fetchone()[0])
