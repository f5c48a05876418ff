from libc.stdint cimport int64_t

cdef bint is_whole(object value)
cdef int64_t whole(object value, str argument, int64_t low, int64_t high) except? -9223372036854775807
cdef int check_id(object value, str argument) except -1
cdef int check_optional_id(object value, str argument) except -1
cdef int check_text(object value, str argument) except -1
cdef int check_attributes(object value) except -1
