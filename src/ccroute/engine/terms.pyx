"""What a contact brings, in the core's words: its class, its tier, whom it excludes and scores, whom a slow class allows it."""

from cpython.array cimport array

from ccroute.core.defs cimport NONE, UNSAID, Contact, ContactClass, Course, Floor, Queue, contact_at, course_of

cdef enum:
    KEEP = -1                         # as a count: what the contact has stays


cdef int32_t class_for(
    Names names, object queue, object channel, object cost, object requires, object tier, object attributes,
    object ruled=None
) except -1:
    """Return the class (of its first stage) of a contact in a queue; queue and channel are slots.

    ``ruled``: the requirement that a rule put in place of the queue's.
    """
    if cost is None:
        cost = NONE
    cdef object slot = names.quick_classes.get((queue, channel, cost, requires, ruled))
    if slot is None:
        slot = names.classes.slot_for(queue, channel, cost, requires, tier, attributes, ruled)
    return slot


cdef object own_tier(Names names, int32_t contact):
    """Return the tier of a contact's own, None where its queue's is in force."""
    cdef Contact* one = contact_at(&names.acd.floor, contact)
    return one.tier if one.own_tier else None


cdef object own_head_start(Names names, int32_t contact):
    """Return the head start of a contact's own, None where its queue's is in force."""
    cdef Contact* one = contact_at(&names.acd.floor, contact)
    return one.head_start if one.own_head_start else None


cdef object ruled_text(Names names, int32_t plan, int32_t step):
    """Return the requirement that a step put in place of the queue's, None without."""
    return None if plan == NONE else names.plans.steps(plan)[step].requires


cdef int32_t class_of_contact(
    Names names, int32_t contact, object queue, object channel, object known, object tier, object attributes, Brought* brought,
    list held
) except -1:
    """Return the class of a contact as ``known`` tells it, in a queue and on a channel; fill in whom it allows.

    While it stays in its queue, so do what rules put in place of that one's requirement, and its wait for preferred agents.
    """
    cdef Floor* floor = &names.acd.floor
    cdef Contact* one = contact_at(floor, contact)
    cdef Course* course = course_of(floor, one)
    cdef object ruled = None
    cdef int32_t slot
    if course != NULL and queue == one.queue:
        ruled = ruled_text(names, course.ruled_plan, course.ruled_step)
        if course.is_preferring:
            return preferring_class(names, course, one, channel, known, tier, attributes, ruled, brought, held)
    slot = class_for(names, queue, channel, known.cost, known.requires, tier, attributes, ruled)
    held.append(bring_allowed(names, brought, slot, known.requires, tier, attributes, ruled))
    return slot


cdef int32_t preferring_class(
    Names names, Course* course, Contact* one, object channel, object known, object tier, object attributes, object ruled,
    Brought* brought, list held
) except -1:
    """Return the class of a contact that waits for its preferred agents, and say that it allows these alone."""
    cdef Queue* queue = &names.acd.floor.queues[one.queue]
    cdef bint is_anyone = queue.prefers_anyone if course.scope == UNSAID else course.scope
    cdef bint asks = queue.prefers_requires if course.requires == UNSAID else course.requires
    cdef int at
    kept = [course.preferred[at] for at in range(course.preferred_count) if (course.kept >> at) & 1]
    slot = names.classes.preferring_slot(one.queue, channel, NONE if known.cost is None else known.cost, is_anyone)
    both = names.classes.kept_allowance(
        one.queue, channel, known.requires, tier, attributes, ruled, kept, asks=asks
    )
    held.append(point_to(brought, both))
    return slot


cdef object bring_allowed(
    Names names, Brought* brought, int32_t class_slot, object requires, object tier, object attributes, object ruled=None
):
    """Say which agents a contact of a slow class allows, or that its class says so; return what holds the memory."""
    cdef ContactClass* one = &names.acd.floor.classes[class_slot]
    brought.terms.allowed = NULL
    brought.terms.sums = NULL
    if not one.is_slow:
        return None
    return point_to(brought, names.classes.allowance(one.queue, one.channel, requires, tier, attributes, ruled))


cdef object point_to(Brought* brought, object both):
    """Have terms point to the agents that a contact allows and to their sums; return what holds the memory."""
    cdef array allowed, sums
    allowed, sums = both
    brought.terms.allowed = <uint64_t*>allowed.data.as_ulonglongs
    brought.terms.sums = NULL if sums is None else <int32_t*>sums.data.as_ints
    return both


cdef int bring(Names names, Brought* brought, object tier, object head_start, object excluded, object scores) except -1:
    """Fill in the terms of a contact. Of agents only those of the configuration count; None for a list keeps what is there."""
    cdef int32_t count = 0
    brought.terms.own_tier = tier is not None
    brought.terms.tier = 0 if tier is None else tier
    brought.terms.own_head_start = head_start is not None
    brought.terms.head_start = 0 if head_start is None else head_start
    brought.terms.excluded = brought.excluded
    brought.terms.scored = brought.scored
    brought.terms.scores = brought.scores
    # Checked before; but their giver, in another thread, may have made them longer since.
    for one in dict.fromkeys(excluded) if excluded else ():
        if one in names.agent_slots and count < EXCLUDED_TOP:
            brought.excluded[count] = names.agent_slots[one]
            count += 1
    brought.terms.excluded_count = KEEP if excluded is None else count
    count = 0
    for one, score in scores.items() if scores else ():
        if one in names.agent_slots and count < SCORES_TOP:
            brought.scored[count] = names.agent_slots[one]
            brought.scores[count] = score
            count += 1
    brought.terms.scores_count = KEEP if scores is None else count
    return 0


def class_now(Names names, int contact) -> tuple:
    """Return the class of a contact as it and its queue now are, and, of a slow class, whom it allows and their sums."""
    cdef Contact* one = contact_at(&names.acd.floor, contact)
    cdef Brought brought
    cdef list held = []
    cdef object known = names.contacts[contact]
    cdef int32_t slot = class_of_contact(
        names, contact, one.queue, one.channel, known, own_tier(names, contact), names.attributes_of(contact), &brought, held
    )
    both = held[len(held) - 1]
    return (slot, None, None) if both is None else (slot, both[0], both[1])


def allowance_now(Names names, int contact) -> tuple:
    """Return whom a contact of a slow class allows as it and its queue now are, and their sums; it stays in its class."""
    cdef Contact* one = contact_at(&names.acd.floor, contact)
    cdef Course* course = course_of(&names.acd.floor, one)
    cdef object known = names.contacts[contact]
    cdef object ruled = None
    if course != NULL:
        if course.is_preferring:
            return class_now(names, contact)[1:]
        ruled = ruled_text(names, course.ruled_plan, course.ruled_step)
    return names.classes.allowance(
        one.queue, one.channel, known.requires, own_tier(names, contact), names.attributes_of(contact), ruled
    )
