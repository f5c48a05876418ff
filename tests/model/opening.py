"""Queues that open and close by their hours."""

from __future__ import annotations

from typing import Any

from ccroute import events
from tests.model.hours import is_open, next_change
from tests.model.plans import Plans
from tests.model.state import Timer


class Opening(Plans):
    """The changes of hours, each a timer of its queue."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.hours_timers: dict[str, Timer] = {}

    def _wait_for_all_hours(self) -> None:
        for queue_id in self.config.queues:
            self._wait_for_hours(queue_id)

    def _wait_for_hours(self, queue_id: str) -> None:
        """Arm the timer of a queue for its next change, anew."""
        self._disarm(self.hours_timers.pop(queue_id, None))
        queue = self.config.queues.get(queue_id)
        due = None if queue is None else next_change(queue.hours, self.now)
        if due is not None:
            self.hours_timers[queue_id] = self._arm(due, "hours", lambda: self._change_hours(queue_id))

    def _change_hours(self, queue_id: str) -> None:
        """Tell that a queue has opened or closed; those who wait in it are looked at."""
        hours = self.config.queues[queue_id].hours
        kind = events.HoursOpened if is_open(hours, self.now) else events.HoursClosed
        self._tell(kind, queue_id=queue_id, until_us=next_change(hours, self.now))
        self._wait_for_hours(queue_id)
        for contact in self.figures.queued(queue_id):
            self._look_at(contact)
