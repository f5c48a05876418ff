from libc.stdint cimport int32_t

from ccroute.core.defs cimport Contact, Course, Floor, Queue

cdef bint is_there(Floor* floor, Queue* queue, int32_t agent) noexcept nogil
cdef bint has_favourite(Floor* floor, Contact* contact, Course* course) noexcept nogil
cdef int check_phase(Floor* floor, int32_t contact, Course* course) noexcept nogil
cdef int class_anew(Floor* floor, int32_t contact, Course* course) noexcept nogil
