"""Helpers for tests of what other systems tell us about a plant."""

import itertools
import json
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.mfg_integration_queue.engine import inbound_store as store

from .common import PlantCase

_keys = itertools.count(1)


def quantity(value, unit="Units"):
    """Return a quantity as messages have it."""
    return {"value": value, "unit": unit}


def moment(**ago):
    """Return a moment that long ago as messages have it."""
    return f"{(fields.Datetime.now() - timedelta(**ago)).isoformat()}Z"


class InboundPlantCase(PlantCase):
    """A system of the plant whose messages are processed by a service user with rights in
    this company only, and an operator who looks after them."""

    codes = ()
    service_groups = (
        "mrp.group_mrp_user,stock.group_stock_user,stock.group_production_lot,"
        "mrp.group_mrp_routings,mrp.group_mrp_byproducts"
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["mfg.integration.activation"]._activate("Test", "send")
        cls.service = cls.user("plant_test_service", cls.service_groups)
        cls.keeper = cls.user(
            "plant_test_keeper", "mfg_integration_queue.group_operator"
        )
        cls.system = cls.env["mfg.integration.system"].create(
            {
                "name": "Floor",
                "code": "test-floor",
                "kind": "mes",
                "company_id": cls.plant.id,
                "user_id": cls.service.id,
            }
        )
        cls.interfaces = cls.env["mfg.integration.interface"].search(
            [("code", "in", cls.codes), ("direction", "=", "inbound")]
        )
        cls.interfaces.exception_owner_id = cls.keeper
        cls.credential, _key = cls.env["mfg.integration.credential"]._issue(
            {
                "name": "Gateway",
                "system_id": cls.system.id,
                "interface_ids": [Command.set(cls.interfaces.ids)],
            }
        )
        cls.inbox = cls.env["mfg.integration.inbox"]

    @classmethod
    def user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups,
            company_id=cls.plant.id,
            company_ids=[Command.set(cls.plant.ids)],
        )

    def send(self, code, payload, key=None):
        """Take in one message past HTTP and return it, not yet processed."""
        caller = self.env["mfg.integration.credential"]._lookup(self.credential.prefix)
        answer, self.replayed = self.inbox._receive(
            caller,
            self.inbox._route(code),
            {
                "content-type": "application/json",
                "idempotency-key": key or f"plant-{next(_keys)}",
            },
            json.dumps(payload).encode(),
            None,
            "127.0.0.1",
        )
        self.env.invalidate_all()
        return self.inbox.search([("uuid", "=", answer["body"]["id"])])

    def process(self):
        """Process what is due, as the worker does."""
        while lanes := store.lane_heads(self.env.cr, 1000):
            for lane, _first in lanes:
                while begun := store.start(self.env.cr, lane, "test"):
                    self.inbox._process(begun[0])
        self.env.invalidate_all()

    def report(self, code, payload, key=None):
        """Take in and process one message, with what it wakes."""
        message = self.send(code, payload, key)
        self.process()
        return message

    def done(self, code, payload, key=None):
        """Report and expect that it was applied; returns the sender's result."""
        message = self.report(code, payload, key)
        self.assertEqual(message.state, "processed", message.error)
        return json.loads(message.result)

    def refused(self, code, payload, pattern):
        """Report and expect an exception that says so; returns it."""
        message = self.report(code, payload)
        self.assertEqual(message.state, "dead", message.error)
        exception = message.exception_id
        self.assertEqual(exception.owner_id, self.keeper)
        self.assertEqual(exception.activity_ids.user_id, self.keeper)
        self.assertRegex(exception.error, pattern)
        return exception

    def process_again(self, exception):
        """Resubmit as the keeper and process; returns the message."""
        exception.with_user(self.keeper).action_resubmit()
        self.process()
        return exception.inbox_id

    def let_time_pass(self, message, minutes):
        """Move a waiting message into the past, and make it due."""
        self.env.cr.execute(
            """
            UPDATE mfg_integration_inbox SET created_at = created_at - %s * interval '1 min'
             WHERE id = %s AND date_trunc('month', created_at)
                 = date_trunc('month', created_at - %s * interval '1 min')
            """,
            [minutes, message.id, minutes],
        )
        self.assertEqual(
            self.env.cr.rowcount, 1, "does not work in the first hour of a month"
        )
        self.env.cr.execute(
            """
            UPDATE mfg_integration_inbox_todo t SET next_at = NULL, inbox_at = i.created_at
              FROM mfg_integration_inbox i
             WHERE i.id = t.inbox_id AND t.inbox_id = %s
            """,
            [message.id],
        )
        self.env.invalidate_all()

    def on_hand(self, product, lot=None, location=None):
        domain = [
            ("product_id", "=", product.id),
            ("location_id", "child_of", (location or self.stock).id),
        ]
        if lot:
            domain.append(("lot_id.name", "=", lot))
        return sum(self.env["stock.quant"].search(domain).mapped("quantity"))

    @classmethod
    def xref(cls, record, name):
        return cls.env["mfg.integration.xref"].create(
            {
                "system_id": cls.system.id,
                "model_id": cls.env["ir.model"]._get_id(record._name),
                "res_id": record.id,
                "external_id": name,
            }
        )
