from libc.stdint cimport int32_t

from ccroute.core.defs cimport Floor, Links, Root, Store

# Says whether the first slot comes before the second; a total order.
ctypedef bint (*Before)(Floor*, int32_t, int32_t, int32_t) noexcept nogil

cdef struct Tree:                 # how to find the links of a slot, and how slots compare
    Floor* floor
    Store* store
    int32_t offset                # of the Links in a record
    int32_t which                 # handed to before
    Before before

cdef void order_clear(Root* root) noexcept nogil
cdef void order_insert(Tree* tree, Root* root, int32_t slot) noexcept nogil
cdef void order_remove(Tree* tree, Root* root, int32_t slot) noexcept nogil
cdef int32_t order_next(Tree* tree, int32_t slot) noexcept nogil
