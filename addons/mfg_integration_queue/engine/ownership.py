"""Which dispatcher delivers which partition: session advisory locks, nothing else.

A lock disappears with its connection, so a dead dispatcher is replaced at once and a slow
one never by mistake. The connection serves the locks and LISTEN only.
"""

from .wakeup import CHANNEL, workers_alive

#: first key of the locks on partitions
PARTITION_LOCK = 0x4D464750
MAX_PARTITIONS = 64


def _key(partition):
    endpoint_id, part = partition
    return endpoint_id * MAX_PARTITIONS + part


class Ownership:
    """The partitions this dispatcher owns."""

    def __init__(self, connection):
        self._connection = connection
        self._cursor = connection.cursor()
        self.owned = set()

    def listen(self):
        """Hear wake-ups from now on."""
        self._cursor.execute(f"LISTEN {CHANNEL}")

    def fileno(self):
        """Allow ``select`` to wait for notifications."""
        return self._connection.fileno()

    def notifications(self):
        """Return the payloads of the wake-ups that came in.

        :raises psycopg2.OperationalError: the connection is gone, and every lock with it
        """
        self._connection.poll()
        payloads = {notify.payload for notify in self._connection.notifies}
        self._connection.notifies.clear()
        return payloads

    def surplus(self, wanted):
        """Return the owned partitions to give up: those not wanted any more, and those
        beyond a fair share among the dispatchers alive."""
        gone = self.owned - set(wanted)
        kept = sorted(self.owned - gone)
        return gone, kept[self._fair_share(wanted) :]

    def acquire(self, wanted):
        """Take free partitions up to a fair share.

        :param wanted: every partition there is
        :return: the partitions won now
        """
        need = self._fair_share(wanted) - len(self.owned)
        won = []
        for partition in wanted:
            if need <= len(won):
                break
            if partition not in self.owned and self._try(partition):
                won.append(partition)
        self.owned.update(won)
        return won

    def release(self, partition):
        """Give up one partition whose deliveries are all settled."""
        self.owned.discard(partition)
        self._cursor.execute(
            "SELECT pg_advisory_unlock(%s, %s)", [PARTITION_LOCK, _key(partition)]
        )

    def close(self):
        """Give up everything."""
        self.owned.clear()
        self._connection.close()

    def _fair_share(self, wanted):
        return -(-len(wanted) // max(workers_alive(self._cursor), 1))

    def _try(self, partition):
        self._cursor.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [PARTITION_LOCK, _key(partition)]
        )
        return self._cursor.fetchone()[0]
