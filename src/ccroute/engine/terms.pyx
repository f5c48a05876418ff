"""What a contact brings, in the core's words: its class, its tier, whom it excludes and scores, whom a slow class allows it."""

from cpython.array cimport array

from ccroute.core.defs cimport NONE, ContactClass

cdef enum:
    KEEP = -1                         # as a count: what the contact has stays


cdef int32_t class_for(
    Names names, object queue, object channel, object cost, object requires, object tier, object attributes
) except -1:
    """Return the class (of its first stage) of a contact in a queue; queue and channel are slots."""
    if cost is None:
        cost = NONE
    cdef object slot = names.quick_classes.get((queue, channel, cost, requires))
    if slot is None:
        slot = names.classes.slot_for(queue, channel, cost, requires, tier, attributes)
    return slot


cdef object bring_allowed(
    Names names, Brought* brought, int32_t class_slot, object requires, object tier, object attributes
):
    """Say which agents a contact of a slow class allows, or that its class says so; return what holds the memory."""
    cdef ContactClass* one = &names.acd.floor.classes[class_slot]
    cdef array allowed, sums
    brought.terms.allowed = NULL
    brought.terms.sums = NULL
    if not one.is_slow:
        return None
    both = names.classes.allowance(one.queue, one.channel, requires, tier, attributes)
    allowed, sums = both
    brought.terms.allowed = <uint64_t*>allowed.data.as_ulonglongs
    if sums is not None:
        brought.terms.sums = <int32_t*>sums.data.as_ints
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
