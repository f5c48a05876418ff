from ccroute.core.sight cimport Sight

cdef class Watch:
    cdef Sight sight
    cdef object told
    cdef readonly object error            # what the one who was told raised, None without
