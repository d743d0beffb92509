"""A message that came in, as the handlers see it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class InboundMessage:
    """Everything about a message but its payload."""

    uuid: str
    #: code of the interface
    type: str
    system_id: int
    system_code: str
    company_id: int
    interface_id: int
    interface_version_id: int
    #: idempotency key
    key: str
    #: W3C trace context of the sender, or None
    traceparent: str | None
    #: selected headers, names in lower case
    headers: dict
    #: documents that came out of it: [{"model", "id", "name"}, …]
    links: list = field(default_factory=list)

    def link(self, records):
        """Note the documents that came out of this message."""
        for record in records:
            entry = {
                "model": record._name,
                "id": record.id,
                "name": record.display_name,
            }
            if entry not in self.links:
                self.links.append(entry)
