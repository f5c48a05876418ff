from libc.stdint cimport int32_t

from ccroute.core.defs cimport Floor, Line

cdef struct Walk:                 # a place between two contacts of a line
    int32_t of_lane
    int32_t of_strays

cdef void line_open(Floor* floor) noexcept nogil
cdef void line_clear(Line* line) noexcept nogil
cdef void line_enter(Floor* floor, Line* line, int32_t slot) noexcept nogil
cdef void line_leave(Floor* floor, Line* line, int32_t slot) noexcept nogil
cdef void walk_begin(Line* line, Walk* walk) noexcept nogil
cdef int32_t walk_next(Floor* floor, Walk* walk) noexcept nogil
