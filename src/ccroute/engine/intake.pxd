from ccroute.engine.names cimport Names

cdef int apply_command(Names names, object command) except -1
