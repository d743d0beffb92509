"""`odoo-bin mfg_audit`: seal, verify and export the audit trail from a shell."""

import argparse
import json
import os
import sys
from pathlib import Path

from odoo.cli import Command
from odoo.sql_db import db_connect
from odoo.tools import config

from ..engine import (
    acknowledgement,
    export,
    filing,
    note,
    rotation,
    sealer,
    signing,
    verifier,
    witness,
)
from ..offline import mfg_audit_verify


class MfgAudit(Command):
    """Seal, verify and export the audit trail"""

    name = "mfg_audit"

    def run(self, args):
        """Run one verb.

        :param args: verb, its options, then options of the server command
        """
        parser = argparse.ArgumentParser(
            prog="odoo-bin mfg_audit", description=self.__doc__
        )
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("seal", help="seal what is pending")
        verify = verbs.add_parser("verify", help="check the whole log")
        verify.add_argument(
            "--public-key",
            help="file with the public key, or several, the newest first",
        )
        verify.add_argument("--witness", help="file of the witness")
        verify.add_argument(
            "--no-drift",
            dest="drift",
            action="store_false",
            help="do not compare the records with what the log says of them",
        )
        verify.add_argument(
            "--json", action="store_true", help="one JSON object per finding"
        )
        export = verbs.add_parser("export", help="write a signed export to a file")
        export.add_argument("--file", required=True, help="such as 2026.jsonl.gz")
        export.add_argument("--since", help="first moment, as 2026-01-01")
        export.add_argument("--until", help="moment behind the last, as 2027-01-01")
        acknowledge = verbs.add_parser(
            "acknowledge",
            help="answer for a restored backup, or for triggers that were off",
        )
        acknowledge.add_argument("--reason", required=True, help="what happened")
        keygen = verbs.add_parser("keygen", help="make a pair of signing keys")
        keygen.add_argument("--file", required=True, help="where the private key goes")
        keygen.add_argument("--name", default="mfg-audit", help="name of the key")
        rotate = verbs.add_parser(
            "rotate-key",
            help="hand over to the keys that stand first in their files",
        )
        rotate.add_argument(
            "--lost",
            action="store_true",
            help="the former private key is lost: its public key in the file will do",
        )
        options, rest = parser.parse_known_args(args)
        config.parse_config(rest)
        sys.exit(getattr(self, f"_{options.verb}".replace("-", "_"))(options))

    def _seal(self, _options):
        bad = 0
        for name in self._databases():
            try:
                count = sealer.run(name)
            except (OSError, note.NoteError, witness.WitnessError) as error:
                # Without the key nothing is sealed yet; without the witness it is, and the
                # next run tells it.
                print(f"{name}: {error}")  # pylint: disable=print-used
                bad = 1
                continue
            finally:
                filing.run(name)
            print(f"{name}: {count or 0} transactions sealed")  # pylint: disable=print-used
        return bad

    def _verify(self, options):
        try:
            if options.public_key:
                public = Path(options.public_key).read_text(encoding="ascii").strip()
            else:
                public = signing.public()
        except (OSError, ValueError, note.NoteError) as error:
            sys.exit(f"mfg_audit: {error}")
        path = options.witness or config.get(sealer.WITNESS_OPTION)
        bad = 0
        for name in self._databases():
            with db_connect(name).cursor() as cr:
                try:
                    findings = verifier.verify(cr, public, path, options.drift)
                except (OSError, mfg_audit_verify.Damaged) as error:
                    sys.exit(f"mfg_audit: {error}")
            for finding in findings:
                if options.json:
                    print(json.dumps({"database": name, **vars(finding)}))  # pylint: disable=print-used
                else:
                    print(f"{name}: {finding.line()}")  # pylint: disable=print-used
            if not options.json:
                print(f"{name}: {len(findings) or 'no'} findings")  # pylint: disable=print-used
            bad += len(findings)
        return 1 if bad else 0

    def _export(self, options):
        (name,) = self._databases()
        with db_connect(name).cursor() as cr:
            try:
                found = export.bounds(cr, options.since, options.until)
                done = export.write(cr, options.file, *found)
            except (export.ExportError, OSError) as error:
                sys.exit(f"mfg_audit: {error}")
        print(  # pylint: disable=print-used
            f"{done.path}: {done.events} events in {done.transactions} transactions;"
            f" verify it with {mfg_audit_verify.__file__}"
        )
        return 0

    def _acknowledge(self, options):
        (name,) = self._databases()
        with db_connect(name).cursor() as cr:
            try:
                tables, lost = acknowledgement.acknowledge(cr, options.reason)
            except acknowledgement.NothingToAcknowledge:
                sys.exit("mfg_audit: there is nothing to acknowledge")
            except (OSError, mfg_audit_verify.Damaged, witness.WitnessError) as error:
                sys.exit(f"mfg_audit: {error}")
        if tables:
            print(f"{name}: triggers were off: {', '.join(tables)}")  # pylint: disable=print-used
        if lost:
            print(f"{name}: {lost} transactions are lost")  # pylint: disable=print-used
        return 0

    def _keygen(self, options):
        private, public = note.new_key(options.name)
        # never readable for others, not even for a moment
        descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(private + "\n")
        Path(f"{options.file}.pub").write_text(public + "\n", encoding="ascii")
        print(f"{options.file} and {options.file}.pub written; public key: {public}")  # pylint: disable=print-used
        return 0

    def _rotate_key(self, options):
        bad = 0
        for name in self._databases():
            try:
                done = rotation.run(name, options.lost)
            except (
                OSError,
                mfg_audit_verify.Damaged,
                rotation.RotationError,
                witness.WitnessError,
            ) as error:
                print(f"{name}: {error}")  # pylint: disable=print-used
                bad = 1
                continue
            if done.key != done.former:
                print(  # pylint: disable=print-used
                    f"{name}: {done.key} signs after {done.size} transactions,"
                    f" {done.former} no longer"
                )
            if done.former_receipt_keys:
                print(  # pylint: disable=print-used
                    f"{name}: {done.receipt_key} vouches after {done.size} transactions,"
                    f" {', '.join(done.former_receipt_keys)} no longer"
                )
        return bad

    def _databases(self):
        names = [name for name in (config["db_name"] or "").split(",") if name]
        if not names:
            sys.exit("mfg_audit: name the database with -d")
        return names
