from ccroute.engine.names cimport Names

cdef int check_requires(Names names, object requires, str argument) except -1
cdef int check_limits(object limits, str argument) except -1
cdef int check_plan(Names names, object plan, str argument) except -1
