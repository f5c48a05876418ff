"""Events out: decision records of the core become the structs of ``ccroute.events``, under the host's names."""

cimport cython

from ccroute.core.defs cimport (
    CANCEL_COMMAND, CAUSE_RULE, COOL_FOR_EVER, COOL_NEXT_AVAILABLE, END_PREEMPTED, NONE, RECORD_ABANDONED,
    RECORD_ACCEPTED, RECORD_ACTIVE, RECORD_CHANGED, RECORD_CHANNEL, RECORD_CLOSED, RECORD_DECLINED, RECORD_EXHAUSTED,
    RECORD_EXPIRED, RECORD_HELD, RECORD_LEG_ENDED, RECORD_LOAD, RECORD_NEXT_PRESENCE, RECORD_OFFERED, RECORD_OVERDUE,
    RECORD_PARKED, RECORD_PAUSED, RECORD_PRESENCE, RECORD_QUEUED, RECORD_REQUEUED, RECORD_RESCINDED, RECORD_RESUMED,
    RECORD_SUSPENDED, RECORD_TRANSFERRED, RECORD_WRAP_UP_ENDED, RECORD_WRAP_UP_EXTENDED, RECORD_WRAP_UP_STARTED,
    REASON_NOT_ELIGIBLE, RECORD_ACTION, RECORD_CALLBACK_DROPPED, RECORD_CALLBACK_DUE, RECORD_ENDED_BY_TIME, RECORD_HOURS,
    RECORD_LOST, RECORD_PREFERRED_ENDED, RECORD_RULE, RECORD_SCHEDULED, RULE_BITS, RULE_OWN, ctz64, int32_t,
)

from ccroute.engine.fields cimport ACTOR, CHANNEL, CONTACT_ID, CONVERSATION_ID, CUSTOMER_ID, PARENT_ID, read
from ccroute.engine.statistics cimport Statistics

from msgspec import UNSET as NOT_GIVEN

from ccroute.commands import ConsultAgent, ContactPatch, SetPresence
from ccroute.engine.explain import GaveWay
from ccroute.engine.plans import field_names
from ccroute.engine.queries import unserved
from ccroute.events import (
    ActionRequested, AgentLost, CallbackDropped, CallbackDue, ContactExpired, ContactScheduled, HoursClosed, HoursOpened,
    PreferredEnded, RuleFired,
    ChannelChanged, CommandRefused, CommandRepeated, Configured, ContactAbandoned, ContactActive, ContactCancelled, ContactChanged,
    ContactClosed, ContactHeld, ContactOverdue, ContactParked, ContactQueued, ContactRequeued, ContactResumed,
    ContactSuspended, ContactTransferred, ExternalLoadSet, LegEnded, NextPresenceSet, OfferAccepted, OfferDeclined,
    OfferExpired, OfferMade, OfferRescinded, OffersExhausted, PresenceChanged, QueueOpened, QueuePaused,
    WrapUpEnded, WrapUpExtended, WrapUpStarted,
)
from ccroute.types import (
    FOR_EVER, NEXT_AVAILABLE, CallbackEnd, LegEnd, PreferredEnd, OfferMode, ParkClock, Presence, RefusalReason, RequeueReason, RescindReason, Rule,
    SuspendReason, TransferMode,
)

cdef enum:
    BY_COMMAND = 1
    BY_NEXT_PRESENCE = 2
    BY_LOSS = 4
    BY_RETURN = 5
    BY_JOINING = 1                # as z of RECORD_CHANGED
    BY_RULE = 2

