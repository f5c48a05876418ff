from libc.stdint cimport int32_t

from ccroute.core.defs cimport Root, Tree

cdef void order_clear(Root* root) noexcept nogil
cdef void order_insert(Tree* tree, Root* root, int32_t slot) noexcept nogil
cdef void order_remove(Tree* tree, Root* root, int32_t slot) noexcept nogil
cdef int32_t order_next(Tree* tree, int32_t slot) noexcept nogil
