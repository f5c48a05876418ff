from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport Floor

cdef enum:
    LED_MAX = 4096                # steps whose class is remembered

cdef int work_off(Floor* floor) noexcept nogil
cdef int list_changed(Floor* floor, uint8_t* queues) noexcept nogil
cdef int look_round(Floor* floor) noexcept nogil
cdef int hours_change(Floor* floor, int32_t queue) noexcept nogil
cdef void hours_arm(Floor* floor, int32_t queue) noexcept nogil
cdef int expedite(Floor* floor, int32_t contact) noexcept nogil
cdef int call_back(Floor* floor, int32_t contact) noexcept nogil
cdef void forget_led(Floor* floor) noexcept nogil
cdef int32_t next_step(Floor* floor, int32_t contact, bint own, int64_t* at) noexcept nogil
