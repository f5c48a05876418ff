"""Bars: pairs of a contact and an agent that are kept apart, by a cool-down, by exclusion or by an earlier leg.

A pair has one bar with the reasons as bits. Lists hang from both sides, so that looking a pair up walks the shorter one.
"""

from ccroute.core.defs cimport (
    BAR_COOLDOWN, CONTACT_QUEUED, NONE, TIMER_COOLDOWN, Agent, Bar, Contact, agent_at, bar_at, contact_at,
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
    return slot


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
    if one.state == CONTACT_QUEUED and other.mask:
        mark_agent(floor, bar.agent)
    store_give(&floor.bars, slot)


cdef void bars_lift_all(Floor* floor, int32_t contact) noexcept nogil:
    """Free all bars of a contact that has ended."""
    while contact_at(floor, contact).first_bar != NONE:
        bar_lift(floor, contact_at(floor, contact).first_bar, 255)


cdef void cool_down(Floor* floor, int32_t contact, int32_t agent, int64_t duration) noexcept nogil:
    """Keep a pair apart for a time, in place of a cool-down that runs; 0 ends one that runs."""
    cdef int32_t slot
    if duration == 0:
        slot = bar_find(floor, contact, agent)
        if slot != NONE:
            bar_lift(floor, slot, BAR_COOLDOWN)
        return
    slot = bar_add(floor, contact, agent, BAR_COOLDOWN)
    timer_cancel(floor, bar_at(floor, slot).timer)
    bar_at(floor, slot).timer = timer_arm(floor, floor.now + duration, TIMER_COOLDOWN, slot)
