from libc.stdint cimport int64_t

cdef enum:
    ID_LENGTH = 128
    EXCLUDED_TOP = 16
    PREFERRED_TOP = 16
    SCORES_TOP = 128

cdef bint is_whole(object value)
cdef int64_t whole(object value, str argument, int64_t low, int64_t high) except? -9223372036854775807
cdef int check_id(object value, str argument) except -1
cdef int check_optional_id(object value, str argument) except -1
cdef int check_text(object value, str argument) except -1
cdef int check_optional_whole(object value, str argument, int64_t low, int64_t high) except -1
cdef int check_flag(object value, str argument) except -1
cdef int check_one_of(object value, str argument, object closed_set) except -1
cdef int check_optional_one_of(object value, str argument, object closed_set) except -1
cdef int check_name(dict known, object value, str argument, str what) except -1
cdef int check_wrap_up(object value, str argument) except -1
cdef int check_cooldown(object value, str argument) except -1
cdef int check_agents(object value, str argument, Py_ssize_t top) except -1
cdef int check_scores(object value, str argument) except -1
cdef int check_attributes(object value, str argument) except -1
