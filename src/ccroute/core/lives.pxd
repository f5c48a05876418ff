from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport STEP_RECORDS, STEP_SLOTS, Floor, has_pages

cdef int step_reserve(Floor* floor, int32_t times) noexcept nogil

cdef inline int step_ready(Floor* floor) noexcept nogil:
    """Make room for one step; mostly there is room, and this says so at once."""
    if (
        floor.record_count + STEP_RECORDS <= floor.record_capacity
        and has_pages(&floor.contacts, 1)
        and has_pages(&floor.offers, 1)
        and floor.offers.count < floor.bucket_count
        and has_pages(&floor.legs, 1)
        and has_pages(&floor.bars, STEP_SLOTS)
        and has_pages(&floor.timers, STEP_SLOTS)
    ):
        return 0
    return step_reserve(floor, 1)

cdef void agent_take(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil
cdef void agent_give(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil

cdef void queue_enter(Floor* floor, int32_t contact, int32_t class_slot) noexcept nogil
cdef void queue_leave(Floor* floor, int32_t contact) noexcept nogil
cdef void contact_forget(Floor* floor, int32_t contact) noexcept nogil
cdef int32_t ended_due(Floor* floor) noexcept nogil

cdef void leg_begin(Floor* floor, int32_t contact, int32_t agent, int64_t offer, int32_t cost) noexcept nogil
cdef void do_abandon(Floor* floor, int32_t contact) noexcept nogil
cdef void do_cancel(Floor* floor, int32_t contact) noexcept nogil
cdef void do_accept(Floor* floor, int32_t offer) noexcept nogil
cdef void do_decline(Floor* floor, int32_t offer) noexcept nogil
cdef void do_complete(Floor* floor, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) noexcept nogil
cdef void do_end_wrap_up(Floor* floor, int32_t leg) noexcept nogil
cdef void do_extend_wrap_up(Floor* floor, int32_t leg, int64_t wrap_up) noexcept nogil
cdef void do_transfer(Floor* floor, int32_t contact, int32_t leg, int32_t class_slot, int32_t queue, int32_t keeps_place) noexcept nogil
cdef void do_presence(Floor* floor, int32_t agent, int presence, int pending, int how) noexcept nogil
cdef void do_next_presence(Floor* floor, int32_t agent, int presence, int pending) noexcept nogil
cdef void do_pause(Floor* floor, int32_t queue, bint paused) noexcept nogil
cdef void fire(Floor* floor, int32_t timer) noexcept nogil
