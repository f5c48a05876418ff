"""Commands looked at whole before anything moves: what can never be right under the present configuration raises.

Every error names the argument, its value and what is allowed. What is right or wrong only just now is not looked at here.
"""

from libc.stdint cimport int64_t

from ccroute.engine.checks cimport (
    EXCLUDED_TOP, PREFERRED_TOP, check_agents, check_attributes, check_cooldown, check_flag, check_id, check_name,
    check_one_of, check_optional_id, check_optional_one_of, check_optional_whole, check_scores, check_text,
    check_wrap_up, whole,
)
from ccroute.engine.fields cimport (
    ACTOR, ATTRIBUTES, CHANNEL, CLOCK, COMMAND_ID, COMPLETE_AGENT_ID, COMPLETE_CONTACT_ID, COMPLETE_DISPOSITION,
    COMPLETE_WRAP_UP_US, CONTACT_ID, CONVERSATION_ID, COST, CUSTOMER_ID, DUE_AT_US, EXCLUDED, HEAD_START_US,
    KEEPS_PLACE, LIMITS, PARENT_ID, PARKED, PLAN, PREFERRED, PREFERRED_REQUIRES, PREFERRED_SCOPE, PREFERRED_WAIT_US,
    QUEUE_ID, REQUIRES, SCORES, TIER, UNTIL_US, read,
)
from ccroute.engine.steps cimport check_limits, check_plan, check_requires

import msgspec

from ccroute import commands
from ccroute.config import BUILT_IN_CHANNELS
from ccroute.engine import configuration
from ccroute.errors import OutOfRange, WrongType
from ccroute.types import (
    COST_MAX, DURATION_US_MAX, TIER_MAX, TIER_MIN, TIME_US_MAX, AssignAs, ChangeOffers, Ignorable, KeepsPlace,
    OnUnanswered, ParkClock, PendingOffers, PreferredScope, Presence, TransferMode,
)

cdef object STRUCT_TYPE = type(msgspec.Struct)
cdef object UNSET = msgspec.UNSET
cdef object PATCH = commands.ContactPatch
cdef dict NUMBERS = {command: number for number, command in enumerate(commands.COMMANDS)}
cdef int64_t TIME_MAX = TIME_US_MAX
cdef int64_t DURATION_MAX = DURATION_US_MAX
cdef int64_t TIER_LOW = TIER_MIN
cdef int64_t TIER_HIGH = TIER_MAX
cdef int64_t COST_HIGH = COST_MAX
cdef str ANY_CHANNEL = next(iter(BUILT_IN_CHANNELS))
cdef Py_ssize_t IGNORABLE_COUNT = len(Ignorable)


def recheck(Names names, command, is_over=False) -> None:
    """Raise unless a command of a snapshot is one that the engine would have taken.

    What a contact that has ended once was in, or asked for, need not be there any more.
    """
    if not is_over:
        check_command(names, command)
        return
    check_optional_id(command.command_id, "command_id")
    check_optional_id(command.actor, "actor")
    check_id(command.contact_id, "contact_id")
    check_optional_id(command.queue_id, "queue_id")
    check_id(command.channel, "channel")
    check_brought(names, msgspec.structs.replace(command, requires=None, plan=[]))


def recheck_plan(Names names, steps) -> None:
    """Raise unless the steps of a plan of a snapshot are ones that the engine would have taken.

    Channels need not be there any more.
    """
    for step in steps:
        check_optional_id(step.channel, "plan.channel")
    check_plan(names, [with_channel(names, step) for step in steps], "plan")


def with_channel(Names names, step):
    """Return a step, with another channel where its own is gone."""
    if step.channel is None or step.channel in names.channel_slots:
        return step
    return msgspec.structs.replace(step, channel=ANY_CHANNEL)


cdef int kind_of(object command) except -2:
    """Return which command a checked one is."""
    return NUMBERS[type(command)]


