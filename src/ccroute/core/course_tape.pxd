from libc.stdint cimport int32_t

from ccroute.core.defs cimport Course, Floor
from ccroute.core.tape cimport Tape

cdef int save_course(Tape tape, Course* course, dict plans) except -1
cdef int load_course(Tape tape, Floor* floor, int32_t contact, list plans) except -1
