"""Bars: pairs of a contact and an agent that are kept apart, by a cool-down, by exclusion or by an earlier leg.

A pair has one bar with the reasons as bits. Lists hang from both sides, so that looking a pair up walks the shorter one.
"""

from ccroute.core.defs cimport (
    BAR_COOLDOWN, BAR_COOLING, BAR_EVER, BAR_NEXT, COOL_FOR_EVER, COOL_NEXT_AVAILABLE, NONE, TIMER_COOLDOWN, Agent,
    Bar, Contact, Extra, agent_at, bar_at, contact_at, extra_at, uint8_t, waits,
)
from ccroute.core.roster cimport mark_agent
from ccroute.core.store cimport store_give, store_take
from ccroute.core.timers cimport timer_arm, timer_cancel


cdef int32_t bar_find(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the bar of a pair, NONE without. O(bars of the side that has fewer)."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Agent* other = agent_at(floor, agent)
    cdef int32_t at
    if one.bars <= other.bars:
        at = one.first_bar
        while at != NONE and bar_at(floor, at).agent != agent:
            at = bar_at(floor, at).next_of_contact
    else:
        at = other.first_bar
        while at != NONE and bar_at(floor, at).contact != contact:
            at = bar_at(floor, at).next_of_agent
    return at


cdef void bar_link(Floor* floor, int32_t slot, int32_t contact, int32_t agent, uint8_t why) noexcept nogil:
    """Begin a bar in a slot just taken."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Agent* other = agent_at(floor, agent)
    cdef Bar* bar = bar_at(floor, slot)
    bar.contact = contact
    bar.agent = agent
    bar.why = why
    bar.timer = NONE
    bar.prev_of_contact = NONE
    bar.next_of_contact = one.first_bar
    if one.first_bar != NONE:
        bar_at(floor, one.first_bar).prev_of_contact = slot
    one.first_bar = slot
    one.bars += 1
    bar.prev_of_agent = NONE
    bar.next_of_agent = other.first_bar
    if other.first_bar != NONE:
        bar_at(floor, other.first_bar).prev_of_agent = slot
    other.first_bar = slot
    other.bars += 1


cdef int32_t bar_add(Floor* floor, int32_t contact, int32_t agent, uint8_t why) noexcept nogil:
    """Keep a pair apart for one more reason and return its bar. Room was reserved."""
    cdef int32_t slot = bar_find(floor, contact, agent)
    if slot != NONE:
        bar_at(floor, slot).why |= why
        return slot
    slot = store_take(&floor.bars)
    bar_link(floor, slot, contact, agent, why)
    if floor.is_deferred:
        # Who was spared for this contact may now give way to another.
        floor.tries += 1
        floor.is_deferred = 0
    return slot


cdef bint is_barred(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Say whether a contact that has bars, or is of a slow class, is kept from an agent."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Extra* extra
    if bar_find(floor, contact, agent) != NONE:
        return True
    if one.extra == NONE:
        return False
    extra = extra_at(floor, one.extra)
    return extra.allowed != NULL and not (
        agent >> 6 < extra.allowed_words and (extra.allowed[agent >> 6] >> (agent & 63)) & 1
    )


cdef void bar_lift(Floor* floor, int32_t slot, uint8_t why) noexcept nogil:
    """Take a reason off a bar; without reasons the bar goes, and the agent may be offered the contact again."""
    cdef Bar* bar = bar_at(floor, slot)
    cdef Contact* one = contact_at(floor, bar.contact)
    cdef Agent* other = agent_at(floor, bar.agent)
    if why & BAR_COOLDOWN:
        timer_cancel(floor, bar.timer)
        bar.timer = NONE
    bar.why &= ~why
    if bar.why:
        return
    if bar.prev_of_contact == NONE:
        one.first_bar = bar.next_of_contact
    else:
        bar_at(floor, bar.prev_of_contact).next_of_contact = bar.next_of_contact
    if bar.next_of_contact != NONE:
        bar_at(floor, bar.next_of_contact).prev_of_contact = bar.prev_of_contact
    one.bars -= 1
    if bar.prev_of_agent == NONE:
        other.first_bar = bar.next_of_agent
    else:
        bar_at(floor, bar.prev_of_agent).next_of_agent = bar.next_of_agent
    if bar.next_of_agent != NONE:
        bar_at(floor, bar.next_of_agent).prev_of_agent = bar.prev_of_agent
    other.bars -= 1
    if waits(one):
        floor.classes[one.class_slot].tried = 0
        if other.mask:
            mark_agent(floor, bar.agent)
    store_give(&floor.bars, slot)


cdef void bars_lift_all(Floor* floor, int32_t contact) noexcept nogil:
    """Free all bars of a contact that has ended."""
    while contact_at(floor, contact).first_bar != NONE:
        bar_lift(floor, contact_at(floor, contact).first_bar, 255)


cdef void cool_down(Floor* floor, int32_t contact, int32_t agent, uint8_t kind, int64_t until) noexcept nogil:
    """Keep a pair apart until a moment, or as CoolKind says, in place of one that runs; a moment gone by ends it."""
    cdef int32_t slot
    cdef uint8_t why = BAR_EVER if kind == COOL_FOR_EVER else BAR_NEXT if kind == COOL_NEXT_AVAILABLE else BAR_COOLDOWN
    if why == BAR_COOLDOWN and until <= floor.now:
        slot = bar_find(floor, contact, agent)
        if slot != NONE and bar_at(floor, slot).why & BAR_COOLING:
            bar_lift(floor, slot, BAR_COOLING)
        return
    slot = bar_add(floor, contact, agent, why)
    timer_cancel(floor, bar_at(floor, slot).timer)
    bar_at(floor, slot).timer = NONE
    bar_at(floor, slot).why &= ~<uint8_t>BAR_COOLING
    bar_at(floor, slot).why |= why
    if why == BAR_COOLDOWN:
        bar_at(floor, slot).timer = timer_arm(floor, until, TIMER_COOLDOWN, slot)


cdef void lift_until_available(Floor* floor, int32_t agent) noexcept nogil:
    """End the cool-downs that last until an agent is available again. O(bars of the agent)."""
    cdef int32_t at = agent_at(floor, agent).first_bar
    cdef int32_t following
    while at != NONE:
        following = bar_at(floor, at).next_of_agent
        if bar_at(floor, at).why & BAR_NEXT:
            bar_lift(floor, at, BAR_NEXT)
        at = following
