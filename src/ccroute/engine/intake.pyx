"""Commands in: each is checked whole before anything moves, then carried out on the core under its slots.

``check_command`` raises for what can never be right under the present configuration and moves nothing. ``apply_command``
trusts it, and returns why the command cannot be carried out right now, 0 where it was.
"""

from cpython.unicode cimport PyUnicode_READ_CHAR
from libc.stdint cimport int32_t, int64_t

from ccroute.core.acd cimport COMMAND_END_WRAP_UP, COMMAND_EXTEND_WRAP_UP, COMMAND_HOLD, COMMAND_RESUME, Acd
from ccroute.core.defs cimport (
    NONE, PENDING_DECLINE, PENDING_RESCIND, REASON_CLASSES_MAX, REASON_CONTACTS_MAX, REFUSED_NOT, UNKNOWN_AGENT,
    UNKNOWN_CONTACT, UNKNOWN_OFFER, UNLIMITED, contact_at,
)
from ccroute.engine.fields cimport (
    ACCEPT_OFFER_ID, ACTOR, ATTRIBUTES, CHANNEL, COMMAND_ID, COMPLETE_AGENT_ID, COMPLETE_CONTACT_ID,
    COMPLETE_DISPOSITION, COMPLETE_WRAP_UP_US, CONTACT_ID, CONVERSATION_ID, COST, CUSTOMER_ID, EXCLUDED,
    HEAD_START_US, PARENT_ID, QUEUE_ID, REQUIRES, SCORES, TIER, read,
)
from ccroute.engine.checks cimport check_attributes, check_id, check_optional_id, check_text, whole

import msgspec

from ccroute import commands
from ccroute.errors import OutOfRange, UnknownName, WrongType
from ccroute.types import (
    COST_MAX, DURATION_US_MAX, EXCLUDED_MAX, REQUIREMENT_LENGTH_MAX, SCORES_MAX, SCORE_MAX, TIER_MAX, TIER_MIN,
    UNLIMITED as UNLIMITED_WORD, KeepsPlace, PendingOffers, Presence, TransferMode,
)

cdef enum:
    ENQUEUE = 0
    ABANDON = 1
    CANCEL = 2
    ACCEPT = 3
    DECLINE = 4
    HOLD = 5
    RESUME = 6
    COMPLETE = 7
    END_WRAP_UP = 8
    EXTEND_WRAP_UP = 9
    TRANSFER = 10
    PRESENCE = 11
    PAUSE = 12
    OPEN = 13
    SCORES_TOP = 128
    EXCLUDED_TOP = 16
    ZERO = 48
    NINE = 57

