"""Commands in: each, checked whole before, is carried out on the core under its slots.

``apply_command`` returns why a command cannot be carried out right now, 0 where it was. Who is named is looked for first,
agents before the contact; then the core says what stands in the way; only then is anything noted here.
"""

from cpython.unicode cimport PyUnicode_READ_CHAR
from libc.stdint cimport int32_t, int64_t

from ccroute.core.acd cimport COMMAND_END_WRAP_UP, COMMAND_EXTEND_WRAP_UP, COMMAND_HOLD, COMMAND_RESUME, Acd
from ccroute.core.defs cimport (
    CONTACT_PARKED, COOL_DURATION, COOL_FOR_EVER, COOL_MOMENT, COOL_NEXT_AVAILABLE, COOL_QUEUE, NONE, PENDING_DECLINE,
    PENDING_RESCIND, REASON_CONTACTS_MAX, REASON_CONTACT_ENDED, REASON_NOT_ELIGIBLE, REASON_NO_QUEUE, REASON_QUEUE_DRAINING, REASON_VERSION,
    REFUSED_NOT, UNKNOWN_AGENT,
    UNKNOWN_CONTACT, UNKNOWN_OFFER, UNLIMITED, UNSAID, BRINGS_ASKS, BRINGS_CALLBACK, BRINGS_PLAN, BRINGS_PREFERRED,
    BRINGS_REQUIRES, BRINGS_SCOPE, BRINGS_WAIT, Contact, Course, Floor, Path, contact_at,
)
from ccroute.core.courses cimport course_for, phase_forget
from ccroute.core.waiting cimport place_now, waited_by
from ccroute.engine.checks cimport ID_LENGTH
from ccroute.engine.fields cimport (
    ACCEPT_OFFER_ID, ATTRIBUTES, CHANNEL, CLOCK, COMPLETE_AGENT_ID, COMPLETE_CONTACT_ID, COMPLETE_DISPOSITION,
    COMPLETE_WRAP_UP_US, CONTACT_ID, COST, CUSTOMER_ID, DUE_AT_US, EXCLUDED, HEAD_START_US, KEEPS_PLACE, LIMITS, PARENT_ID,
    PARKED, PLAN, PREFERRED, PREFERRED_REQUIRES, PREFERRED_SCOPE, PREFERRED_WAIT_US, QUEUE_ID, REQUIRES, SCORES, TIER, UNTIL_US, read,
)
from ccroute.engine.scrutiny cimport (
    ABANDON, ACCEPT, ASSIGN, CANCEL, CHANGE_CHANNEL, COMPLETE, CONFIGURE, CONNECT_FAILED, CONSULT, DECLINE, END_WRAP_UP,
    ENQUEUE, EXPEDITE, EXTEND_WRAP_UP, HEARTBEAT, HOLD, JOIN, LEAVE, LOAD, OPEN, PARK, PAUSE, PICK, PRESENCE, REQUEUE, RESUME, TRANSFER,
    UNPARK, kind_of,
)
from ccroute.engine.paths cimport fill_path, path_clear, path_favourite, path_limits, path_preferred
from ccroute.engine.terms cimport (
    Brought, bring, bring_allowed, class_for, class_of_contact, own_head_start, own_tier,
)

from msgspec import UNSET as NOT_GIVEN
from msgspec.structs import replace

from ccroute.commands import EnqueueContact
from ccroute.engine.building import open_no_queue
from ccroute.engine.configuration import configure, why_version
from ccroute.engine.queries import unserved
from ccroute.types import (
    NEXT_AVAILABLE, AssignAs, ChangeOffers, Ignorable, KeepsPlace, OnUnanswered, ParkClock, PendingOffers, PreferredScope,
    Presence,
    Rule, TransferMode,
)

cdef enum:
    ZERO = 48
    NINE = 57

