"""How many messages a minute a key may still send.

All processes together keep to the limit, yet a request rarely asks the database: a
process takes a share of what is left of the minute's allowance at a time, so that there is
something left for however many processes. Taking it also notes when and from where the key
was last used.
"""

import logging
import threading
import time

import psycopg2

_logger = logging.getLogger(__name__)

#: a process takes this part of what is left
SHARES = 20
#: what a process takes of a key without a limit; of that nothing is counted
UNLIMITED = 2**31 - 1
_TRIES = 3
_LEASE = """
    WITH moment AS (
        SELECT timezone('UTC', clock_timestamp()) AS now,
               date_trunc('minute', timezone('UTC', clock_timestamp())) AS minute
    ), former AS (
        SELECT window_used FROM mfg_integration_credential_state, moment
         WHERE credential_id = %(id)s AND window_at = minute
    ), taken AS (
        SELECT GREATEST(CEIL(
                   (%(quota)s - COALESCE((SELECT window_used FROM former), 0)) / %(shares)s
               ), 0)::integer AS counted
    )
    INSERT INTO mfg_integration_credential_state AS s
           (credential_id, last_used_at, last_used_addr, window_at, window_used)
    SELECT %(id)s, now, %(addr)s, minute, counted FROM moment, taken
        ON CONFLICT (credential_id) DO UPDATE
           SET last_used_at = excluded.last_used_at,
               last_used_addr = excluded.last_used_addr,
               window_at = excluded.window_at,
               window_used = CASE WHEN s.window_at = excluded.window_at
                                  THEN s.window_used + excluded.window_used
                                  ELSE excluded.window_used END
     RETURNING (SELECT counted FROM taken),
               EXTRACT(epoch FROM s.window_at + interval '1 minute' - s.last_used_at)::float8
"""


class Quotas:
    """The shares that this process holds."""

    def __init__(self):
        self._lock = threading.Lock()
        #: one request asks for a share, the others wait for it: each has a connection
        #: already, and a second one for each would use up the server's
        self._leasing = threading.Lock()
        # (database, credential id, quota) → [messages left, monotonic end, nothing granted]
        self._held = {}

    def take(self, registry, credential_id, quota, addr):
        """Take one message out of the allowance of a key.

        :param quota: messages a minute, 0 for any number
        :return: None, or the seconds to wait
        """
        name = (registry.db_name, credential_id, quota)
        known, pause = self._draw(name)
        if known:
            return pause
        with self._leasing:
            known, pause = self._draw(name)
            if known:
                return pause
            granted, seconds = self._lease(registry, credential_id, quota, addr)
            end = time.monotonic() + seconds
            with self._lock:
                self._held[name] = [max(granted - 1, 0), end, granted == 0]
        return None if granted else seconds

    def _draw(self, name):
        """Take one message out of the share that is held.

        :return: (whether there is anything to say without the database, None or the seconds
            to wait)
        """
        now = time.monotonic()
        with self._lock:
            left, end, exhausted = self._held.get(name, (0, 0, False))
            if now < end and left > 0:
                self._held[name][0] -= 1
                return True, None
            if now < end and exhausted:
                return True, end - now
        return False, None

    def _lease(self, registry, credential_id, quota, addr):
        values = {
            "id": credential_id,
            "quota": quota,
            "shares": float(SHARES),
            "addr": addr,
        }
        for _try in range(_TRIES):
            try:
                with registry.cursor() as cr:
                    cr.execute(_LEASE, values)
                    counted, seconds = cr.fetchone()
                    return counted if quota else UNLIMITED, seconds
            except psycopg2.OperationalError:
                # another process takes its share at the same moment
                continue
        return 1, 0.0


def note_refusal(registry, credential_id, code, addr):
    """Note for the owner of a key why it was refused."""
    try:
        with registry.cursor() as cr:
            cr.execute(
                """
                INSERT INTO mfg_integration_credential_state AS s
                       (credential_id, refused_at, refused_code, refused_addr)
                VALUES (%(id)s, timezone('UTC', clock_timestamp()), %(code)s, %(addr)s)
                    ON CONFLICT (credential_id) DO UPDATE
                   SET refused_at = excluded.refused_at,
                       refused_code = excluded.refused_code,
                       refused_addr = excluded.refused_addr
                 WHERE s.refused_at IS NULL OR s.refused_code <> excluded.refused_code
                    OR s.refused_at < excluded.refused_at - interval '10 seconds'
                """,
                {"id": credential_id, "code": code, "addr": addr},
            )
    except psycopg2.OperationalError:
        _logger.debug("Somebody else noted a refusal at the same moment")
