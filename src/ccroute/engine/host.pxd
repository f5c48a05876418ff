from ccroute.engine.names cimport Names

cdef int attach_host(Names names) except -1
