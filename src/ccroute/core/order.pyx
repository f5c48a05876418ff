"""Sorted sets of slots: treaps whose links lie in the records themselves.

Both ends are kept, so that a set used as a queue costs O(1) per append and per removal of the first (a treap rotates
twice per change on average, whatever its size); an insertion elsewhere and a removal from the middle cost O(log n).
The heap priority of a slot is a hash of its number: the shape of a tree decides nothing but speed.
Aragon and Seidel, "Randomized search trees", FOCS 1989.
"""

from libc.stdint cimport uint32_t

from ccroute.core.defs cimport NONE, Links, item_at


cdef inline Links* links_at(Tree* tree, int32_t slot) noexcept nogil:
    return <Links*>(item_at(tree.store, slot) + tree.offset)


cdef inline uint32_t priority_of(int32_t slot) noexcept nogil:
    cdef uint32_t x = <uint32_t>slot * 2654435769U
    x ^= x >> 15
    x *= 2246822519U
    return x ^ (x >> 13)


cdef void order_clear(Root* root) noexcept nogil:
    """Make a root empty."""
    root.top = NONE
    root.first = NONE
    root.last = NONE
    root.count = 0


cdef inline void replace_child(Tree* tree, Root* root, int32_t parent, int32_t old, int32_t new) noexcept nogil:
    cdef Links* links
    if parent == NONE:
        root.top = new
        return
    links = links_at(tree, parent)
    if links.left == old:
        links.left = new
    else:
        links.right = new


cdef void rotate_up(Tree* tree, Root* root, int32_t slot) noexcept nogil:
    """Put a node in the place of its parent."""
    cdef Links* node = links_at(tree, slot)
    cdef int32_t up = node.parent
    cdef Links* parent = links_at(tree, up)
    if parent.left == slot:
        parent.left = node.right
        if node.right != NONE:
            links_at(tree, node.right).parent = up
        node.right = up
    else:
        parent.right = node.left
        if node.left != NONE:
            links_at(tree, node.left).parent = up
        node.left = up
    node.parent = parent.parent
    replace_child(tree, root, parent.parent, up, slot)
    parent.parent = slot


cdef void order_insert(Tree* tree, Root* root, int32_t slot) noexcept nogil:
    """Add a slot. O(1) at either end on average, else O(log n)."""
    cdef Links* node = links_at(tree, slot)
    cdef int32_t at = root.top
    cdef int32_t down
    cdef uint32_t priority
    node.left = NONE
    node.right = NONE
    node.parent = NONE
    root.count += 1
    if at == NONE:
        root.top = slot
        root.first = slot
        root.last = slot
        return
    if tree.before(tree.floor, tree.which, root.last, slot):
        at = root.last
        links_at(tree, at).right = slot
        root.last = slot
    elif tree.before(tree.floor, tree.which, slot, root.first):
        at = root.first
        links_at(tree, at).left = slot
        root.first = slot
    else:
        while True:
            if tree.before(tree.floor, tree.which, slot, at):
                down = links_at(tree, at).left
                if down == NONE:
                    links_at(tree, at).left = slot
                    break
            else:
                down = links_at(tree, at).right
                if down == NONE:
                    links_at(tree, at).right = slot
                    break
            at = down
    node.parent = at
    priority = priority_of(slot)
    while node.parent != NONE and priority_of(node.parent) < priority:
        rotate_up(tree, root, slot)


cdef int32_t order_next(Tree* tree, int32_t slot) noexcept nogil:
    """Return the slot that comes next, NONE after the last. O(1) on average over a walk."""
    cdef Links* node = links_at(tree, slot)
    cdef int32_t at
    if node.right != NONE:
        at = node.right
        while links_at(tree, at).left != NONE:
            at = links_at(tree, at).left
        return at
    at = node.parent
    while at != NONE and links_at(tree, at).right == slot:
        slot = at
        at = links_at(tree, at).parent
    return at


cdef int32_t order_previous(Tree* tree, int32_t slot) noexcept nogil:
    """Return the slot that comes before, NONE before the first."""
    cdef Links* node = links_at(tree, slot)
    cdef int32_t at
    if node.left != NONE:
        at = node.left
        while links_at(tree, at).right != NONE:
            at = links_at(tree, at).right
        return at
    at = node.parent
    while at != NONE and links_at(tree, at).left == slot:
        slot = at
        at = links_at(tree, at).parent
    return at


cdef void order_remove(Tree* tree, Root* root, int32_t slot) noexcept nogil:
    """Take a slot out. O(1) on average, wherever it stands."""
    cdef Links* node = links_at(tree, slot)
    cdef int32_t child
    root.count -= 1
    if root.first == slot:
        root.first = order_next(tree, slot)
    if root.last == slot:
        root.last = order_previous(tree, slot)
    while node.left != NONE and node.right != NONE:
        if priority_of(node.left) > priority_of(node.right):
            rotate_up(tree, root, node.left)
        else:
            rotate_up(tree, root, node.right)
    child = node.left if node.left != NONE else node.right
    if child != NONE:
        links_at(tree, child).parent = node.parent
    replace_child(tree, root, node.parent, slot, child)
