import hashlib
import json

from odoo import _, api, fields, models

from ..engine.ledger import ledger
from ..exceptions import ReleaseRefusal

STATES = [
    ("none", "Not Required"),
    ("pending", "Waiting for Release"),
    ("requested", "Release Requested"),
    ("approved", "Released"),
    ("rejected", "Release Rejected"),
    ("revoked", "Release Revoked"),
]


class MfgReleaseMixin(models.AbstractModel):
    """A document that waits at gates; an approval holds for exactly what was approved.

    A model that inherits this implements ``_mfg_release_content``, ``_mfg_plant``,
    ``_mfg_gate_quantity`` and ``_mfg_gate_value``, and calls ``_mfg_check_released``
    before anything takes effect.
    """

    _name = "mfg.release.mixin"
    _description = "Document that waits for its release"

    mfg_release_ids = fields.One2many(
        "mfg.release",
        "res_id",
        "Releases",
        domain=lambda self: [("res_model", "=", self._name)],
        readonly=True,
        copy=False,
        groups="mfg_multi_company.group_user",
    )
    mfg_release_state = fields.Selection(
        STATES,
        "Release",
        compute="_compute_mfg_release_state",
        search="_search_mfg_release_state",
        help="Revoked: it was released, and then changed.",
    )
    mfg_release_note = fields.Char(
        "What the Release Waits for", compute="_compute_mfg_release_note"
    )
    mfg_release_decidable = fields.Boolean(compute="_compute_mfg_release_note")

    def _compute_mfg_release_state(self):
        for document, (_gates, release) in self._mfg_release_status().items():
            document.mfg_release_state = release
        for document in self:
            document.mfg_release_state = document.mfg_release_state or "none"

    @api.depends("mfg_release_state")
    @api.depends_context("uid")
    def _compute_mfg_release_note(self):
        self.mfg_release_note = self.mfg_release_decidable = False
        for document, (gates, state) in self._mfg_release_status().items():
            release = document._mfg_current_release()
            document.mfg_release_note = document._mfg_release_words(
                gates, state, release
            )
            # Asked as the user who looks, not with the rights of the search.
            document.mfg_release_decidable = (
                state == "requested" and release.with_env(self.env)._is_decidable()
            )

    def _mfg_release_words(self, gates, state, release):
        """What was asked of whom, and what comes next, in words."""
        if state == "requested":
            # Whom to ask is no secret, also where users of other companies are.
            people = release._approvers().sudo().mapped("name")
            return _(
                "%(asker)s asked for it. It is up to %(approvers)s.",
                asker=release.requested_by_id.name,
                approvers=", ".join(people) or gates.approver_role_id[:1].name,
            )
        if state == "rejected":
            return _(
                "%(person)s rejected it. Change it, and request the release again.",
                person=release.decided_by_id.name,
            )
        if state == "revoked":
            return _("It changed after the release. Request the release again.")
        return _(
            "Gate “%(gate)s” asks for a release by %(role)s. Use “Request Release”; "
            "another person releases it.",
            gate=gates[0].name,
            role=gates[0].approver_role_id.name,
        )

    def _search_mfg_release_state(self, operator, value):
        values = value if isinstance(value, list | tuple | set) else [value]
        companies = self.env["mfg.release.gate"]._by_model().get(self._name, {})
        gated = self.search(
            [("company_id", "in", list(companies)), *self._mfg_open_domain()]
        )
        found = gated.filtered(lambda document: document.mfg_release_state in values)
        if "none" in values:
            rest = gated - found
            inside = operator in ("in", "=")
            return [("id", "not in" if inside else "in", rest.ids)]
        return [("id", "in" if operator in ("in", "=") else "not in", found.ids)]

    # -- what a model says about itself --------------------------------------------------

    def _mfg_open_domain(self):
        """Domain of the documents that can still wait at a gate."""
        return [("state", "not in", ("done", "cancel"))]

    def _mfg_release_content(self):
        """What a release stands for, as plain data."""
        raise NotImplementedError()

    def _mfg_plant(self):
        """The plant of the document, may be empty."""
        return self.env["mfg.plant"]._plant_of(self.company_id)

    def _mfg_gate_quantity(self):
        """Quantity that a gate compares."""
        raise NotImplementedError()

    def _mfg_gate_value(self):
        """Value, in the currency of the company, that a gate compares."""
        raise NotImplementedError()

    def _mfg_findings(self, gates):
        """What speaks against a release, as sentences. Other modules add theirs."""
        return []

    # -- status ------------------------------------------------------------------------

    @api.model
    def _mfg_hash(self, content):
        """SHA-256 of a content."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _mfg_gates(self):
        """{document: gates that it waits at}; documents without a gate are left out."""
        by_company = self.env["mfg.release.gate"]._by_model().get(self._name)
        if not by_company:
            return {}
        found = {}
        # Nobody escapes a gate by not seeing what it looks at.
        for document in self.sudo():
            ids = []
            for gate in by_company.get(document.company_id.id, ()):
                if gate.plant_id and gate.plant_id != document._mfg_plant().id:
                    continue
                if document._mfg_gate_quantity() < gate.min_quantity:
                    continue
                if gate.min_value and document._mfg_gate_value() < gate.min_value:
                    continue
                if gate.filter and not document.filtered_domain(gate.filter):
                    continue
                ids.append(gate.id)
            if ids:
                gates = self.env["mfg.release.gate"].sudo().browse(ids)  # they bind all
                found[self.browse(document.id)] = gates
        return found

    def _mfg_release_status(self):
        """{document: (gates, state)} of those that wait at a gate."""
        found = {}
        gated = self._mfg_gates()
        if not gated:
            return found
        documents = self.browse([document.id for document in gated])
        latest = {}
        # A release counts whoever looks at the document.
        for release in (
            self.env["mfg.release"]
            .sudo()
            .search(
                [("res_model", "=", self._name), ("res_id", "in", documents.ids)],
                order="id",
            )
        ):
            latest[release.res_id] = release
        for document, gates in gated.items():
            release = latest.get(document.id)
            state = release.state if release else "pending"
            if state == "approved":
                content = document.sudo()._mfg_release_content()  # components at cost
                if self._mfg_hash(content) != release.fingerprint:
                    state = "revoked"
                elif gates - release.gate_ids:
                    state = "pending"  # a gate that nobody looked at yet
            found[document] = (gates, state)
        return found

    def _mfg_unreleased(self):
        """Documents that must not take effect now."""
        if not self.env["mfg.release.gate"]._by_model().get(self._name):
            return self.browse()
        running = ledger(self.env.cr).released
        todo = self.filtered(lambda record: (record._name, record.id) not in running)
        status = todo._mfg_release_status()
        return self.browse(
            [
                record.id
                for record, (_gates, state) in status.items()
                if state != "approved"
            ]
        )

    def _mfg_check_released(self):
        """Let only released documents pass.

        :raises ReleaseRefusal: names document, gate, state and remedy
        """
        waiting = self._mfg_unreleased()
        if not waiting:
            return
        document = waiting[0]
        gates, state = document._mfg_release_status()[document]
        raise ReleaseRefusal(
            _(
                "%(document)s: %(state)s. %(what)s",
                document=document.sudo().display_name,  # named to whoever moves it
                state=dict(STATES)[state],
                what=document._mfg_release_words(
                    gates, state, document._mfg_current_release()
                ),
            )
        )

    # -- actions -----------------------------------------------------------------------

    def action_mfg_request_release(self):
        """Ask for the release of documents as they are now.

        :raises ReleaseRefusal: nothing to release, or a gate finds something
        """
        self.check_access_rights("write")
        self.check_access_rule("write")
        status = self._mfg_release_status()
        for document in self:
            gates, state = status.get(document, (None, "none"))
            if state in ("none", "approved"):
                raise ReleaseRefusal(
                    _(
                        "%(document)s needs no release: %(state)s.",
                        document=document.display_name,
                        state=dict(STATES)[state],
                    )
                )
            findings = document._mfg_findings(gates)
            if findings:
                raise ReleaseRefusal(
                    _(
                        "%(document)s cannot be released yet:\n%(findings)s",
                        document=document.display_name,
                        findings="\n".join(findings),
                    )
                )
            document._mfg_record_release(gates, "requested")._ask_deciders()

    def _mfg_record_release(self, gates, state, **values):
        """Add a release row; earlier requests are replaced."""
        self.ensure_one()
        # Users ask through this method and write no releases themselves.
        releases = self.env["mfg.release"].sudo()
        content = self.sudo()._mfg_release_content()  # components at cost
        releases.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("state", "=", "requested"),
            ]
        )._transit(state="replaced")
        values.setdefault("requested_by_id", self.env.uid)
        values.setdefault("requested_on", fields.Datetime.now())
        with ledger(self.env.cr).transition():
            return releases.create(
                releases._record(self, gates, content, state, **values)
            )

    def _mfg_current_release(self):
        """The row that decides on the document now."""
        # As for the status: it counts whoever looks.
        return (
            self.env["mfg.release"]
            .sudo()
            .search(
                [("res_model", "=", self._name), ("res_id", "=", self.id)],
                order="id desc",
                limit=1,
            )
        )

    def action_mfg_release(self):
        """Release documents; see ``mfg.release.action_approve``."""
        for document in self:
            self.env["mfg.release"].browse(
                document._mfg_current_release().id
            ).action_approve()

    def action_mfg_reject_release(self):
        """Decline the release of documents."""
        for document in self:
            self.env["mfg.release"].browse(
                document._mfg_current_release().id
            ).action_reject()
