from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Floor

cdef void arrive(Floor* floor, int32_t contact) noexcept nogil
cdef int settle(Floor* floor) noexcept nogil
cdef int run_until(Floor* floor, int64_t to) noexcept nogil
