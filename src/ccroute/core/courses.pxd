from libc.stdint cimport int32_t, int64_t, uint16_t

from ccroute.core.defs cimport Course, Floor, Path, Plan

cdef enum:
    NO_PLAN = -2                  # as the plan kept: that of a queue that had none

cdef int courses_open(Floor* floor, int32_t limit) noexcept nogil
cdef void courses_close(Floor* floor) noexcept nogil
cdef Course* course_for(Floor* floor, int32_t contact) noexcept nogil
cdef void course_bring(Floor* floor, int32_t contact, Path* path) noexcept nogil
cdef void course_drop(Floor* floor, int32_t contact) noexcept nogil
cdef void course_begin_entry(Floor* floor, int32_t contact, int32_t was_queue, int64_t was_in_queue_at) noexcept nogil
cdef void course_rest(Floor* floor, int32_t contact) noexcept nogil
cdef void course_wait(Floor* floor, int32_t contact) noexcept nogil
cdef void callback_watch(Floor* floor, Course* course) noexcept nogil
cdef void callback_rest(Floor* floor, int32_t contact) noexcept nogil
cdef void course_look(Floor* floor, int32_t contact) noexcept nogil
cdef void course_raise(Floor* floor, int32_t contact, uint16_t flag) noexcept nogil
cdef Plan* plan_in_force(Floor* floor, int32_t contact) noexcept nogil
cdef int32_t plan_number(Floor* floor, int32_t contact) noexcept nogil
cdef void rule_by(Floor* floor, Course* course, int32_t plan, int32_t step) noexcept nogil
cdef void carry_plan(Floor* floor, int32_t contact, int32_t plan) noexcept nogil
cdef void count_favours(Floor* floor, Course* course, bint counts) noexcept nogil
cdef void unprefer(Floor* floor, Course* course, int32_t agent) noexcept nogil
cdef void phase_forget(Floor* floor, Course* course) noexcept nogil