cdef object STRUCT_TYPE = type(msgspec.Struct)
cdef dict NUMBERS = {command: number for number, command in enumerate(commands.COMMANDS)}
cdef dict PRESENCES = {Presence.OFFLINE: 0, Presence.AVAILABLE: 1, Presence.AWAY: 2}
cdef dict PENDINGS = {PendingOffers.DECLINE: 0, PendingOffers.RESCIND: 1, PendingOffers.KEEP: 2, PendingOffers.REFUSE: 3}
cdef dict PLACES = {KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
cdef int64_t DURATION_MAX = DURATION_US_MAX
cdef int64_t TIER_LOW = TIER_MIN
cdef int64_t TIER_HIGH = TIER_MAX
cdef int64_t COST_HIGH = COST_MAX
cdef int64_t SCORE_HIGH = SCORE_MAX
cdef Py_ssize_t REQUIREMENT_LENGTH = REQUIREMENT_LENGTH_MAX


# ---- checking --------------------------------------------------------------------------------------------------


cdef int check_one_of(object value, str argument, object closed_set) except -1:
    """Raise unless a value is a member of an enum; its text is not taken for it."""
    if type(value) is not closed_set:
        raise WrongType(argument, value, "one of " + ", ".join(f"{closed_set.__name__}.{one.name}" for one in closed_set))
    return 0


cdef int check_optional_whole(object value, str argument, int64_t low, int64_t high) except -1:
    if value is not None:
        whole(value, argument, low, high)
    return 0


cdef int check_wrap_up(object value) except -1:
    """Raise unless a value is a length of wrap-up: a duration or ``"unlimited"``."""
    if type(value) is str:
        if value != UNLIMITED_WORD:
            raise OutOfRange("wrap_up_us", value, f'an integer from 0 to {DURATION_MAX} or "unlimited"')
    else:
        whole(value, "wrap_up_us", 0, DURATION_MAX)
    return 0


cdef int check_name(dict known, object value, str argument, str what) except -1:
    """Raise unless a value is the id of a queue or channel of the configuration."""
    if type(value) is not str:
        raise WrongType(argument, value, f"a str, the id of a {what}")
    if value not in known:
        raise UnknownName(argument, value, f"the id of a {what} of the configuration")
    return 0


cdef int check_excluded(object value) except -1:
    if type(value) is not list:
        raise WrongType("excluded", value, "a list of agent ids")
    if len(value) > EXCLUDED_TOP:
        raise OutOfRange("excluded", len(value), f"at most {EXCLUDED_MAX} agents")
    for one in value:
        check_id(one, "excluded")
    return 0


cdef int check_scores(object value) except -1:
    if type(value) is not dict:
        raise WrongType("scores", value, "a dict of integers by agent id")
    if len(value) > SCORES_TOP:
        raise OutOfRange("scores", len(value), f"at most {SCORES_MAX} agents")
    for agent, score in value.items():
        check_id(agent, "scores")
        whole(score, f"scores[{agent}]", -SCORE_HIGH, SCORE_HIGH)
    return 0


cdef int check_enqueue(Names names, object command) except -1:
    check_id(read(command, CONTACT_ID), "contact_id")
    check_name(names.queue_slots, read(command, QUEUE_ID), "queue_id", "queue")
    check_name(names.channel_slots, read(command, CHANNEL), "channel", "channel")
    check_optional_id(read(command, CUSTOMER_ID), "customer_id")
    check_optional_id(read(command, CONVERSATION_ID), "conversation_id")
    check_optional_id(read(command, PARENT_ID), "parent_id")
    check_optional_whole(read(command, TIER), "tier", TIER_LOW, TIER_HIGH)
    check_optional_whole(read(command, HEAD_START_US), "head_start_us", -DURATION_MAX, DURATION_MAX)
    check_optional_whole(read(command, COST), "cost", 0, COST_HIGH)
    check_excluded(read(command, EXCLUDED))
    check_scores(read(command, SCORES))
    check_attributes(read(command, ATTRIBUTES))
    cdef object requires = read(command, REQUIRES)
    if requires is not None:
        if type(requires) is not str:
            raise WrongType("requires", requires, "None or a str, a requirement")
        if len(requires) > REQUIREMENT_LENGTH:
            raise OutOfRange("requires", len(requires), f"at most {REQUIREMENT_LENGTH_MAX} characters")
        if requires not in names.requirements:
            names.classes.requirement(requires)
    return 0


cdef int check_pair(Names names, object command) except -1:
    names.contact_slot(command.contact_id, "contact_id")
    names.agent_slot(command.agent_id, "agent_id")
    return 0


def recheck(Names names, command) -> None:
    """Raise unless a command of a snapshot is one that the engine would have taken."""
    check_command(names, command)


cdef int check_command(Names names, object command) except -1:
    """Raise unless every field of a command can be right under the present configuration."""
    # A type of another kind may have a hash of its own, which may do anything.
    cdef object number = NUMBERS.get(type(command)) if type(type(command)) is STRUCT_TYPE else None
    cdef int kind
    if number is None:
        raise WrongType("command", command, "one of the commands of ccroute.commands")
    kind = number
    check_optional_id(read(command, COMMAND_ID), "command_id")
    check_optional_id(read(command, ACTOR), "actor")
    if kind == ENQUEUE:
        check_enqueue(names, command)
    elif kind == ABANDON or kind == CANCEL:
        names.contact_slot(command.contact_id, "contact_id")
        check_text(command.reason, "reason")
    elif kind == ACCEPT or kind == DECLINE:
        check_id(command.offer_id, "offer_id")
        if kind == DECLINE:
            check_text(command.reason, "reason")
            if command.next_presence is not None:
                check_one_of(command.next_presence, "next_presence", Presence)
    elif kind == COMPLETE:
        names.contact_slot(read(command, COMPLETE_CONTACT_ID), "contact_id")
        if read(command, COMPLETE_AGENT_ID) is not None:
            names.agent_slot(read(command, COMPLETE_AGENT_ID), "agent_id")
        check_text(read(command, COMPLETE_DISPOSITION), "disposition")
        if read(command, COMPLETE_WRAP_UP_US) is not None:
            check_wrap_up(read(command, COMPLETE_WRAP_UP_US))
    elif kind == PRESENCE:
        names.agent_slot(command.agent_id, "agent_id")
        check_one_of(command.presence, "presence", Presence)
        check_text(command.label, "label")
        if command.offers is not None:
            check_one_of(command.offers, "offers", PendingOffers)
        if type(command.next_) is not bool:
            raise WrongType("next_", command.next_, "True or False")
    elif kind == PAUSE or kind == OPEN:
        check_name(names.queue_slots, command.queue_id, "queue_id", "queue")
    else:
        check_pair(names, command)
        if kind == EXTEND_WRAP_UP:
            check_wrap_up(command.wrap_up_us)
        elif kind == TRANSFER:
            check_name(names.queue_slots, command.to_queue, "to_queue", "queue")
            check_one_of(command.mode, "mode", TransferMode)
            if command.keeps_place is not None:
                check_one_of(command.keeps_place, "keeps_place", KeepsPlace)
    return 0


# ---- carrying out ----------------------------------------------------------------------------------------------


cdef inline int64_t wrap_up_of(object value) except? -9223372036854775807:
    return UNLIMITED if type(value) is str else <int64_t>value


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


cdef int pending_policy(Names names, object command, int32_t agent, object asked):
    """Return what becomes of pending offers: as asked, else declined by the agent itself and rescinded by others."""
    if asked is not None:
        return PENDINGS[asked]
    if command.actor is None or command.actor == names.agent_ids[agent]:
        return PENDING_DECLINE
    return PENDING_RESCIND


cdef int32_t class_for(Names names, object contact, object queue_id, int32_t leaving) except -2:
    """Return the class of a contact in a queue, NONE where there is no room for one more class."""
    cdef object cost = read(contact, COST)
    cdef object requires = read(contact, REQUIRES)
    cdef object queue = names.queue_slots[queue_id]
    cdef object channel = names.channel_slots[read(contact, CHANNEL)]
    if cost is None:
        cost = NONE
    cdef object slot = names.quick_classes.get((queue, channel, cost, requires))
    if slot is None:
        slot = names.classes.slot_for(
            queue, channel, cost, requires, read(contact, TIER), read(contact, ATTRIBUTES), leaving
        )
    return slot


cdef int apply_enqueue(Names names, object command) except -1:
    cdef Acd acd = names.acd
    cdef object known = names.contact_slots.get(read(command, CONTACT_ID))
    cdef int reason = acd.can_enqueue(NONE if known is None else <int32_t>known)
    cdef int32_t excluded[EXCLUDED_TOP]
    cdef int32_t scored[SCORES_TOP]
    cdef int64_t scores[SCORES_TOP]
    cdef int32_t excluded_count = 0
    cdef int32_t scores_count = 0
    cdef int32_t class_slot, slot
    cdef object tier = read(command, TIER)
    cdef object head_start = read(command, HEAD_START_US)
    cdef list own_excluded = read(command, EXCLUDED)
    cdef dict own_scores = read(command, SCORES)
    if reason:
        return reason
    if acd.floor.contacts.count >= acd.floor.contacts.limit and acd.floor.first_ended == NONE:
        return REASON_CONTACTS_MAX
    class_slot = class_for(names, command, read(command, QUEUE_ID), NONE)
    if class_slot == NONE:
        return REASON_CLASSES_MAX
    if acd.floor.contacts.count >= acd.floor.contacts.limit:
        names.forget(acd.floor.first_ended)
    # Checked before; but their giver, in another thread, may have made them longer since.
    for one in dict.fromkeys(own_excluded) if own_excluded else ():
        if one in names.agent_slots and excluded_count < EXCLUDED_TOP:
            excluded[excluded_count] = names.agent_slots[one]
            excluded_count += 1
    for one, score in own_scores.items() if own_scores else ():
        if one in names.agent_slots and scores_count < SCORES_TOP:
            scored[scores_count] = names.agent_slots[one]
            scores[scores_count] = score
            scores_count += 1
    slot = acd.enqueue(
        class_slot, 0 if tier is None else tier, tier is not None, 0 if head_start is None else head_start,
        head_start is not None, excluded, excluded_count, scored, scores, scores_count,
    )
    names.remember(slot, command)
    return REFUSED_NOT


cdef int apply_transfer(Names names, object command, int32_t contact, int32_t agent) except -1:
    cdef Acd acd = names.acd
    cdef int reason = acd.can_transfer(contact, agent)
    cdef int32_t class_slot
    if reason:
        return reason
    class_slot = class_for(names, names.contacts[contact], command.to_queue, contact_at(&acd.floor, contact).class_slot)
    if class_slot == NONE:
        return REASON_CLASSES_MAX
    acd.transfer(contact, agent, class_slot, NONE if command.keeps_place is None else PLACES[command.keeps_place])
    names.classes.trim()
    return REFUSED_NOT


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


cdef int apply_presence(Names names, object command) except -1:
    cdef int32_t agent = names.agent_slot(command.agent_id, "agent_id")
    if agent == NONE:
        return UNKNOWN_AGENT
    return names.acd.presence(
        agent, PRESENCES[command.presence], pending_policy(names, command, agent, command.offers), command.next_
    )


cdef int apply_offer(Names names, object command, bint is_decline) except -1:
    cdef Acd acd = names.acd
    cdef int64_t seq = offer_seq(command.offer_id if is_decline else read(command, ACCEPT_OFFER_ID))
    cdef object known
    cdef int next_presence = NONE
    cdef int pending = PENDING_DECLINE
    if seq == 0:
        return UNKNOWN_OFFER
    if not is_decline:
        return acd.accept(seq)
    if command.next_presence is not None:
        next_presence = PRESENCES[command.next_presence]
        known = acd.offer(seq)
        if known is not None:
            pending = pending_policy(names, command, known[1], None)
    return acd.decline(seq, next_presence, pending)


cdef int apply_on_leg(Names names, object command, int kind) except -1:
    cdef Acd acd = names.acd
    cdef int32_t agent = names.agent_slot(command.agent_id, "agent_id")
    cdef int32_t contact
    if agent == NONE:
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
    return apply_transfer(names, command, contact, agent)


cdef int apply_command(Names names, object command) except -1:
    """Carry out a checked command; return a Reason."""
    cdef int kind = NUMBERS[type(command)]
    cdef int32_t contact
    if kind == ENQUEUE:
        return apply_enqueue(names, command)
    if kind == ACCEPT or kind == DECLINE:
        return apply_offer(names, command, kind == DECLINE)
    if kind == COMPLETE:
        return apply_complete(names, command)
    if kind == ABANDON or kind == CANCEL:
        contact = names.contact_slot(command.contact_id, "contact_id")
        if contact == NONE:
            return UNKNOWN_CONTACT
        return names.acd.abandon(contact) if kind == ABANDON else names.acd.cancel(contact)
    if kind == PRESENCE:
        return apply_presence(names, command)
    if kind == PAUSE or kind == OPEN:
        return names.acd.pause(names.queue_slots[command.queue_id], kind == PAUSE)
    return apply_on_leg(names, command, kind)
