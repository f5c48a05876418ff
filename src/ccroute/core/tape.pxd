from libc.stdint cimport int64_t

cdef class Tape:
    cdef int64_t* items
    cdef int64_t count
    cdef int64_t capacity
    cdef int64_t at               # next to be read

    cdef int put(self, int64_t value) except -1
    cdef int64_t take(self, int64_t low, int64_t high) except? -7777777777777777
    cdef int64_t take_any(self) except? -7777777777777777