cdef dict PRESENCES = {Presence.OFFLINE: 0, Presence.AVAILABLE: 1, Presence.AWAY: 2}
cdef dict PENDINGS = {PendingOffers.DECLINE: 0, PendingOffers.RESCIND: 1, PendingOffers.KEEP: 2, PendingOffers.REFUSE: 3}
cdef dict PLACES = {KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
cdef dict RECHECKS = {ChangeOffers.RECHECK: 0, ChangeOffers.KEEP: 1, ChangeOffers.RESCIND: 2}
cdef str CALLBACK = "callback"
cdef object WARM = TransferMode.WARM
cdef object TO_QUEUE = OnUnanswered.QUEUE
cdef object RUNS = ParkClock.RUNS
cdef object ACTIVE = AssignAs.ACTIVE
cdef dict IGNORED = {
    Ignorable.REQUIREMENT: (Rule.REQUIREMENT,),
    Ignorable.MEMBERSHIP: (Rule.MEMBERSHIP, Rule.AFTER, Rule.DIRECT, Rule.PREFERRED),
    Ignorable.PRESENCE: (Rule.PRESENCE, Rule.NEXT_PRESENCE),
    Ignorable.CAPACITY: (Rule.OFFERS_MAX, Rule.CHANNEL_CLOSED, Rule.CHANNEL_MAX, Rule.CAPACITY, Rule.SUSPENDED),
    Ignorable.COOLDOWN: (Rule.COOLDOWN,),
    Ignorable.EXCLUSION: (Rule.EXCLUDED,),
}
# The rules that each one drops, as bits.
cdef dict IGNORED_BITS = {
    ignorable: sum(1 << list(Rule).index(rule) for rule in rules) for ignorable, rules in IGNORED.items()
}


cdef int apply_command(Names names, object command) except -1:
    """Carry out a checked command; return a Reason."""
    cdef int kind = kind_of(command)
    cdef int32_t agent
    if kind == ENQUEUE:
        return apply_enqueue(names, command)
    if kind == ACCEPT:
        return apply_accept(names, command)
    if kind == COMPLETE:
        return apply_complete(names, command)
    if kind == DECLINE:
        return apply_decline(names, command)
    if kind == PRESENCE:
        return apply_presence(names, command)
    if kind >= CONFIGURE:
        return apply_configuration(names, command)
    if kind == PAUSE or kind == OPEN:
        if command.queue_id not in names.queue_slots:
            return REASON_QUEUE_DRAINING
        if command.if_version is not None and why_version(names, "queues", command.queue_id, command.if_version):
            return REASON_VERSION
        return names.acd.pause(names.queue_slots[command.queue_id], kind == PAUSE)
    if kind == HEARTBEAT:
        agent = names.agent_slot(command.agent_id, "agent_id")
        return UNKNOWN_AGENT if agent == NONE else names.acd.heartbeat(agent)
    if kind == LOAD:
        agent = names.agent_slot(command.agent_id, "agent_id")
        if agent == NONE:
            return UNKNOWN_AGENT
        return names.acd.load(agent, names.channel_slots[command.channel], command.units)
    if kind == REQUEUE or kind == CONNECT_FAILED:
        return apply_requeue(names, command, kind)
    if kind in (HOLD, RESUME, END_WRAP_UP, EXTEND_WRAP_UP, TRANSFER, CONSULT, JOIN, LEAVE, PICK, ASSIGN):
        return apply_on_leg(names, command, kind)
    return apply_on_contact(names, command, kind)


cdef int apply_configuration(Names names, object command) except -1:
    """Have another configuration be in force, and decide."""
    cdef int reason = configure(names, command)
    if reason == REFUSED_NOT:
        names.output.tell_configured(names.told)
        names.acd.settle()
    return reason


cdef int why_no_queue(Names names, str queue_id) except -1:
    """Return why a queue takes no new contacts, 0 where it does. One may have drained away since it was checked."""
    if queue_id not in names.queue_slots or queue_id in names.draining_queues:
        return REASON_QUEUE_DRAINING
    return REFUSED_NOT


cdef inline int64_t wrap_up_of(object value) except? -9223372036854775807:
    return UNLIMITED if type(value) is str else <int64_t>value


cdef int pending_policy(Names names, object command, int32_t agent, object asked):
    """Return what becomes of pending offers: as asked, else declined by the agent itself and rescinded by others."""
    if asked is not None:
        return PENDINGS[asked]
    if command.actor is None or command.actor == names.agent_ids[agent]:
        return PENDING_DECLINE
    return PENDING_RESCIND


cdef int cool_kind(object command, int64_t* cool) except -1:
    """Return which cool-down a command asks for, and set its length or end."""
    cdef object length = command.cooldown
    cool[0] = 0
    if command.cooldown_until_us is not None:
        cool[0] = command.cooldown_until_us
        return COOL_MOMENT
    if length is None:
        return COOL_QUEUE
    if type(length) is str:
        return COOL_NEXT_AVAILABLE if length == NEXT_AVAILABLE else COOL_FOR_EVER
    cool[0] = length
    return COOL_DURATION


# ---- contacts come ---------------------------------------------------------------------------------------------


cdef inline bint is_full(Acd acd):
    """Say whether there is no room for one more contact, but by forgetting one that has ended."""
    return acd.floor.contacts.count >= acd.floor.contacts.limit


cdef int apply_enqueue(Names names, object command) except -1:
    cdef Acd acd = names.acd
    cdef object known = names.contact_slots.get(read(command, CONTACT_ID))
    cdef int reason = acd.can_enqueue(NONE if known is None else <int32_t>known)
    cdef Brought brought
    cdef int64_t place
    cdef int32_t class_slot, slot
    cdef object queue_id = read(command, QUEUE_ID)
    if reason == REFUSED_NOT and queue_id is not None:
        reason = why_no_queue(names, queue_id)
    if reason:
        return reason
    if is_full(acd) and acd.floor.first_ended == NONE:
        return REASON_CONTACTS_MAX
    if queue_id is None and acd.floor.no_queue == NONE:
        open_no_queue(names)
    class_slot = class_for(
        names, acd.floor.no_queue if queue_id is None else names.queue_slots[queue_id],
        names.channel_slots[read(command, CHANNEL)],
        read(command, COST), read(command, REQUIRES), read(command, TIER), read(command, ATTRIBUTES),
    )
    place = place_of(names, command)
    if is_full(acd):
        names.forget(acd.floor.first_ended)
    bring(
        names, &brought, read(command, TIER), read(command, HEAD_START_US), read(command, EXCLUDED),
        read(command, SCORES),
    )
    # What it returns holds the memory that the terms point to.
    allowed = bring_allowed(
        names, &brought, class_slot, read(command, REQUIRES), read(command, TIER), read(command, ATTRIBUTES)
    )
    acd.reserve(1)
    if is_plain(names, command, acd.floor.classes[class_slot].queue):
        slot = acd.come(class_slot, &brought.terms, NULL, read(command, PARKED) is True)
        names.remember(slot, command)
    else:
        come_with_course(names, command, class_slot, &brought, place)
    acd.settle()
    return REFUSED_NOT


cdef bint is_plain(Names names, object command, int32_t queue) except -1:
    """Say whether a new contact waits from now on, and time does nothing to it."""
    cdef object customer_id = read(command, CUSTOMER_ID)
    return not (
        names.acd.floor.queues[queue].is_ruled
        or read(command, PREFERRED) or read(command, PLAN) or read(command, LIMITS) is not None
        or read(command, DUE_AT_US) is not None or read(command, KEEPS_PLACE) is not None
        or read(command, PREFERRED_WAIT_US) is not None or read(command, PREFERRED_SCOPE) is not None
        or read(command, PREFERRED_REQUIRES) is not None or read(command, CHANNEL) == CALLBACK
        or read(command, CLOCK) is not None or read(command, UNTIL_US) is not None
        or (names.callbacks and customer_id in names.callbacks)
    )


cdef int come_with_course(Names names, object command, int32_t class_slot, Brought* brought, int64_t place) except -1:
    """Begin a contact to which time will do something; the callbacks its customer is owed are dropped."""
    cdef Acd acd = names.acd
    cdef object customer_id = read(command, CUSTOMER_ID)
    cdef bint is_callback = read(command, CHANNEL) == CALLBACK
    cdef Path path
    cdef int32_t slot
    path_clear(&path)
    fill_path(names, &path, command)
    path.brings |= BRINGS_CALLBACK
    if read(command, DUE_AT_US) is not None:
        path.due = read(command, DUE_AT_US)
    if read(command, UNTIL_US) is not None:
        path.until = read(command, UNTIL_US)
    path.runs = read(command, CLOCK) is RUNS
    path.place_at = place
    if is_callback and read(command, QUEUE_ID) is not None:
        path.expires_after = acd.floor.queues[acd.floor.classes[class_slot].queue].callback_expires
    slot = acd.come(class_slot, &brought.terms, &path, read(command, PARKED) is True)
    names.remember(slot, command)
    if customer_id is None:
        return 0
    if not is_callback:
        for callback in sorted(names.callbacks.get(customer_id, ()), key=names.acd.contact_seq):
            if names.acd.is_callback_at_rest(callback):
                acd.drop_returned(callback, slot)
    return 0


cdef int64_t place_of(Names names, object command) except -2:
    """Return the place that a new contact takes over from its parent, NONE without."""
    cdef object keeps = read(command, KEEPS_PLACE)
    cdef object parent = names.contact_slots.get(read(command, PARENT_ID))
    cdef Contact* one
    if keeps is None or keeps is KeepsPlace.NONE or parent is None:
        return NONE
    one = contact_at(&names.acd.floor, parent)
    return place_now(&names.acd.floor, one) if keeps is KeepsPlace.AGE else names.acd.floor.now - waited_by(&names.acd.floor, one)


cdef str child_id(Names names, str parent_id):
    """Return the id of a consult: the parent's, cut where it is too long, and the first number that is not inside."""
    cdef int64_t number = 1
    cdef str ending, contact_id
    while True:
        ending = f"#{number}"
        contact_id = parent_id[:ID_LENGTH - len(ending)] + ending
        known = names.contact_slots.get(contact_id)
        if known is None or not names.acd.can_enqueue(known):
            return contact_id
        number += 1


cdef int apply_consult(Names names, object command, int32_t contact, int32_t agent, int32_t to_agent) except -1:
    """Bring in a contact of its own, whose parent another one is."""
    cdef Acd acd = names.acd
    cdef int reason = acd.can_consult(contact, agent, to_agent)
    cdef Contact* parent
    cdef Brought brought
    cdef int32_t class_slot
    if reason and reason != REASON_NOT_ELIGIBLE:
        return reason
    if command.to_queue is not None and why_no_queue(names, command.to_queue):
        return REASON_QUEUE_DRAINING
    if is_full(acd) and acd.floor.first_ended == NONE:
        return REASON_CONTACTS_MAX
    if reason:
        return reason
    if is_full(acd):
        names.forget(acd.floor.first_ended)
    parent = contact_at(&acd.floor, contact)
    queue = parent.queue if command.to_queue is None else names.queue_slots[command.to_queue]
    known = names.contacts[contact]
    child = EnqueueContact(
        contact_id=child_id(names, known.contact_id), queue_id=names.queue_ids[queue], channel=known.channel,
        customer_id=known.customer_id, conversation_id=known.conversation_id, parent_id=known.contact_id,
        tier=parent.tier, head_start_us=parent.head_start, excluded=[names.agent_ids[agent]],
        attributes=names.attributes_of(contact),
    )
    class_slot = class_for(
        names, queue, names.channel_slots[child.channel], None, None, child.tier, child.attributes
    )
    bring(names, &brought, child.tier, child.head_start_us, child.excluded, child.scores)
    allowed = bring_allowed(names, &brought, class_slot, None, child.tier, child.attributes)
    names.pending = child
    names.remember(acd.consult(contact, class_slot, &brought.terms, to_agent), child)
    acd.settle()
    return REFUSED_NOT


# ---- offers ----------------------------------------------------------------------------------------------------


cdef int64_t offer_seq(object offer_id) except -1:
    """Return the seq in an offer id ``o<n>``, 0 where it is none."""
    cdef Py_ssize_t at
    cdef Py_ssize_t length = len(offer_id)
    cdef int64_t seq = 0
    cdef Py_UCS4 digit
    if length < 2 or length > 17 or PyUnicode_READ_CHAR(offer_id, 0) != 111 or PyUnicode_READ_CHAR(offer_id, 1) == ZERO:
        return 0
    for at in range(1, length):
        digit = PyUnicode_READ_CHAR(offer_id, at)
        if digit < ZERO or digit > NINE:
            return 0
        seq = seq * 10 + <int64_t>digit - ZERO
    return seq


cdef int apply_accept(Names names, object command) except -1:
    cdef int64_t seq = offer_seq(read(command, ACCEPT_OFFER_ID))
    return UNKNOWN_OFFER if seq == 0 else names.acd.accept(seq)


cdef int apply_decline(Names names, object command) except -1:
    cdef int64_t seq = offer_seq(command.offer_id)
    cdef object known
    cdef int64_t cool
    cdef int kind
    cdef int next_presence = NONE
    cdef int pending = PENDING_DECLINE
    if seq == 0:
        return UNKNOWN_OFFER
    if command.next_presence is not None:
        next_presence = PRESENCES[command.next_presence]
        known = names.acd.offer(seq)
        if known is not None:
            pending = pending_policy(names, command, known[1], None)
    kind = cool_kind(command, &cool)
    return names.acd.decline(seq, kind, cool, next_presence, pending)


# ---- legs ------------------------------------------------------------------------------------------------------


cdef int apply_complete(Names names, object command) except -1:
    cdef int32_t agent = NONE
    cdef int32_t contact
    cdef int reason
    cdef object wrap_up = read(command, COMPLETE_WRAP_UP_US)
    cdef object disposition = read(command, COMPLETE_DISPOSITION)
    cdef object before = None
    cdef object agent_id = read(command, COMPLETE_AGENT_ID)
    if agent_id is not None:
        agent = names.agent_slot(agent_id, "agent_id")
        if agent == NONE:
            return UNKNOWN_AGENT
    contact = names.contact_slot(read(command, COMPLETE_CONTACT_ID), "contact_id")
    if contact == NONE:
        return UNKNOWN_CONTACT
    # The contact may close in this very call, so its disposition is noted before; a refusal takes it back.
    if disposition is not None:
        before = names.dispositions.get(contact)
        names.dispositions[contact] = disposition
    reason = names.acd.complete(contact, agent, 0 if wrap_up is None else wrap_up_of(wrap_up), wrap_up is not None)
    if reason and disposition is not None:
        if before is None:
            del names.dispositions[contact]
        else:
            names.dispositions[contact] = before
    return reason


cdef int apply_on_leg(Names names, object command, int kind) except -1:
    """Carry out a command on a contact and an agent, whose leg it mostly is."""
    cdef Acd acd = names.acd
    cdef int32_t agent = names.agent_slot(command.agent_id, "agent_id")
    cdef int32_t to_agent = NONE
    cdef int32_t contact
    if agent == NONE:
        return UNKNOWN_AGENT
    if kind in (TRANSFER, CONSULT, JOIN) and command.to_agent is not None:
        to_agent = names.agent_slot(command.to_agent, "to_agent")
        if to_agent == NONE:
            return UNKNOWN_AGENT
    contact = names.contact_slot(command.contact_id, "contact_id")
    if contact == NONE:
        return UNKNOWN_CONTACT
    if kind == HOLD:
        return acd.on_leg(COMMAND_HOLD, contact, agent, 0)
    if kind == RESUME:
        return acd.on_leg(COMMAND_RESUME, contact, agent, 0)
    if kind == END_WRAP_UP:
        return acd.on_leg(COMMAND_END_WRAP_UP, contact, agent, 0)
    if kind == EXTEND_WRAP_UP:
        return acd.on_leg(COMMAND_EXTEND_WRAP_UP, contact, agent, wrap_up_of(command.wrap_up_us))
    if kind == LEAVE:
        return acd.leave(contact, agent)
    if kind == TRANSFER:
        return apply_transfer(names, command, contact, agent, to_agent)
    if kind == CONSULT:
        return apply_consult(names, command, contact, agent, to_agent)
    if kind == JOIN:
        return apply_join(names, command, contact, agent, to_agent)
    return apply_choice(names, command, contact, agent, kind == ASSIGN)


cdef int32_t class_in(Names names, int32_t contact, object queue, object channel, Brought* brought, list held) except -1:
    """Return the class of a contact that enters a queue by a channel, and fill in its terms; its lists stay."""
    cdef object known = names.contacts[contact]
    cdef object attributes = names.attributes_of(contact)
    cdef object tier = own_tier(names, contact)
    cdef int32_t slot = class_for(names, queue, channel, known.cost, known.requires, tier, attributes)
    bring(names, brought, tier, own_head_start(names, contact), None, None)
    held.append(bring_allowed(names, brought, slot, known.requires, tier, attributes))
    return slot


cdef int apply_transfer(Names names, object command, int32_t contact, int32_t agent, int32_t to_agent) except -1:
    cdef Acd acd = names.acd
    cdef bint is_warm = command.mode is WARM
    cdef bint is_kept = command.to_queue is not None and to_agent != NONE
    cdef Path path
    cdef int reason
    cdef Brought brought
    cdef int32_t class_slot
    cdef list held = []
    if is_kept:
        path_clear(&path)
        path_favourite(
            &path, to_agent, command.preferred_wait_us, command.preferred_scope, command.preferred_requires
        )
        to_agent = NONE
    reason = acd.can_transfer(contact, agent, to_agent)
    if reason == REFUSED_NOT and to_agent == NONE:
        reason = why_no_queue(names, command.to_queue)
    if reason:
        return reason
    queue = contact_at(&acd.floor, contact).queue if to_agent != NONE else names.queue_slots[command.to_queue]
    class_slot = class_in(names, contact, queue, contact_at(&acd.floor, contact).channel, &brought, held)
    return acd.transfer(
        contact, agent, class_slot, to_agent, is_warm, NONE if command.keeps_place is None else PLACES[command.keeps_place],
        command.on_unanswered is TO_QUEUE, &brought.terms, &path if is_kept else NULL,
    )


cdef int apply_join(Names names, object command, int32_t contact, int32_t agent, int32_t to_agent) except -1:
    cdef Acd acd = names.acd
    cdef int reason = acd.can_join(contact, agent, to_agent)
    cdef Brought brought
    cdef int32_t class_slot
    cdef list held = []
    if reason:
        return reason
    if to_agent != NONE:
        return acd.join(contact, agent, NONE, to_agent, NULL)
    reason = why_no_queue(names, command.to_queue)
    if reason:
        return reason
    class_slot = class_in(
        names, contact, names.queue_slots[command.to_queue], contact_at(&acd.floor, contact).channel, &brought, held
    )
    return acd.join(contact, agent, class_slot, NONE, &brought.terms)


cdef int apply_choice(Names names, object command, int32_t contact, int32_t agent, bint is_assigned) except -1:
    """Give a contact to the agent that somebody chose, be it the agent itself."""
    cdef int64_t known = unserved(names, contact, agent)
    cdef int64_t ignored = 0
    if not is_assigned:
        return names.acd.pick(contact, agent, known)
    for one in command.ignoring:
        ignored |= <int64_t>IGNORED_BITS[one]
    return names.acd.assign(contact, agent, known, ignored, command.as_ is ACTIVE)


cdef int apply_requeue(Names names, object command, int kind) except -1:
    """Undo what one agent, or all of them, have in hand of a contact."""
    cdef int32_t agent = NONE
    cdef int32_t contact
    cdef int64_t cool
    cdef int how = cool_kind(command, &cool)
    if command.agent_id is not None:
        agent = names.agent_slot(command.agent_id, "agent_id")
        if agent == NONE:
            return UNKNOWN_AGENT
    contact = names.contact_slot(command.contact_id, "contact_id")
    if contact == NONE:
        return UNKNOWN_CONTACT
    if kind == REQUEUE:
        return names.acd.requeue(contact, agent, how, cool)
    return names.acd.connect_failed(contact, agent, how, cool)


# ---- contacts --------------------------------------------------------------------------------------------------


cdef int apply_on_contact(Names names, object command, int kind) except -1:
    """Carry out a command on a contact alone."""
    cdef Acd acd = names.acd
    cdef int32_t contact = names.contact_slot(command.contact_id, "contact_id")
    if contact == NONE:
        return UNKNOWN_CONTACT
    if kind == ABANDON:
        return acd.abandon(contact)
    if kind == CANCEL:
        return acd.cancel(contact)
    if kind == PARK:
        return acd.park(contact, command.clock is RUNS, NONE if command.until_us is None else <int64_t>command.until_us)
    if kind == UNPARK:
        return acd.unpark(contact)
    if kind == EXPEDITE:
        return acd.expedite(contact)
    if kind == CHANGE_CHANNEL:
        return apply_channel(names, command, contact)
    return apply_change(names, command, contact)


cdef int apply_channel(Names names, object command, int32_t contact) except -1:
    cdef Acd acd = names.acd
    cdef object known = names.contacts[contact]
    cdef object channel = names.channel_slots[command.channel]
    cdef int reason = acd.can_change_channel(
        contact, channel, NONE if known.cost is None else <int32_t>known.cost, command.or_requeue
    )
    cdef Brought brought
    cdef int32_t class_slot
    cdef list held = []
    if reason:
        return reason
    brought.terms.allowed = NULL
    brought.terms.sums = NULL
    bring(names, &brought, own_tier(names, contact), own_head_start(names, contact), None, None)
    class_slot = class_of_contact(
        names, contact, contact_at(&acd.floor, contact).queue, channel, known, own_tier(names, contact),
        names.attributes_of(contact), &brought, held,
    )
    acd.change_channel(contact, class_slot, command.or_requeue, &brought.terms)
    names.note(contact, replace(known, channel=command.channel))
    acd.settle()
    return REFUSED_NOT


cdef object patched(object known, object patch):
    """Return the command that brought a contact as it would have to be now; what is kept elsewhere is left out."""
    names = ("channel", "conversation_id", "requires", "tier", "head_start_us", "cost")
    given = {name: getattr(patch, name) for name in names if getattr(patch, name) is not NOT_GIVEN}
    return replace(known, **given, excluded=[], scores={}, attributes={}, preferred=[], plan=[], limits=None)


cdef int patched_path(Names names, object patch, Path* path) except -1:
    """Fill in what a patch says of a contact's course."""
    path_clear(path)
    if patch.preferred is not NOT_GIVEN:
        path_preferred(names, path, patch.preferred)
    if patch.preferred_wait_us is not NOT_GIVEN:
        path.brings |= BRINGS_WAIT
        path.preferred_wait = NONE if patch.preferred_wait_us is None else patch.preferred_wait_us
    if patch.preferred_scope is not NOT_GIVEN:
        path.brings |= BRINGS_SCOPE
        path.scope = UNSAID if patch.preferred_scope is None else patch.preferred_scope is PreferredScope.ANYONE
    if patch.preferred_requires is not NOT_GIVEN:
        path.brings |= BRINGS_REQUIRES
        path.requires = UNSAID if patch.preferred_requires is None else patch.preferred_requires
    if patch.limits is not NOT_GIVEN:
        path_limits(path, patch.limits)
    if patch.plan is not NOT_GIVEN:
        path.brings |= BRINGS_PLAN
        path.own_plan = names.plans.own(patch.plan)
    if patch.due_at_us is not NOT_GIVEN:
        path.due = 0 if patch.due_at_us is None else patch.due_at_us
    if patch.requires is not NOT_GIVEN:
        path.brings |= BRINGS_ASKS
        path.asks = names.classes.asks_number(patch.requires)
    return 0


cdef int apply_change(Names names, object command, int32_t contact) except -1:
    cdef Acd acd = names.acd
    cdef object patch = command.patch
    cdef object known = patched(names.contacts[contact], patch)
    cdef object attributes = names.attributes_of(contact) if patch.attributes is NOT_GIVEN else patch.attributes
    cdef object channel = names.channel_slots[known.channel]
    cdef object tier = own_tier(names, contact) if patch.tier is NOT_GIVEN else patch.tier
    cdef object head_start = own_head_start(names, contact) if patch.head_start_us is NOT_GIVEN else patch.head_start_us
    cdef Brought brought
    cdef Path path
    cdef list held = []
    cdef int32_t class_slot
    cdef int reason
    queue = contact_at(&acd.floor, contact).queue
    cdef bint takes_none = patch.queue_id is not NOT_GIVEN and why_no_queue(names, patch.queue_id) != REFUSED_NOT
    if patch.queue_id is not NOT_GIVEN and patch.queue_id in names.queue_slots:
        # Its own queue takes it whatever that does to others.
        takes_none = takes_none and queue != names.queue_slots[patch.queue_id]
        queue = names.queue_slots[patch.queue_id]
    reason = acd.can_change(
        contact, channel, NONE if known.cost is None else <int32_t>known.cost, queue,
        acd.floor.queues[<int32_t>queue].tier if tier is None else <int32_t>tier,
    )
    if reason == REASON_CONTACT_ENDED:
        return reason
    if command.if_version is not None and command.if_version != acd.version_of(contact):
        return REASON_VERSION
    if reason == REFUSED_NOT and takes_none:
        reason = REASON_QUEUE_DRAINING
    if reason == REFUSED_NOT and queue == acd.floor.no_queue and patch.parked is False:
        reason = why_not_in_line(acd, contact, patch.due_at_us)
    if reason:
        return reason
    acd.reserve(2)
    patched_path(names, patch, &path)
    if path.brings or path.due != NONE:
        prepare_course(names, contact, &path)
    brought.terms.allowed = NULL
    brought.terms.sums = NULL
    bring(
        names, &brought, tier, head_start, None if patch.excluded is NOT_GIVEN else patch.excluded,
        None if patch.scores is NOT_GIVEN else patch.scores,
    )
    class_slot = class_of_contact(names, contact, queue, channel, known, tier, attributes, &brought, held)
    acd.change_now(
        contact, class_slot, &brought.terms, &path if path.brings or path.due != NONE else NULL,
        NONE if patch.keeps_place is NOT_GIVEN else PLACES[patch.keeps_place],
        RECHECKS[command.offers], NONE if patch.parked is NOT_GIVEN else <int>(patch.parked is True),
    )
    names.note(contact, known)
    if patch.attributes is not NOT_GIVEN:
        names.attributes.pop(contact, None)
        if patch.attributes:
            names.keep_attributes(contact, patch.attributes)
    acd.settle()
    return REFUSED_NOT


cdef int why_not_in_line(Acd acd, int32_t contact, object due) except -1:
    """Return why a contact without a queue cannot be unparked, 0 where it is, or will be, scheduled and parked when due."""
    if contact_at(&acd.floor, contact).state != CONTACT_PARKED:
        return REFUSED_NOT
    if due is not NOT_GIVEN and due is not None and due > acd.floor.now:
        return REFUSED_NOT
    return REASON_NO_QUEUE


cdef int prepare_course(Names names, int32_t contact, Path* path) except -1:
    """Have the class of a contact be found by what a patch says of its preferred agents."""
    cdef Floor* floor = &names.acd.floor
    cdef Course* course = course_for(floor, contact)
    if path.brings & BRINGS_PREFERRED:
        phase_forget(floor, course)
    if path.brings & BRINGS_SCOPE:
        course.scope = path.scope
    if path.brings & BRINGS_REQUIRES:
        course.requires = path.requires
    return 0


# ---- agents ----------------------------------------------------------------------------------------------------


cdef int apply_presence(Names names, object command) except -1:
    cdef int32_t agent = names.agent_slot(command.agent_id, "agent_id")
    if agent == NONE:
        return UNKNOWN_AGENT
    if command.if_version is not None and why_version(names, "agents", names.agent_ids[agent], command.if_version):
        return REASON_VERSION
    return names.acd.presence(
        agent, PRESENCES[command.presence], pending_policy(names, command, agent, command.offers), command.next_
    )
