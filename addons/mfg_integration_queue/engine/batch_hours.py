"""The times of the week at which batch messages may be sent."""

from dataclasses import dataclass
from datetime import timezone

import pytz


@dataclass(frozen=True, slots=True)
class BatchHours:
    """Windows in local time; none at all means always."""

    #: (weekday 0-6 from Monday, first minute of the day, minute after the last one)
    windows: tuple[tuple[int, int, int], ...] = ()
    zone: str = "UTC"

    def are_open(self, moment):
        """Tell whether batch messages may be sent.

        :param moment: aware datetime
        """
        if not self.windows:
            return True
        local = moment.astimezone(timezone.utc).astimezone(pytz.timezone(self.zone))
        minute = local.hour * 60 + local.minute
        return any(
            weekday == local.weekday() and first <= minute < end
            for weekday, first, end in self.windows
        )
