"""Events out: decision records of the core become the structs of ``ccroute.events``, under the host's names."""

cimport cython

from ccroute.core.defs cimport (
    NONE, RECORD_ABANDONED, RECORD_ACCEPTED, RECORD_ACTIVE, RECORD_CLOSED, RECORD_DECLINED, RECORD_EXHAUSTED,
    RECORD_EXPIRED, RECORD_HELD, RECORD_LEG_ENDED, RECORD_NEXT_PRESENCE, RECORD_OFFERED, RECORD_PAUSED,
    RECORD_PRESENCE, RECORD_QUEUED, RECORD_RESCINDED, RECORD_RESUMED, RECORD_TRANSFERRED, RECORD_WRAP_UP_ENDED,
    RECORD_WRAP_UP_EXTENDED, RECORD_WRAP_UP_STARTED, int32_t,
)

from ccroute.engine.fields cimport ACTOR, CHANNEL, CONTACT_ID, CONVERSATION_ID, CUSTOMER_ID, PARENT_ID, read

from ccroute.commands import SetPresence
from ccroute.events import (
    CommandRefused, CommandRepeated, ContactAbandoned, ContactActive, ContactCancelled, ContactClosed, ContactHeld,
    ContactQueued, ContactResumed, ContactTransferred, LegEnded, NextPresenceSet, OfferAccepted, OfferDeclined,
    OfferExpired, OfferMade, OfferRescinded, OffersExhausted, PresenceChanged, QueueOpened, QueuePaused,
    WrapUpEnded, WrapUpExtended, WrapUpStarted,
)
from ccroute.types import LegEnd, OfferMode, Presence, RefusalReason, RescindReason, TransferMode

cdef enum:
    BY_COMMAND = 1
    BY_NEXT_PRESENCE = 2

cdef list CAUSES = [None, "timer:offer", "timer:wrap_up", "timer:cooldown"]
cdef list PRESENCES = [Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY]
cdef list LEG_ENDS = [LegEnd.COMPLETED, LegEnd.TRANSFERRED, LegEnd.CANCELLED]
cdef list RESCINDS = [RescindReason.ABANDONED, RescindReason.CANCELLED, RescindReason.PRESENCE]
cdef list MODES = [OfferMode.AUTO, OfferMode.RING]
cdef list REASONS = [None, *RefusalReason]
cdef object BLIND = TransferMode.BLIND
cdef str NO_ANSWER = "no_answer"


