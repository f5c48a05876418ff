"""A book kept from events alone: what a listener can know, and whether the promises hold in it.

It reads commands only for what events do not repeat: what an enqueued or changed contact asks for, cool-downs of a
command's own, to whom a consult or a join goes, and what an assignment ignores. Every event is checked against the
state before it; :meth:`Ledger.check_settled` checks the state after a call, :mod:`tests.audit` judges the choices.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ccroute import events
from ccroute.commands import Command
from ccroute.events import Event
from tests.config_book import ConfigBook
from tests.contact_book import OUT_OF_LINE
from tests.lives import WORKING

ENDS: Final = {f"contact.{end}": end for end in ("closed", "abandoned", "cancelled", "expired")}
OFFER_ENDS: Final = ("offer.accepted", "offer.declined", "offer.expired", "offer.rescinded")


class Ledger(ConfigBook):
    """Follows one engine by its events."""

    def read(self, told: list[Event], *given: Command) -> None:
        """Take in the events of a call, in order, and the commands it carried out."""
        self.commands += given
        for event in told:
            self.seq += 1
            assert event.seq == self.seq, "seq has a gap"
            assert event.at_us >= self.at_us, "time goes back"
            if (event.at_us, event.cause) != (self.at_us, self.cause):
                self.audit.check_units()
                self._offered_last = None
                self.check_graces(event.at_us, is_over=event.cause.startswith("command:"))
            self.at_us, self.cause = event.at_us, event.cause
            if self.is_by_rule:
                self.check_rule(event.cause)
            tag = str(event.__struct_config__.tag)
            self._count(event, tag)
            if not isinstance(event, events.OfferMade | events.OfferRescinded | events.OffersExhausted):
                self._set_aside.clear()
            if tag in ENDS:
                self._on_end(event, ENDS[tag])
            elif tag in OFFER_ENDS:
                self._on_offer_end(event)
            else:
                getattr(self, "_on_" + tag.replace(".", "_"))(event)

    def check_settled(self, now_us: int) -> None:
        """Check what has to hold between calls."""
        self.audit.check_units()
        self._offered_last = None
        for life in self.lives.values():
            if life.seek is not None and life.seek.direct is not None and not life.offers:
                life.seek = None  # nobody answered, and it stays with the agent who asked
            assert not life.is_unanswered
            assert life.state in ("queued", "active", "parked", "scheduled")
            assert life.queue_id in self.config.queues or (life.queue_id is None and life.state in OUT_OF_LINE)
            assert life.works or life.legs or life.state != "active"
            assert not life.moves
            assert not life.offers or life.is_in_line or life.direct or life.seek
            assert life.direct is None or life.offers, "kept for an agent without an offer to it"
            assert life.seek is None or life.legs[life.seek.seeker].state in WORKING
        self.audit.check_settled(now_us)
        self.check_time(now_us)

    def counters(self) -> dict[str, int]:
        """Return how many contacts were created, met each end, and are inside."""
        return self.counts | {"inside": len(self.lives)}

    def _count(self, event: Event, tag: str) -> None:
        self.happened[tag] += 1
        for name in ("reason", "mode", "rule", "clock"):
            value = getattr(event, name, None)
            if isinstance(value, StrEnum):
                self.happened[f"{tag}:{value}"] += 1
        if isinstance(event, events.RuleFired):
            self.happened[f"{tag}:{event.when}"] += 1
        if isinstance(event, events.ContactParked | events.ContactScheduled) and event.queue_id is None:
            self.happened[f"{tag}:no_queue"] += 1
        if isinstance(event, events.ContactTransferred) and event.to_queue_id and event.to_agent_id:
            self.happened[f"{tag}:kept"] += 1
        if isinstance(event, events.ContactExpired):
            self.happened[f"{tag}:{event.reason}"] += 1
        if self.cause.startswith("timer:"):
            self.happened[self.cause] += 1
        if isinstance(event, events.CommandRefused):
            self.happened[f"{event.command} refused: {event.reason}"] += 1
