from odoo.exceptions import UserError, ValidationError
from odoo.tests.common import tagged

from ..engine.rate_limits import RateLimits
from .common import GROUP
from .test_breaker import GateCase


@tagged("post_install", "-at_install")
class TestFallback(GateCase):
    """What documents and messages do while the other side is down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.worker = cls._user("worker", f"{GROUP}viewer")
        cls.interface.write({"fallback_mode": "block", "owner_id": cls.integrator.id})

    def _complete(self):
        """Do what completes a document, as a user of one company."""
        self._emit(user=self.worker)

    def test_iq_35_document_is_refused_with_interface_and_owner(self):
        self._complete()
        self._deliveries()
        self._opened()
        with self.assertRefused(UserError, "interface Note changed"):
            self._complete()
        with self.assertRefused(UserError, f"Ask {self.operator.login}"):
            self._complete()
        with self.assertRefused(UserError, "MES One, which is not reachable"):
            self._complete()
        self.assertEqual(len(self._deliveries()), 1)

    def test_iq_35_owner_of_the_contract_is_named_when_nobody_else_is(self):
        self.interface.exception_owner_id = False
        self._complete()
        self._deliveries()
        self._opened()
        with self.assertRefused(UserError, f"Ask {self.integrator.login}"):
            self._complete()

    def test_iq_35_one_document_passes_to_find_out_that_it_is_back(self):
        self._opened()
        self._complete()
        self._deliveries()
        with self.assertRefused(UserError, "not reachable"):
            self._complete()

    def test_iq_35_document_passes_again_afterwards(self):
        self._complete()
        self._deliveries()
        self._opened()
        self.states.close(self.endpoint.id)
        self._complete()
        self.assertEqual(len(self._deliveries()), 2)

    def test_iq_35_paused_endpoint_refuses_too(self):
        self.endpoint.with_user(self.integrator).action_pause("Upgrade")
        with self.assertRefused(UserError, "MES One, which is paused"):
            self._complete()

    def test_iq_35_other_interfaces_of_the_endpoint_wait(self):
        other = self._interface("other.changed", "Other")
        self._subscribe(other, self.endpoint, self.company)
        self._complete()
        self._deliveries()
        self._opened()
        self._emit(code="other.changed", user=self.worker)
        self.assertEqual(len(self._deliveries()), 2)

    def test_endpoint_is_not_its_own_alternate(self):
        with self.assertRefused(ValidationError, "its own alternate"):
            self.endpoint.alternate_id = self.endpoint

    def test_alternate_belongs_to_the_same_company(self):
        system = self.env["mfg.integration.system"].create(
            {
                "name": "MES Two",
                "code": "mes-two",
                "company_id": self.other_company.id,
            }
        )
        stranger = self._endpoint("Stranger", system_id=system.id)
        with self.assertRefused(UserError, "company"):
            self.endpoint.alternate_id = stranger

    def test_rate_is_shared_by_the_workers(self):
        self.endpoint.rate_limit = 8
        self.env.flush_all()
        endpoints = self.env["mfg.integration.endpoint"]._dispatch_settings().endpoints
        settings = endpoints[self.endpoint.id]
        self.states.ensure([self.endpoint.id])
        one, two = RateLimits(self.states), RateLimits(self.states)
        granted = one.allow(settings, 100)
        self.assertEqual(granted, 2, "a quarter of a second at once")
        one.spend(settings, granted)
        self.assertEqual(two.allow(settings, 100), 0)
        self.assertEqual(one.allow(settings, 100), 0)
        self.env.cr.execute(
            "UPDATE mfg_integration_endpoint_state SET rate_at = rate_at - interval '10 s'"
        )
        self.assertEqual(self.states.take_tokens(self.endpoint.id, 8, 100)[0], 2)

    def test_slow_rate_and_no_rate(self):
        self.states.ensure([self.endpoint.id])
        granted, seconds = self.states.take_tokens(self.endpoint.id, 0.1, 5)
        self.assertEqual(granted, 1, "one message every ten seconds")
        self.assertAlmostEqual(seconds, 10, delta=1)
        endpoints = self.env["mfg.integration.endpoint"]._dispatch_settings().endpoints
        self.assertEqual(
            RateLimits(self.states).allow(endpoints[self.endpoint.id], 500), 500
        )
