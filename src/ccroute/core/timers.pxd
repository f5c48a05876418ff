from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor

cdef void timers_open(Floor* floor) noexcept nogil
cdef int32_t timer_arm(Floor* floor, int64_t deadline, int kind, int32_t target) noexcept nogil
cdef void timer_cancel(Floor* floor, int32_t slot) noexcept nogil
cdef int64_t timers_next(Floor* floor) noexcept nogil
cdef int64_t timers_step(Floor* floor, int64_t limit) noexcept nogil
cdef int32_t timers_due(Floor* floor) noexcept nogil
cdef int32_t timers_walk(Floor* floor, int32_t slot) noexcept nogil
