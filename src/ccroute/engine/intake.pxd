
from ccroute.engine.names cimport Names

cdef int check_command(Names names, object command) except -1
cdef int apply_command(Names names, object command) except -1