cdef list CAUSES = [
    None, "timer:offer", "timer:wrap_up", "timer:cooldown", "timer:after", "timer:overdue", "timer:park", "timer:guard",
    "timer:rule", "timer:lease", "timer:lost", "timer:hours", "timer:callback",
]
cdef list PRESENCES = [Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY]
cdef list LEG_ENDS = list(LegEnd)
cdef list RESCINDS = list(RescindReason)
cdef list REQUEUES = list(RequeueReason)
cdef list SUSPENDS = list(SuspendReason)
cdef list MODES = list(OfferMode)
cdef list CLOCKS = list(ParkClock)
cdef list TRANSFERS = list(TransferMode)
cdef list RULES = list(Rule)
cdef int64_t SERVED_BITS = sum(1 << list(Rule).index(rule) for rule in (Rule.MEMBERSHIP, Rule.AFTER, Rule.REQUIREMENT))
cdef list REASONS = [None, *RefusalReason]
cdef tuple PATCH_FIELDS = ContactPatch.__struct_fields__
cdef str NO_ANSWER = "no_answer"
cdef str LOST = "lost"
cdef list WHENS = [
    "after", "ahead", "entry", "offers_exhausted", "nobody_online", "overdue", "closed", "opened", "limit", "expedited",
]
cdef list EXPIRED = ["length", "in_queue", "ttl", "closed", "callback_attempts", "callback_expired", "rule"]
cdef list PREFERRED_ENDS = list(PreferredEnd)
cdef list CALLBACK_ENDS = list(CallbackEnd)
# Reasons of ContactCancelled that no command gives, by CancelWhy.
cdef list CANCELS = [None, "unanswered", "parent ended", "rule", "customer returned"]


