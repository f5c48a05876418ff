from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Contact, Floor, u128

cdef enum:                        # ContactCommand: rows of table.CONTACT_TABLE that can refuse
    COMMAND_ENQUEUE = 0
    COMMAND_ABANDON = 1
    COMMAND_CANCEL = 2

cdef enum:                        # LegCommand: rows of table.LEG_TABLE that can refuse
    COMMAND_HOLD = 0
    COMMAND_RESUME = 1
    COMMAND_COMPLETE = 2
    COMMAND_TRANSFER = 3
    COMMAND_END_WRAP_UP = 4
    COMMAND_EXTEND_WRAP_UP = 5

cdef class Acd:
    cdef Floor floor
    cdef bint is_torn             # memory ran out after something had moved: nothing but closing is left

    cdef int open_selects(self, selects) except -1
    cdef int no_leg(self, int32_t contact, int reason) noexcept
    cdef int reserve(self, int32_t times) except -1
    cdef int settle(self) except -1
    cdef int run_until(self, int64_t to) except -1
    cdef void forget_one(self, int32_t slot) noexcept
    cdef int can_enqueue(self, int32_t contact) noexcept
    cdef int32_t enqueue(
        self, int32_t class_slot, int32_t tier, bint own_tier, int64_t head_start, bint own_head_start,
        int32_t* excluded, int32_t excluded_count, int32_t* scored, int64_t* scores, int32_t scores_count,
    ) except -1
    cdef int abandon(self, int32_t contact) except -1
    cdef int cancel(self, int32_t contact) except -1
    cdef int accept(self, int64_t offer) except -1
    cdef int decline(self, int64_t offer, int next_presence, int pending) except -1
    cdef int on_leg(self, int command, int32_t contact, int32_t agent, int64_t wrap_up) except -1
    cdef int complete(self, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) except -1
    cdef int can_transfer(self, int32_t contact, int32_t agent) noexcept
    cdef int transfer(self, int32_t contact, int32_t agent, int32_t class_slot, int32_t keeps_place) except -1
    cdef int presence(self, int32_t agent, int presence, int pending, bint when_done) except -1
    cdef int pause(self, int32_t queue, bint paused) except -1
    cdef int64_t contact_handle(self, int32_t slot) noexcept
    cdef int32_t contact_slot(self, int64_t handle) noexcept
    cdef u128 aged_word(self, Contact* contact) noexcept
