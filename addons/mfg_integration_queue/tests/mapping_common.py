"""Helpers for tests of mapped contracts."""

import json

from .inbound_common import InboundCase
from .test_delivery import EngineCase


class MappingMixin:
    """A value map, and what declares a mapping the way a consultant does."""

    @classmethod
    def _map(cls, name, entries=(), kind="value", **values):
        value_map = cls.env["mfg.integration.value.map"].create(
            {"name": name, "kind": kind, **values}
        )
        cls._entries(value_map, entries)
        return value_map

    @classmethod
    def _entries(cls, value_map, entries):
        return cls.env["mfg.integration.value.map.line"].create(
            [
                {
                    "map_id": value_map.id,
                    "internal_value": ours,
                    "external_value": theirs,
                    **(rest[0] if rest else {}),
                }
                for ours, theirs, *rest in entries
            ]
        )

    @classmethod
    def _declare(cls, version, *lines, **values):
        """Give an approved contract a mapping, as a shipped one has it."""
        version = version.sudo()
        version.state = "draft"
        version.write({**values, "mapping_line_ids": [(0, 0, line) for line in lines]})
        version.state = "approved"
        return version


class OutboundMappingCase(MappingMixin, EngineCase):
    """Plays the dispatcher's part for mapped deliveries."""

    def _plans(self):
        self.env.flush_all()
        return self.env["mfg.integration.endpoint"]._dispatch_settings().mappings

    def _send_mapped(self):
        """Map and deliver what waits, one of each lane after the other.

        :return: payloads as the receiver sees them, in order
        """
        plans, seen = self._plans(), []
        deliveries = self._fetch()
        failed = self.store.map_payloads(plans, deliveries)
        self.store.bury(
            [
                self._failed(delivery, failed[delivery.id])
                for delivery in deliveries
                if delivery.id in failed
            ],
            blocking=False,
        )
        sent = [each for each in deliveries if each.id not in failed]
        seen = [json.loads(each.mapped or each.payload) for each in sent]
        self.store.finish(
            [self._attempted(each, None, result={"status": 200}) for each in sent]
        )
        self.env.invalidate_all()
        return seen

    def _failed(self, delivery, outcome):
        attempted = self._attempted(delivery, outcome.verdict, reason=outcome.reason)
        attempted.outcome = outcome
        return attempted

    def _letters(self):
        return self.env["mfg.integration.dead"].search(
            [("endpoint_id", "=", self.endpoint.id)], order="id"
        )


class InboundMappingCase(MappingMixin, InboundCase):
    """Messages of another system in its own words."""
