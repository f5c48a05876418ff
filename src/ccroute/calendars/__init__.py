"""Opening hours, holidays and time zones, resolved to the moments that an engine can follow.

Needs time zone data: that of the system, or the package ``tzdata``; and for national holidays the package ``holidays``.
The extra ``calendars`` brings both.
"""

from ccroute.calendars.hours import HoursLine, parse_hours
from ccroute.calendars.resolving import HOURS_DAYS, HOURS_DAYS_MAX, faults, resolve, resolve_queue

__all__ = ["HOURS_DAYS", "HOURS_DAYS_MAX", "HoursLine", "faults", "parse_hours", "resolve", "resolve_queue"]