cdef int check_not_configuring(object command, Py_ssize_t at) except -1:
    """Raise if a command of a batch changes the configuration."""
    cdef object number = NUMBERS.get(type(command)) if type(type(command)) is STRUCT_TYPE else None
    if number is not None and number >= CONFIGURE:
        raise WrongType(f"commands[{at}]", command, "no command on the configuration; give it to handle")
    return 0


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
        return check_enqueue(names, command)
    if kind >= CONFIGURE:
        configuration.check_command(names, command)
        return 0
    if kind == COMPLETE:
        return check_complete(names, command)
    if kind == ACCEPT:
        return check_id(command.offer_id, "offer_id")
    if kind == DECLINE:
        return check_decline(command)
    if kind == PRESENCE:
        return check_presence(names, command)
    if kind == PAUSE or kind == OPEN:
        check_name(names.queue_slots, command.queue_id, "queue_id", "queue")
        return check_optional_whole(command.if_version, "if_version", 0, TIME_MAX)
    if kind == HEARTBEAT:
        names.agent_slot(command.agent_id, "agent_id")
        return 0
    if kind == LOAD:
        names.agent_slot(command.agent_id, "agent_id")
        check_name(names.channel_slots, command.channel, "channel", "channel")
        whole(command.units, "units", 0, COST_HIGH)
        return 0
    names.contact_slot(command.contact_id, "contact_id")
    if kind == ABANDON or kind == CANCEL:
        return check_text(command.reason, "reason")
    if kind == CHANGE:
        return check_change(names, command)
    if kind == PARK:
        check_one_of(command.clock, "clock", ParkClock)
        return check_optional_whole(command.until_us, "until_us", 0, TIME_MAX)
    if kind == UNPARK or kind == EXPEDITE:
        return 0
    if kind == CHANGE_CHANNEL:
        check_name(names.channel_slots, command.channel, "channel", "channel")
        return check_flag(command.or_requeue, "or_requeue")
    if kind == REQUEUE or kind == CONNECT_FAILED:
        if command.agent_id is not None:
            names.agent_slot(command.agent_id, "agent_id")
        return check_how_long(command)
    names.agent_slot(command.agent_id, "agent_id")
    return check_pair(names, command, kind)


cdef int check_pair(Names names, object command, int kind) except -1:
    """Look at what else is in a command on a contact and an agent."""
    if kind == EXTEND_WRAP_UP:
        check_wrap_up(command.wrap_up_us, "wrap_up_us")
    elif kind == TRANSFER:
        check_favourite(names, command)
        check_one_of(command.mode, "mode", TransferMode)
        if command.keeps_place is not None:
            check_one_of(command.keeps_place, "keeps_place", KeepsPlace)
        check_one_of(command.on_unanswered, "on_unanswered", OnUnanswered)
    elif kind == CONSULT or kind == JOIN:
        check_whom(names, command)
    elif kind == ASSIGN:
        check_one_of(command.as_, "as_", AssignAs)
        if type(command.ignoring) is not list:
            raise WrongType("ignoring", command.ignoring, "a list of members of Ignorable")
        if len(command.ignoring) > IGNORABLE_COUNT:
            raise OutOfRange("ignoring", len(command.ignoring), f"at most {IGNORABLE_COUNT} members of Ignorable")
        for one in command.ignoring:
            check_one_of(one, "ignoring", Ignorable)
    return 0


cdef int check_enqueue(Names names, object command) except -1:
    check_id(read(command, CONTACT_ID), "contact_id")
    if read(command, QUEUE_ID) is not None:
        check_name(names.queue_slots, read(command, QUEUE_ID), "queue_id", "queue")
    elif read(command, PARKED) is not True:
        raise OutOfRange("queue_id", None, "the id of a queue, unless the contact comes parked")
    check_name(names.channel_slots, read(command, CHANNEL), "channel", "channel")
    return check_brought(names, command)


