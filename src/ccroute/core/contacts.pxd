from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport STEP_EXTRAS, STEP_RECORDS, STEP_RULED, STEP_SLOTS, Floor, has_pages

cdef int step_reserve(Floor* floor, int32_t times) noexcept nogil

cdef inline int step_ready(Floor* floor) noexcept nogil:
    """Make room for one step; mostly there is room, and this says so at once."""
    if (
        floor.record_count + STEP_RECORDS <= floor.record_capacity
        and has_pages(&floor.contacts, 1)
        and has_pages(&floor.offers, STEP_SLOTS)
        and floor.offers.count + STEP_SLOTS <= floor.bucket_count
        and has_pages(&floor.legs, 1)
        and has_pages(&floor.bars, STEP_SLOTS)
        and has_pages(&floor.timers, STEP_SLOTS)
        and has_pages(&floor.extras, STEP_EXTRAS)
        and floor.loose.capacity >= floor.extras.count + STEP_EXTRAS
        and has_pages(&floor.courses, STEP_EXTRAS)
        and floor.ruled.capacity >= floor.ruled.count + STEP_RULED
        and floor.phases.capacity >= floor.phases.count + STEP_EXTRAS
    ):
        return 0
    return step_reserve(floor, 1)

cdef void enter_queue(Floor* floor, int32_t contact, int32_t class_slot) noexcept nogil
cdef void watch(Floor* floor, int32_t contact) noexcept nogil
cdef void unwatch(Floor* floor, int32_t contact) noexcept nogil
cdef void stage_up(Floor* floor, int32_t contact) noexcept nogil
cdef void reclass(Floor* floor, int32_t contact, int32_t class_slot) noexcept nogil
cdef void move_queue(Floor* floor, int32_t contact, int32_t class_slot, int32_t keeps_place) noexcept nogil
cdef void place_by(Floor* floor, int32_t contact, int32_t keeps_place) noexcept nogil
cdef void set_terms(Floor* floor, int32_t contact) noexcept nogil
cdef void be_overdue(Floor* floor, int32_t contact) noexcept nogil
cdef void catch_up(Floor* floor, int32_t contact) noexcept nogil
cdef void stand(Floor* floor, int32_t contact) noexcept nogil
cdef void bar_legs(Floor* floor, int32_t contact) noexcept nogil
cdef void tell_queued(Floor* floor, int32_t contact) noexcept nogil
cdef void tell_requeued(Floor* floor, int32_t contact, int reason, int32_t by) noexcept nogil
cdef void begin_wait(Floor* floor, int32_t contact) noexcept nogil
cdef void wait_again(Floor* floor, int32_t contact, int reason, int32_t by) noexcept nogil
cdef void queue_leave(Floor* floor, int32_t contact) noexcept nogil
cdef void mark_loose(Floor* floor, int32_t contact) noexcept nogil
cdef void contact_end(Floor* floor, int32_t contact, int state) noexcept nogil
cdef void contact_close(Floor* floor, int32_t contact) noexcept nogil
cdef void contact_forget(Floor* floor, int32_t contact) noexcept nogil
cdef int32_t ended_due(Floor* floor, int64_t at) noexcept nogil
cdef void adopt(Floor* floor, int32_t parent, int32_t child) noexcept nogil
