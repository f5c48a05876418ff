from ccroute.core.defs cimport Contact, Floor

cdef inline int require(bint is_so, str promise) except -1:
    """Raise unless a promise that the core relies on holds on the tape."""
    if not is_so:
        raise ValueError(f"on the tape it is not so that {promise}")
    return 0

cdef int check_sound(Floor* floor) except -1
cdef int check_class(Floor* floor, Contact* contact) except -1