cdef int check_brought(Names names, object command) except -1:
    """Look at what a contact brings, wherever it is to go."""
    check_optional_id(read(command, CUSTOMER_ID), "customer_id")
    check_optional_id(read(command, CONVERSATION_ID), "conversation_id")
    check_optional_id(read(command, PARENT_ID), "parent_id")
    check_optional_whole(read(command, TIER), "tier", TIER_LOW, TIER_HIGH)
    check_optional_whole(read(command, HEAD_START_US), "head_start_us", -DURATION_MAX, DURATION_MAX)
    check_optional_whole(read(command, COST), "cost", 0, COST_HIGH)
    check_agents(read(command, EXCLUDED), "excluded", EXCLUDED_TOP)
    check_scores(read(command, SCORES), "scores")
    check_attributes(read(command, ATTRIBUTES), "attributes")
    check_flag(read(command, PARKED), "parked")
    check_agents(read(command, PREFERRED), "preferred", PREFERRED_TOP)
    check_optional_whole(read(command, PREFERRED_WAIT_US), "preferred_wait_us", 0, DURATION_MAX)
    check_optional_one_of(read(command, PREFERRED_SCOPE), "preferred_scope", PreferredScope)
    if read(command, PREFERRED_REQUIRES) is not None:
        check_flag(read(command, PREFERRED_REQUIRES), "preferred_requires")
    check_optional_whole(read(command, DUE_AT_US), "due_at_us", 0, TIME_MAX)
    check_optional_one_of(read(command, KEEPS_PLACE), "keeps_place", KeepsPlace)
    if read(command, CLOCK) is not None or read(command, UNTIL_US) is not None:
        check_parking(command)
    if read(command, REQUIRES) is not None:
        check_requires(names, read(command, REQUIRES), "requires")
    if read(command, LIMITS) is not None:
        check_limits(read(command, LIMITS), "limits")
    return check_plan(names, read(command, PLAN), "plan")


cdef int check_parking(object command) except -1:
    """Look at how a contact that comes parked is parked."""
    check_optional_one_of(command.clock, "clock", ParkClock)
    check_optional_whole(command.until_us, "until_us", 0, TIME_MAX)
    for argument in ("clock", "until_us"):
        if getattr(command, argument) is not None and not command.parked:
            raise OutOfRange(argument, getattr(command, argument), "None unless the contact comes parked")
    if command.until_us is None:
        return 0
    if command.queue_id is None:
        raise OutOfRange("until_us", command.until_us, "None where the contact has no queue to wait in then")
    if command.due_at_us is not None and command.until_us <= command.due_at_us:
        raise OutOfRange("until_us", command.until_us, f"later than due_at_us, {command.due_at_us}")
    return 0


cdef int check_complete(Names names, object command) except -1:
    names.contact_slot(read(command, COMPLETE_CONTACT_ID), "contact_id")
    if read(command, COMPLETE_AGENT_ID) is not None:
        names.agent_slot(read(command, COMPLETE_AGENT_ID), "agent_id")
    check_text(read(command, COMPLETE_DISPOSITION), "disposition")
    if read(command, COMPLETE_WRAP_UP_US) is not None:
        check_wrap_up(read(command, COMPLETE_WRAP_UP_US), "wrap_up_us")
    return 0


cdef int check_decline(object command) except -1:
    check_id(command.offer_id, "offer_id")
    check_text(command.reason, "reason")
    if command.next_presence is not None:
        check_one_of(command.next_presence, "next_presence", Presence)
    return check_how_long(command)


cdef int check_how_long(object command) except -1:
    """Look at the cool-down of a command: a length or a moment, not both."""
    check_cooldown(command.cooldown, "cooldown")
    check_optional_whole(command.cooldown_until_us, "cooldown_until_us", 0, TIME_MAX)
    if command.cooldown is not None and command.cooldown_until_us is not None:
        raise OutOfRange("cooldown_until_us", command.cooldown_until_us, "None where cooldown is given")
    return 0


cdef int check_presence(Names names, object command) except -1:
    names.agent_slot(command.agent_id, "agent_id")
    check_one_of(command.presence, "presence", Presence)
    check_text(command.label, "label")
    check_optional_whole(command.if_version, "if_version", 0, TIME_MAX)
    if command.offers is not None:
        check_one_of(command.offers, "offers", PendingOffers)
    check_optional_whole(command.if_version, "if_version", 0, TIME_MAX)
    return check_flag(command.next_, "next_")


cdef int check_whom(Names names, object command) except -1:
    """Look at who is to have a contact: a queue or an agent, exactly one of them."""
    if command.to_queue is not None:
        check_name(names.queue_slots, command.to_queue, "to_queue", "queue")
    if command.to_agent is not None:
        names.agent_slot(command.to_agent, "to_agent")
    if (command.to_queue is None) == (command.to_agent is None):
        raise OutOfRange("to_queue", command.to_queue, "given where to_agent is None, and None where to_agent is given")
    return 0