@cython.final
cdef class Output:
    """Numbers events and builds them."""

    def __cinit__(self, Names names, int64_t seq):
        self.names = names
        self.seq = seq
        self.at_us = 0
        names.output = self

    cdef void begin(self, list events, object command, object cause) noexcept:
        """Say where events go from here, and which command and cause are those of records that a command caused."""
        self.events = events
        self.command = command
        self.cause = cause
        self.names.statistics.is_consulting = type(command) is ConsultAgent
        self.actor = None if command is None else read(command, ACTOR)

    cdef int drain(self) except -1:
        """Append the events of the records written, and empty the records."""
        cdef Record* record
        cdef int32_t at
        cdef list events = self.events
        cdef object command = self.command
        cdef object cause = self.cause
        cdef Statistics statistics = self.names.statistics
        cdef object actor = self.actor
        for at in range(self.names.acd.floor.record_count):
            record = &self.names.acd.floor.records[at]
            self.seq += 1
            statistics.fold(record)
            if record.at != self.at:
                # Events of one moment share the object that tells it.
                self.at = record.at
                self.at_us = record.at
            if record.cause == CAUSE_RULE:
                events.append(self.event(record, None, self.rule_cause(record.rule), None))
            elif record.cause:
                events.append(self.event(record, None, CAUSES[record.cause], None))
            else:
                events.append(self.event(record, command, cause, actor))
        self.names.acd.floor.record_count = 0
        return 0

    cdef str rule_cause(self, int32_t rule):
        """Return the cause of what a rule brings about."""
        cdef str queue_id = self.names.queue_ids[rule >> RULE_BITS]
        if rule & RULE_OWN:
            return f"rule:{queue_id}/own/{rule & (RULE_OWN - 1)}"
        return f"rule:{queue_id}/{rule & (RULE_OWN - 1)}"

    def tell_configured(self, told) -> None:
        """Tell that another configuration is in force, before anything that follows from it."""
        self.seq += 1
        self.events.append(
            Configured(
                seq=self.seq, at_us=self.names.acd.floor.now, cause=self.cause, actor=self.actor, version=told.version,
                changed=told.changed, removed=told.removed,
            )
        )

    cdef object event(self, Record* record, object command, object cause, object actor):
        """Build the event of a record; the most frequent kinds come first."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef str agent_id = None if record.agent == NONE else <str>names.agent_ids[record.agent]
        cdef str queue_id = None if record.queue == NONE else <str>names.queue_ids[record.queue]
        cdef object contact_id
        if kind == RECORD_QUEUED:
            return self.queued(record, cause, actor)
        if record.contact == NONE:
            return self.of_agent(record, command, cause, actor)
        contact = names.contacts[record.contact]
        contact_id = read(contact, CONTACT_ID)
        if kind == RECORD_OFFERED:
            return OfferMade(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, offer_id=self.offer_id(record.offer),
                contact_id=contact_id, agent_id=agent_id, queue_id=queue_id, channel=read(contact, CHANNEL),
                customer_id=read(contact, CUSTOMER_ID),
                mode=MODES[record.z], rank=record.y if record.y > 0 else self.rank_of(record, queue_id), cost=record.x,
                expires_at_us=None if record.a == NONE else record.a,
                victim=None if record.b == NONE else read(names.contacts[record.b], CONTACT_ID),
            )
        if kind == RECORD_ACCEPTED:
            return OfferAccepted(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, offer_id=self.offer_id(record.offer),
                contact_id=contact_id, agent_id=agent_id,
            )
        if kind == RECORD_ACTIVE:
            return ContactActive(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                offer_id=self.offer_id(record.offer), queue_id=queue_id, channel=self.names.channel_ids[record.y], cost=record.x,
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
            if record.x == END_PREEMPTED:
                self.note_gave_way(record, "leg.ended", RescindReason.PREEMPTED, record.y)
            return LegEnded(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, agent_id=agent_id,
                reason=LEG_ENDS[record.x], began_at_us=record.a, handled_us=record.b,
            )
        if kind == RECORD_CLOSED:
            return ContactClosed(
                seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id, queue_id=queue_id,
                disposition=names.dispositions.get(record.contact) if names.dispositions and not record.x else None,
                waited_us=record.a,
            )
        return self.less_frequent(record, contact_id, agent_id, queue_id, command, cause, actor)

    cdef object rank_of(self, Record* record, object queue_id):
        """Return the rank of a queue for an agent that got an offer without being eligible; 1 where it does not serve it so."""
        if record.y < 0 and unserved(self.names, record.contact, record.agent) & SERVED_BITS:
            return 1
        return self.names.classes.agents[record.agent].queues.get(queue_id, 1)

    cdef str offer_id(self, int64_t seq):
        """Return the id of an offer; the events of an accept in a row share one."""
        if seq != self.last_offer:
            self.last_offer = seq
            self.last_offer_id = f"o{seq}"
        return self.last_offer_id

    cdef object queued(self, Record* record, object cause, object actor):
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

    cdef int note_gave_way(self, Record* record, str event, object reason, int32_t by) except -1:
        """Remember to whom a contact gave way last, for those who ask why it waits."""
        self.names.gave_way[record.contact] = GaveWay(
            by_contact_id=read(self.names.contacts[by], CONTACT_ID), agent_id=self.names.agent_ids[record.agent], event=event,
            reason=RescindReason(reason), at_us=record.at,
        )
        return 0

    cdef object less_frequent(
        self, Record* record, object contact_id, object agent_id, object queue_id, object command, object cause, object actor
    ):
        """Build the event of a record on a contact that is not part of a plain life."""
        cdef int kind = record.kind
        own = dict(seq=self.seq, at_us=self.at_us, cause=cause, actor=actor, contact_id=contact_id)
        if kind == RECORD_DECLINED:
            return OfferDeclined(
                **own, offer_id=self.offer_id(record.offer), agent_id=agent_id, cooldown_us=told_cooldown(record),
                reason=command.reason if record.x else None,
            )
        if kind == RECORD_EXPIRED:
            return OfferExpired(
                **own, offer_id=self.offer_id(record.offer), agent_id=agent_id, expiries=record.x, cooldown_us=record.a
            )
        if kind == RECORD_RESCINDED:
            return self.rescinded(record, own, agent_id)
        if kind == RECORD_EXHAUSTED:
            return OffersExhausted(**own, queue_id=queue_id, offers=record.x)
        if kind == RECORD_HELD:
            return ContactHeld(**own, agent_id=agent_id)
        if kind == RECORD_RESUMED:
            return ContactResumed(**own, agent_id=agent_id)
        if kind == RECORD_SUSPENDED:
            self.note_gave_way(record, "contact.suspended", SUSPENDS[record.x], <int32_t>record.b)
            return ContactSuspended(
                **own, agent_id=agent_id, by_contact_id=self.other_contact(record.b), reason=SUSPENDS[record.x]
            )
        if kind == RECORD_TRANSFERRED:
            return ContactTransferred(
                **own, agent_id=agent_id, from_queue_id=self.names.queue_ids[record.x], to_queue_id=queue_id,
                to_agent_id=None if record.y == NONE else self.names.agent_ids[record.y], mode=TRANSFERS[record.z],
                cooldown_us=record.a,
            )
        if kind == RECORD_WRAP_UP_EXTENDED:
            return WrapUpExtended(**own, agent_id=agent_id, ends_at_us=None if record.a == NONE else record.a)
        if kind == RECORD_ABANDONED:
            return ContactAbandoned(**own, queue_id=queue_id or None, reason=command.reason, waited_us=record.a)
        if kind == RECORD_REQUEUED:
            return ContactRequeued(
                **own, queue_id=queue_id, place_at_us=record.a, tier=record.x, head_start_us=record.offer,
                reason=REQUEUES[record.y], by_contact_id=self.other_contact(record.b),
            )
        return self.rare(record, own, queue_id, command)

    cdef object rare(self, Record* record, dict own, object queue_id, object command):
        """Build the event of a record that most contacts never have."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef object contact = names.contacts[record.contact]
        if kind == RECORD_OVERDUE:
            return ContactOverdue(**own, queue_id=queue_id, in_queue_us=record.a)
        if kind == RECORD_PARKED:
            return ContactParked(
                **own, handle=names.acd.contact_handle(record.contact), queue_id=queue_id or None, channel=read(contact, CHANNEL),
                customer_id=read(contact, CUSTOMER_ID), conversation_id=read(contact, CONVERSATION_ID),
                parent_id=read(contact, PARENT_ID), clock=CLOCKS[record.x],
                until_us=None if record.a == NONE else record.a,
            )
        if kind == RECORD_CHANGED:
            changed = ["queue_id"]
            if record.z == BY_RULE:
                changed = list(field_names(record.offer))
            elif record.z != BY_JOINING:
                changed = [name for name in PATCH_FIELDS if getattr(command.patch, name) is not NOT_GIVEN]
            return ContactChanged(
                **own, changed=changed, queue_id=queue_id or None, channel=read(contact, CHANNEL),
                conversation_id=read(contact, CONVERSATION_ID), requires=contact.requires, tier=record.x,
                head_start_us=record.b, cost=contact.cost, place_at_us=record.a, version=record.y,
            )
        if kind == RECORD_CHANNEL:
            return ChannelChanged(
                **own, from_channel=names.channel_ids[record.x], to_channel=names.channel_ids[record.y], version=record.a
            )
        if kind >= RECORD_SCHEDULED:
            return self.of_time(record, own, queue_id)
        return ContactCancelled(
            **own, queue_id=queue_id or None, waited_us=record.a,
            reason=command.reason if record.z == CANCEL_COMMAND else CANCELS[record.z],
        )

    cdef object of_time(self, Record* record, dict own, object queue_id):
        """Build the event of a record on what time or a rule does to a contact."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef object contact = names.contacts[record.contact]
        own["queue_id"] = queue_id or None
        if kind == RECORD_RULE:
            return RuleFired(**own, rule=record.x, own=bool(record.z), when=WHENS[record.y])
        if kind == RECORD_ENDED_BY_TIME:
            return ContactExpired(**own, waited_us=record.a, reason=EXPIRED[record.x])
        if kind == RECORD_PREFERRED_ENDED:
            return PreferredEnded(**own, reason=PREFERRED_ENDS[record.x])
        own["customer_id"] = read(contact, CUSTOMER_ID)
        if kind == RECORD_ACTION:
            return ActionRequested(
                **own, conversation_id=read(contact, CONVERSATION_ID), report=names.plans.steps(record.y)[record.x].report
            )
        own["parent_id"] = read(contact, PARENT_ID)
        if kind == RECORD_CALLBACK_DUE:
            return CallbackDue(**own, attempt=record.x, attempts_max=record.y, expires_at_us=record.a)
        if kind == RECORD_CALLBACK_DROPPED:
            return CallbackDropped(
                **own, reason=CALLBACK_ENDS[record.x], by_contact_id=self.other_contact(record.b)
            )
        return ContactScheduled(
            **own, handle=names.acd.contact_handle(record.contact), channel=read(contact, CHANNEL),
            conversation_id=read(contact, CONVERSATION_ID), due_at_us=record.a,
        )

    cdef object rescinded(self, Record* record, dict own, object agent_id):
        """The one for whom an offer was taken back is remembered."""
        cdef object reason = RESCINDS[record.x]
        if record.b != NONE:
            self.note_gave_way(record, "offer.rescinded", reason, <int32_t>record.b)
        return OfferRescinded(
            **own, offer_id=self.offer_id(record.offer), agent_id=agent_id, reason=reason,
            by_contact_id=self.other_contact(record.b),
        )

    cdef object other_contact(self, int64_t slot):
        """Return the id of another contact, None without."""
        return None if slot == NONE else read(self.names.contacts[slot], CONTACT_ID)

    cdef object of_agent(self, Record* record, object command, object cause, object actor):
        """Build the event of a record on an agent or a queue alone; an agent's labels are kept here."""
        cdef int kind = record.kind
        cdef Names names = self.names
        cdef object label = command.label if type(command) is SetPresence else None
        own = dict(seq=self.seq, at_us=self.at_us, cause=cause, actor=actor)
        if kind == RECORD_PRESENCE:
            if record.a == BY_NEXT_PRESENCE:
                label = names.next_labels[record.agent]
            elif record.a == BY_LOSS:
                label = LOST
                names.lost_labels[record.agent] = names.agent_labels[record.agent]
            elif record.a == BY_RETURN:
                label = names.lost_labels[record.agent]
            elif record.a != BY_COMMAND:
                label = NO_ANSWER
            names.statistics.note_presence(record, names.agent_labels[record.agent])
            names.agent_labels[record.agent] = label
            names.next_labels[record.agent] = None
            return PresenceChanged(
                **own, agent_id=names.agent_ids[record.agent], presence=PRESENCES[record.x], label=label,
                previous=PRESENCES[record.y],
            )
        if kind == RECORD_NEXT_PRESENCE:
            names.next_labels[record.agent] = label
            return NextPresenceSet(**own, agent_id=names.agent_ids[record.agent], presence=PRESENCES[record.x], label=label)
        if kind == RECORD_LOAD:
            return ExternalLoadSet(
                **own, agent_id=names.agent_ids[record.agent], channel=names.channel_ids[record.x], units=record.y
            )
        if kind == RECORD_LOST:
            return AgentLost(
                **own, agent_id=names.agent_ids[record.agent], lease_us=record.a, grace_ends_at_us=record.b
            )
        if kind == RECORD_HOURS:
            return (HoursOpened if record.x else HoursClosed)(
                **own, queue_id=names.queue_ids[record.queue], until_us=None if record.a == NONE else record.a
            )
        return (QueuePaused if kind == RECORD_PAUSED else QueueOpened)(**own, queue_id=names.queue_ids[record.queue])

    cdef object refused(self, object command, object cause, int64_t at_us, int reason):
        """Build the one event of a command that cannot be carried out right now."""
        cdef int64_t broken = self.names.acd.broken
        self.seq += 1
        return CommandRefused(
            seq=self.seq, at_us=at_us, cause=cause, actor=command.actor, reason=REASONS[reason],
            command=type(command).__struct_config__.tag, contact_id=getattr(command, "contact_id", None),
            agent_id=getattr(command, "agent_id", None), offer_id=getattr(command, "offer_id", None),
            queue_id=getattr(command, "queue_id", None),
            rule=RULES[ctz64(broken)] if reason == REASON_NOT_ELIGIBLE and broken else None,
        )

    cdef object repeated(self, object command, object cause, int64_t at_us, int64_t first_seq, int64_t count):
        """Build the one event of a command whose id is remembered."""
        self.seq += 1
        return CommandRepeated(
            seq=self.seq, at_us=at_us, cause=cause, actor=command.actor, command_id=command.command_id, first_seq=first_seq,
            count=count,
        )


cdef object told_cooldown(Record* record):
    """Return the cool-down of a decline as events tell it."""
    if record.z == COOL_NEXT_AVAILABLE:
        return NEXT_AVAILABLE
    return FOR_EVER if record.z == COOL_FOR_EVER else record.a
