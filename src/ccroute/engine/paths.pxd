from libc.stdint cimport int32_t

from ccroute.core.defs cimport Path
from ccroute.engine.names cimport Names

cdef void path_clear(Path* path) noexcept
cdef int path_preferred(Names names, Path* path, object preferred) except -1
cdef int path_favourite(Path* path, int32_t agent, object wait, object scope, object requires) except -1
cdef int path_limits(Path* path, object limits) except -1
cdef int fill_path(Names names, Path* path, object command) except -1