cdef int check_favourite(Names names, object command) except -1:
    """Look at who is to have a contact that is transferred: a queue, an agent, or an agent for whom a queue keeps it."""
    if command.to_queue is None or command.to_agent is None:
        check_whom(names, command)
        for argument in ("preferred_wait_us", "preferred_scope", "preferred_requires"):
            if getattr(command, argument) is not None:
                raise OutOfRange(argument, getattr(command, argument), "None unless to_queue and to_agent are given")
        return 0
    check_name(names.queue_slots, command.to_queue, "to_queue", "queue")
    names.agent_slot(command.to_agent, "to_agent")
    check_optional_whole(command.preferred_wait_us, "preferred_wait_us", 0, DURATION_MAX)
    check_optional_one_of(command.preferred_scope, "preferred_scope", PreferredScope)
    if command.preferred_requires is not None:
        check_flag(command.preferred_requires, "preferred_requires")
    return 0


cdef int check_change(Names names, object command) except -1:
    check_one_of(command.offers, "offers", ChangeOffers)
    check_optional_whole(command.if_version, "if_version", 0, TIME_MAX)
    if type(command.patch) is not PATCH:
        raise WrongType("patch", command.patch, "a ContactPatch")
    return check_patch(names, command.patch)


cdef int check_patch(Names names, object patch) except -1:
    """Look at the fields that a patch gives; their names are told as ``patch.tier``."""
    if patch.queue_id is not UNSET:
        check_name(names.queue_slots, patch.queue_id, "patch.queue_id", "queue")
    if patch.channel is not UNSET:
        check_name(names.channel_slots, patch.channel, "patch.channel", "channel")
    if patch.conversation_id is not UNSET:
        check_optional_id(patch.conversation_id, "patch.conversation_id")
    if patch.requires is not UNSET and patch.requires is not None:
        check_requires(names, patch.requires, "patch.requires")
    if patch.tier is not UNSET:
        check_optional_whole(patch.tier, "patch.tier", TIER_LOW, TIER_HIGH)
    if patch.head_start_us is not UNSET:
        check_optional_whole(patch.head_start_us, "patch.head_start_us", -DURATION_MAX, DURATION_MAX)
    if patch.excluded is not UNSET:
        check_agents(patch.excluded, "patch.excluded", EXCLUDED_TOP)
    if patch.scores is not UNSET:
        check_scores(patch.scores, "patch.scores")
    if patch.attributes is not UNSET:
        check_attributes(patch.attributes, "patch.attributes")
    if patch.cost is not UNSET:
        check_optional_whole(patch.cost, "patch.cost", 0, COST_HIGH)
    if patch.parked is not UNSET:
        check_flag(patch.parked, "patch.parked")
    if patch.keeps_place is not UNSET:
        check_one_of(patch.keeps_place, "patch.keeps_place", KeepsPlace)
    return check_patch_in_time(names, patch)


cdef int check_patch_in_time(Names names, object patch) except -1:
    """Look at what a patch says of time: preferred agents, plan, limits, the moment due."""
    if patch.preferred is not UNSET:
        check_agents(patch.preferred, "patch.preferred", PREFERRED_TOP)
    if patch.preferred_wait_us is not UNSET:
        check_optional_whole(patch.preferred_wait_us, "patch.preferred_wait_us", 0, DURATION_MAX)
    if patch.preferred_scope is not UNSET:
        check_optional_one_of(patch.preferred_scope, "patch.preferred_scope", PreferredScope)
    if patch.preferred_requires is not UNSET and patch.preferred_requires is not None:
        check_flag(patch.preferred_requires, "patch.preferred_requires")
    if patch.plan is not UNSET:
        check_plan(names, patch.plan, "patch.plan")
    if patch.limits is not UNSET and patch.limits is not None:
        check_limits(patch.limits, "patch.limits")
    if patch.due_at_us is not UNSET:
        check_optional_whole(patch.due_at_us, "patch.due_at_us", 0, TIME_MAX)
    return 0
