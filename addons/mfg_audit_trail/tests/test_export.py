import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from odoo.tests import BaseCase
from odoo.tools import config

from ..engine import export, note, sealer, signing
from ..offline import mfg_audit_verify
from .common import AuditCase

#: RFC 8032, section 7.1, tests 1 to 3: public key, message, signature
SIGNATURES = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


class TestOfflineFormats(BaseCase):
    def test_at_29_signatures_of_rfc_8032(self):
        for key, message, signature in SIGNATURES:
            parts = [bytes.fromhex(each) for each in (key, message, signature)]
            self.assertTrue(mfg_audit_verify.is_signed(*parts))
            for place in range(3):
                forged = [bytearray(each) for each in parts]
                if forged[place]:
                    forged[place][0] ^= 1
                else:
                    forged[place] += b"x"
                self.assertFalse(
                    mfg_audit_verify.is_signed(*(bytes(each) for each in forged))
                )

    def test_at_29_notes_of_the_sealer_are_read_by_the_independent_verifier(self):
        private, public = note.new_key("plant.example/audit")
        checkpoint = note.Checkpoint("mfg-audit/1", 7, bytes(range(32)))
        text = mfg_audit_verify.open_note(note.sign(checkpoint, private), public)
        self.assertEqual(
            mfg_audit_verify.checkpoint_of(text), ("mfg-audit/1", 7, checkpoint.root)
        )


class TestExport(AuditCase):
    """What is exported is verified by another program that has nothing but Python."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        private, public = note.new_key("test")
        (cls.folder / "key").write_text(private, encoding="ascii")
        cls.public = cls.folder / "key.pub"
        cls.public.write_text(public, encoding="ascii")
        before = config.get(signing.OPTION)
        config[signing.OPTION] = str(cls.folder / "key")
        cls.addClassCleanup(config.__setitem__, signing.OPTION, before)
        partners = cls.partners.create([{"name": f"Smith {n}"} for n in range(20)])
        partners.write({"city": "York"})
        cls.env.flush_all()
        cls.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert sealer.seal(cls.env.cr)
        cls.file = cls.folder / "log.jsonl.gz"
        begin, end = export.bounds(cls.env.cr)
        cls.exported = export.write(cls.env.cr, cls.file, begin, end)

    def verify(self, path, public=None):
        """(exit code, output) of the verifier, which sees no installed package."""
        done = subprocess.run(
            [
                sys.executable,
                "-IS",
                mfg_audit_verify.__file__,
                str(path),
                "--public-key",
                str(public or self.public),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def changed(self, change):
        """The export with its lines changed, as somebody who has the file can."""
        lines = gzip.decompress(self.file.read_bytes()).split(b"\n")
        path = self.folder / "changed.jsonl.gz"
        path.write_bytes(gzip.compress(b"\n".join(change(lines))))
        return path

    def test_at_29_verified_without_odoo_and_postgresql(self):
        code, text = self.verify(self.file)
        self.assertIn(f"{self.exported.events} events in", text)
        self.assertIn("no findings", text)
        self.assertEqual(code, 0)
        self.assertGreaterEqual(self.exported.events, 40)
        lines = gzip.decompress(self.file.read_bytes()).decode().split("\n")
        event = next(
            json.loads(line) for line in lines if '"table":"res_partner"' in line
        )
        self.assertIn("new", event)

    def test_at_29_damaged_exports_are_found(self):
        def edit(lines):
            return [line.replace(b"York", b"Hull", 1) for line in lines]

        def forget(lines):
            lines.pop(next(n for n, line in enumerate(lines) if b"York" in line))
            return lines

        def shorten(lines):
            return lines[: len(lines) // 2]

        def rewrite(lines):
            """Seal the edited events again."""
            lines = edit(lines)
            at = next(n for n, line in enumerate(lines) if b"Hull" in line)
            header = next(n for n in range(at, 0, -1) if b'"leaf_hash"' in lines[n])
            record = json.loads(lines[header])
            record["leaf_hash"] = "00" * 32
            lines[header] = json.dumps(record).encode()
            return lines

        for change, expected in (
            (edit, r"transaction \d+/\d+: what it recorded is not what was sealed"),
            (forget, "damaged"),
            (shorten, "damaged"),
            (rewrite, r"checkpoint: the first \d+ transactions are not"),
        ):
            code, text = self.verify(self.changed(change))
            self.assertRegex(text, expected, change.__name__)
            self.assertEqual(code, 1, change.__name__)

        cut = self.folder / "cut.jsonl.gz"
        cut.write_bytes(self.file.read_bytes()[:-40])
        self.assertEqual(self.verify(cut)[0], 1)

    def test_at_29_wrong_key(self):
        _private, public = note.new_key("test")
        other = self.folder / "other.pub"
        other.write_text(public, encoding="ascii")
        code, text = self.verify(self.file, other)
        self.assertIn("not signed by", text)
        self.assertEqual(code, 1)
