from libc.stdint cimport int32_t

from ccroute.core.defs cimport Floor

cdef void lease_arm(Floor* floor, int32_t agent) noexcept nogil
cdef void lapse(Floor* floor, int32_t agent) noexcept nogil
cdef void come_back(Floor* floor, int32_t agent) noexcept nogil
cdef int give_back_work(Floor* floor, int32_t agent) noexcept nogil
