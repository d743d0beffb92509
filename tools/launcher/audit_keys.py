"""Keys and witness of the demo group's audit trail, made as an operator makes them.

They lie in the state folder, outside of every database and never in the checkout's history.
"""

import hashlib
import os
import secrets

MODULE = "mfg_audit_trail"


class AuditKeys:
    """The files that odoo.conf of the demo group names."""

    def __init__(self, checkout, odoo):
        self._checkout = checkout
        self._odoo = odoo
        self._folder = checkout.state / "audit"
        self._receipt = self._folder / "receipt.key"
        self._signing = self._folder / "audit.key"

    def options(self, database):
        """Settings for the configuration file of a database; missing keys are made."""
        if not (self._checkout.addons / MODULE).exists():
            return {}
        self._make()
        return {
            "mfg_audit_key_file": self._receipt,
            "mfg_audit_signing_key": self._signing,
            "mfg_audit_witness": self._witness(database),
        }

    def fingerprint(self):
        """What a database made with other keys differs by: receipts hold under one only."""
        if not (self._checkout.addons / MODULE).exists():
            return None
        self._make()
        return hashlib.sha256(self._receipt.read_bytes()).hexdigest()

    def forget(self, database):
        """Drop what the witness saw of a database that is made anew."""
        self._witness(database).unlink(missing_ok=True)

    def _witness(self, database):
        return self._folder / f"witness-{database}"

    def _make(self):
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._receipt.exists() and self._signing.exists():
            return
        with self._checkout.lock(
            "audit-keys", "Waiting for another ./mfg that makes keys …"
        ):
            if not self._receipt.exists():
                self._finish(self._receipt, self._write_receipt_key)
            if not self._signing.exists():
                self._finish(self._signing, self._write_signing_key)

    def _finish(self, path, write):
        """Never leave half a key behind: a start may be interrupted."""
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        write(draft)
        public = draft.with_name(f"{draft.name}.pub")
        if public.exists():
            public.replace(path.with_name(f"{path.name}.pub"))
        draft.replace(path)

    def _write_receipt_key(self, path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")

    def _write_signing_key(self, path):
        conf = self._odoo.write_conf("keygen", "keygen")
        log = self._checkout.logs / "keygen.log"
        self._odoo.run(
            conf, ["mfg_audit", "keygen", "--file", path, "--name", "mfg-demo"], log
        )