@cython.final
cdef class Output:
    """Numbers events and builds them."""

    def __cinit__(self, Names names, int64_t seq):
        self.names = names
        self.seq = seq
        self.at_us = 0

    cdef int drain(self, list events, object command, object cause) except -1:
        """Append the events of the records written, and empty the records.

        ``command`` and ``cause`` are those of records that a command caused, None where only timers ran.
        """
        cdef Record* record
        cdef int32_t at
        cdef object actor = None if command is None else read(command, ACTOR)
        for at in range(self.names.acd.floor.record_count):
            record = &self.names.acd.floor.records[at]
            self.seq += 1
            if record.at != self.at:
                # Events of one moment share the object that tells it.
                self.at = record.at
                self.at_us = record.at
            if record.cause:
                events.append(self.event(record, None, CAUSES[record.cause], None))
            else:
                events.append(self.event(record, command, cause, actor))
        self.names.acd.floor.record_count = 0
        return 0

    cdef object event(self, Record* record, object command, object cause, object actor):
        """Build the event of a record; the most frequent kinds come first."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef str agent_id = None if record.agent == NONE else <str>names.agent_ids[record.agent]
        cdef str queue_id = None if record.queue == NONE else <str>names.queue_ids[record.queue]
        cdef object contact_id
        if kind == RECORD_QUEUED:
            return self.queued(record, command, cause, actor)
        if record.contact == NONE:
            return self.of_agent(record, command, cause, actor)
        contact = names.contacts[record.contact]
        contact_id = read(contact, CONTACT_ID)
        if kind == RECORD_OFFERED:
            return OfferMade(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, offer_id=self.offer_id(record.offer),
                contact_id=contact_id, agent_id=agent_id, queue_id=queue_id, channel=read(contact, CHANNEL),
                customer_id=read(contact, CUSTOMER_ID),
                mode=MODES[names.acd.floor.queues[record.queue].mode], rank=record.y, cost=record.x,
                expires_at_us=None if record.a == NONE else record.a,
            )
        if kind == RECORD_ACCEPTED:
            return OfferAccepted(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, offer_id=self.offer_id(record.offer),
                contact_id=contact_id, agent_id=agent_id,
            )
        if kind == RECORD_ACTIVE:
            return ContactActive(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                offer_id=self.offer_id(record.offer), queue_id=queue_id, channel=read(contact, CHANNEL), cost=record.x,
                waited_us=record.a,
            )
        if kind == RECORD_WRAP_UP_STARTED:
            return WrapUpStarted(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                ends_at_us=None if record.a == NONE else record.a,
            )
        if kind == RECORD_WRAP_UP_ENDED:
            return WrapUpEnded(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                wrapped_us=record.a,
            )
        if kind == RECORD_LEG_ENDED:
            return LegEnded(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                reason=LEG_ENDS[record.x], began_at_us=record.a, handled_us=record.b,
            )
        if kind == RECORD_CLOSED:
            return ContactClosed(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, queue_id=queue_id,
                disposition=names.dispositions.get(record.contact) if names.dispositions else None, waited_us=record.a,
            )
        return self.less_frequent(record, contact_id, agent_id, queue_id, command, cause, actor)

    cdef str offer_id(self, int64_t seq):
        """Return the id of an offer; the events of an accept in a row share one."""
        if seq != self.last_offer:
            self.last_offer = seq
            self.last_offer_id = f"o{seq}"
        return self.last_offer_id

    cdef object queued(self, Record* record, object command, object cause, object actor):
        """The contact's own command is the one at hand, or was noted when it came."""
        cdef Names names = self.names
        cdef object contact = names.contacts[record.contact]
        return ContactQueued(
            seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=read(contact, CONTACT_ID),
            handle=names.acd.contact_handle(record.contact), queue_id=names.queue_ids[record.queue], channel=read(contact, CHANNEL),
            customer_id=read(contact, CUSTOMER_ID), conversation_id=read(contact, CONVERSATION_ID),
            parent_id=read(contact, PARENT_ID),
            tier=record.x, head_start_us=record.b, place_at_us=record.a,
        )

    cdef object less_frequent(
        self, Record* record, object contact_id, object agent_id, object queue_id, object command, object cause, object actor
    ):
        """Build the event of a record on a contact that is not part of a plain life."""
        cdef int kind = record.kind
        own = dict(seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id)
        if kind == RECORD_DECLINED:
            return OfferDeclined(
                **own, offer_id=self.offer_id(record.offer), agent_id=agent_id, cooldown_us=record.a,
                reason=command.reason if record.x else None,
            )
        if kind == RECORD_EXPIRED:
            return OfferExpired(
                **own, offer_id=self.offer_id(record.offer), agent_id=agent_id, expiries=record.x, cooldown_us=record.a
            )
        if kind == RECORD_RESCINDED:
            return OfferRescinded(**own, offer_id=self.offer_id(record.offer), agent_id=agent_id, reason=RESCINDS[record.x])
        if kind == RECORD_EXHAUSTED:
            return OffersExhausted(**own, queue_id=queue_id, offers=record.x)
        if kind == RECORD_HELD:
            return ContactHeld(**own, agent_id=agent_id)
        if kind == RECORD_RESUMED:
            return ContactResumed(**own, agent_id=agent_id)
        if kind == RECORD_TRANSFERRED:
            return ContactTransferred(
                **own, agent_id=agent_id, from_queue_id=self.names.queue_ids[record.x], to_queue_id=queue_id, mode=BLIND,
                cooldown_us=record.a,
            )
        if kind == RECORD_WRAP_UP_EXTENDED:
            return WrapUpExtended(**own, agent_id=agent_id, ends_at_us=None if record.a == NONE else record.a)
        if kind == RECORD_ABANDONED:
            return ContactAbandoned(**own, queue_id=queue_id, reason=command.reason, waited_us=record.a)
        return ContactCancelled(**own, queue_id=queue_id, reason=command.reason, waited_us=record.a)

    cdef object of_agent(self, Record* record, object command, object cause, object actor):
        """Build the event of a record on an agent or a queue alone; an agent's labels are kept here."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef object label = command.label if type(command) is SetPresence else None
        own = dict(seq=self.seq, at_us=self.at_us, cause=cause, actor=actor)
        if kind == RECORD_PRESENCE:
            if record.a == BY_NEXT_PRESENCE:
                label = names.next_labels[record.agent]
            elif record.a != BY_COMMAND:
                label = NO_ANSWER
            names.agent_labels[record.agent] = label
            names.next_labels[record.agent] = None
            return PresenceChanged(
                **own, agent_id=names.agent_ids[record.agent], presence=PRESENCES[record.x], label=label,
                previous=PRESENCES[record.y],
            )
        if kind == RECORD_NEXT_PRESENCE:
            names.next_labels[record.agent] = label
            return NextPresenceSet(**own, agent_id=names.agent_ids[record.agent], presence=PRESENCES[record.x], label=label)
        return (QueuePaused if kind == RECORD_PAUSED else QueueOpened)(**own, queue_id=names.queue_ids[record.queue])

    cdef object refused(self, object command, object cause, int64_t at_us, int reason):
        """Build the one event of a command that cannot be carried out right now."""
        self.seq += 1
        return CommandRefused(
            seq=self.seq, at_us=at_us, cause=cause, actor=command.actor, reason=REASONS[reason],
            command=type(command).__struct_config__.tag, contact_id=getattr(command, "contact_id", None),
            agent_id=getattr(command, "agent_id", None), offer_id=getattr(command, "offer_id", None),
            queue_id=getattr(command, "queue_id", None),
        )

    cdef object repeated(self, object command, object cause, int64_t at_us, int64_t first_seq, int64_t count):
        """Build the one event of a command whose id is remembered."""
        self.seq += 1
        return CommandRepeated(
            seq=self.seq, at_us=at_us, cause=cause, actor=command.actor, command_id=command.command_id, first_seq=first_seq,
            count=count,
        )
