from libc.stdint cimport int64_t

from ccroute.core.defs cimport Floor

cdef int settle(Floor* floor) noexcept nogil
cdef int run_until(Floor* floor, int64_t to) noexcept nogil
