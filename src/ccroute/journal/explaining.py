"""Explains an event of a journal: the journal says from where to replay, the engine says what was decided."""

from __future__ import annotations

from ccroute.engine.decisions import Decision
from ccroute.engine.replaying import explain_decision
from ccroute.errors import EventNotReached, OutOfRange
from ccroute.journal.records import entries_of, head_of
from ccroute.journal.recovery import begin_at, replay
from ccroute.ports import Journal, Record

__all__ = ["explain_event"]


def explain_event(journal: Journal, event: int) -> Decision:
    """Return what led to an event of a journal, and between whom was chosen where it made an offer.

    The records from the newest good snapshot before it on are replayed, and compared with what they gave then.
    ``Decision.call`` counts within the record. O(heads of records + commands behind the snapshot).

    :param event: seq of the event.
    :raises OutOfRange: ``event`` is not above 0, or its record is not kept any more.
    :raises EventNotReached: the journal ends before the event.
    :raises JournalCorrupt: the journal does not hold what was written to it.
    :raises OtherRules: records before the event were written under other rules.
    :raises ReplayDiverged: they do not give what they gave then.
    """
    record = _record_of(journal, event)
    origin = begin_at(journal, record.seq - 1)
    for _ in replay(journal, origin, record.seq - 1):
        pass
    calls = [(entry.command, entry.at_us) for entry in entries_of(record)]
    with_state = origin.engine.snapshot()
    origin.engine.close()
    return explain_decision(with_state, calls, event, allow_jump=True)


def _record_of(journal: Journal, event: int) -> Record:
    first = None
    for record in journal.records(journal.first_seq() - 1):
        head = head_of(record.head, journal.name, record.seq)
        first = head.first_event if first is None else first
        if event < first:
            raise OutOfRange("event", event, f"the seq of an event that is kept, {first} or above")
        if event < head.first_event + head.events:
            return record
    raise EventNotReached(f"event {event} is not reached: {journal.name} ends before it")
