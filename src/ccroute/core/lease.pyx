"""Leases: an agent that is not heard of is lost, and in the end its work goes back to those who can do it."""

from ccroute.core.answers cimport rescind, withdraw
from ccroute.core.contacts cimport step_ready, wait_again
from ccroute.core.defs cimport (
    AWAY, END_LOST, LEG_WRAPPING, NONE, OFFLINE, PENDING_KEEP, RECORD_LOST, REQUEUE_LOST, RESCIND_LOST,
    TIMER_LEASE, TIMER_LOST, Agent, Leg, Record, agent_at, contact_at, int64_t, leg_at, write,
)
from ccroute.core.legs cimport legs_at_work
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.work cimport BY_LOSS, BY_RETURN, check_seek, do_presence, leg_end, loss_end


cdef void lease_arm(Floor* floor, int32_t slot) noexcept nogil:
    """An agent was heard of: its lease runs from now, and it is not lost any more."""
    cdef Agent* agent = agent_at(floor, slot)
    lease_end(floor, slot)
    if agent.lease != NONE and agent.presence != OFFLINE:
        agent.timer_lease = timer_arm(floor, floor.now + agent.lease, TIMER_LEASE, slot)


cdef void lease_end(Floor* floor, int32_t slot) noexcept nogil:
    """No lease runs for an agent, and none has run out."""
    cdef Agent* agent = agent_at(floor, slot)
    loss_end(floor, agent)
    timer_cancel(floor, agent.timer_lease)
    agent.timer_lease = NONE


cdef void lapse(Floor* floor, int32_t slot) noexcept nogil:
    """An agent was not heard of for too long: it is away, and its offers go to others."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Record* record = write(floor, RECORD_LOST)
    timer_cancel(floor, agent.timer_lease)
    agent.timer_lease = NONE
    record.agent = slot
    record.a = agent.lease
    record.b = floor.now + agent.grace
    agent.presence_before = agent.presence
    agent.lost_at = floor.now
    agent.is_lost = 1
    do_presence(floor, slot, AWAY, PENDING_KEEP, BY_LOSS)
    while agent.first_offer != NONE:
        rescind(floor, agent.first_offer, RESCIND_LOST, NONE)
    agent.timer_lost = timer_arm(floor, floor.now + agent.grace, TIMER_LOST, slot)


cdef void come_back(Floor* floor, int32_t slot) noexcept nogil:
    """An agent that was lost is heard of: it is as it was."""
    cdef Agent* agent = agent_at(floor, slot)
    do_presence(floor, slot, agent.presence_before, PENDING_KEEP, BY_RETURN)
    lease_arm(floor, slot)


cdef int give_back_work(Floor* floor, int32_t slot) noexcept nogil:
    """Send what a lost agent worked on back to its place, but for live channels, by contact seq. Return -1 without memory.

    O(legs of the agent, squared).
    """
    cdef Agent* agent = agent_at(floor, slot)
    cdef int64_t above = -1
    cdef int32_t at, found, contact
    timer_cancel(floor, agent.timer_lost)
    agent.timer_lost = NONE
    while True:
        if step_ready(floor):
            return -1
        found = NONE
        at = agent.first_leg
        while at != NONE:
            if can_go_back(floor, leg_at(floor, at), above) and (
                found == NONE
                or contact_at(floor, leg_at(floor, at).contact).seq < contact_at(floor, leg_at(floor, found).contact).seq
            ):
                found = at
            at = leg_at(floor, at).next_of_agent
        if found == NONE:
            return 0
        contact = leg_at(floor, found).contact
        above = contact_at(floor, contact).seq
        leg_end(floor, found, END_LOST, NONE)
        check_seek(floor, contact)
        if legs_at_work(floor, contact) == 0:
            withdraw(floor, contact)
            wait_again(floor, contact, REQUEUE_LOST, NONE)


cdef bint can_go_back(Floor* floor, Leg* leg, int64_t above) noexcept nogil:
    """Say whether a leg is work on a channel that is not live, on a contact behind a seq."""
    return (
        leg.state != LEG_WRAPPING and not floor.channels[leg.channel].live and contact_at(floor, leg.contact).seq > above
    )
