"""Configuration as the delivery engine needs it: plain values, read once, no ORM."""

from dataclasses import dataclass, field

from .batch_hours import BatchHours
from .outcome import RetrySchedule


@dataclass(frozen=True, slots=True)
class Secret:
    """A live signing secret of an endpoint."""

    id: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One endpoint whose messages may be delivered now."""

    id: int
    plant: str
    url: str
    networks: tuple
    timeout_connect: float
    timeout_read: float
    concurrency: int
    partitions: int
    schedule: RetrySchedule
    secrets: tuple[Secret, ...]
    #: company id → CloudEvents source
    sources: dict[int, str]
    transport: str = "https"
    #: path below the folder of the system, for transport ``file``
    folder: str = ""
    #: failures in a row that open the breaker
    breaker_failures: int = 5
    #: seconds the breaker stays open at first, and at most
    breaker_pause: float = 30.0
    breaker_longest: float = 900.0
    batch_hours: BatchHours = BatchHours()
    #: messages in one request, and whether its answer tells of each of them
    batch_size: int = 1
    answers_each: bool = False
    #: messages a second over all workers; 0 for any number
    rate_limit: float = 0.0
    #: endpoint that takes over while this one is paused or not reachable
    alternate_id: int | None = None
    #: nothing is sent to it; only those with an alternate are here at all
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a dispatcher knows about the configuration."""

    endpoints: dict[int, EndpointSettings]
    #: interfaces whose dead letter stops the messages behind it
    blocking_interfaces: frozenset[int]
    #: interfaces that go to the alternate endpoint while theirs is not reachable
    alternating_interfaces: frozenset[int] = frozenset()
    #: (interface version id, endpoint id) → :class:`.mapping.Plan`
    mappings: dict = field(default_factory=dict)
    #: interface version id → parsed paths of its confidential fields
    masks: dict = field(default_factory=dict)
    #: settings of PostgreSQL for the connection that writes down what happened
    session: dict = field(default_factory=dict)

    def partitions(self):
        """Return every (endpoint id, partition) there is to own."""
        return [
            (endpoint.id, part)
            for endpoint in self.endpoints.values()
            for part in range(endpoint.partitions)
        ]
