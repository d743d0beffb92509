from odoo.tests import TransactionCase, new_test_user


class AuditCase(TransactionCase):
    """Partners and users are captured; an administrator decides, an auditor reads."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What is recorded on connections of their own stays within the test, too.
        if not cls.registry.in_test_mode():
            cls.registry.enter_test_mode(cls.cr)
            cls.addClassCleanup(cls.registry.leave_test_mode)
        cls.admin = new_test_user(
            cls.env,
            "audit-admin",
            "mfg_audit_trail.group_admin,base.group_partner_manager",
        )
        cls.auditor = new_test_user(
            cls.env, "audit-reader", "mfg_audit_trail.group_auditor"
        )
        cls.clerk = new_test_user(
            cls.env, "audit-clerk", "base.group_user,base.group_partner_manager"
        )
        cls.rules = cls.env["mfg.audit.rule"].with_user(cls.admin)
        cls.rule = cls.capture("res.partner")
        cls.partners = cls.env["res.partner"].with_user(cls.clerk)

    @classmethod
    def capture(cls, model, **values):
        """Capture a model from now on; return the rule."""
        model_id = cls.env["ir.model"]._get_id(model)
        return cls.rules.create({"model_id": model_id, **values})

    def events(self, *tables):
        """What the log holds of some tables, oldest first, as dicts."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT op::text, tbl, res_id, eff_uid, company_id, links, reason, old, new,
                   t.login_uid, t.origin, t.context
              FROM mfg_audit.event e
              JOIN mfg_audit.tx t ON t.cluster = e.cluster AND t.xid = e.xid
             WHERE tbl = ANY(%s) AND e.id > %s
          ORDER BY e.id
            """,
            [list(tables), self._seen],
        )
        return self.env.cr.dictfetchall()

    def setUp(self):
        super().setUp()
        self.forget()

    def forget(self):
        """Look only at what comes from now on."""
        self.env.flush_all()
        self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM mfg_audit.event")
        self._seen = self.env.cr.fetchone()[0]
