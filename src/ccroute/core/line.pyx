"""The line of a class: its waiting contacts, first in place first.

Most contacts come in order of place, so most stand in a plain linked list, the *lane*: entering at its end and leaving
anywhere touch no contact that is not in the cache anyway. Those that come back to an earlier place, or bring a head start
that others do not, are *strays* and stand in a tree. The first of the line is the better of the two firsts.
Entering costs O(1) in order of place, else O(log strays); leaving costs O(1).
"""

from ccroute.core.defs cimport NONE, Contact, contact_at
from ccroute.core.order cimport order_clear, order_insert, order_next, order_remove

cdef enum:
    IN_LANE = -2                  # as the parent of a contact that is in no tree


cdef bint contact_before(Floor* floor, int32_t which, int32_t one, int32_t other) noexcept nogil:
    """Compare two waiting contacts of one class: by word, then by seq."""
    cdef Contact* a = contact_at(floor, one)
    cdef Contact* b = contact_at(floor, other)
    if a.word_hi != b.word_hi:
        return a.word_hi < b.word_hi
    if a.word_lo != b.word_lo:
        return a.word_lo < b.word_lo
    return a.seq < b.seq


cdef void line_open(Floor* floor) noexcept nogil:
    """Say how the trees of strays are reached."""
    floor.strays.floor = floor
    floor.strays.store = &floor.contacts
    floor.strays.offset = 0       # Contact.order is the first field
    floor.strays.before = contact_before


cdef void line_clear(Line* line) noexcept nogil:
    """Make a line empty."""
    line.first = NONE
    line.lane_first = NONE
    line.lane_last = NONE
    order_clear(&line.strays)


cdef bint is_behind_lane(Floor* floor, Line* line, int32_t slot) noexcept nogil:
    """Say whether a contact comes behind the last of the lane; its word is kept at hand, its seq only looked up on a tie."""
    cdef Contact* contact = contact_at(floor, slot)
    if line.lane_last == NONE:
        return True
    if contact.word_hi != line.last_hi:
        return contact.word_hi > line.last_hi
    if contact.word_lo != line.last_lo:
        return contact.word_lo > line.last_lo
    return contact.seq > contact_at(floor, line.lane_last).seq


cdef void line_enter(Floor* floor, Line* line, int32_t slot) noexcept nogil:
    """Put a contact whose word is set in its place."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef bint is_first
    if is_behind_lane(floor, line, slot):
        is_first = line.lane_last == NONE
        contact.order.parent = IN_LANE
        contact.order.left = line.lane_last
        contact.order.right = NONE
        if line.lane_last == NONE:
            line.lane_first = slot
        else:
            contact_at(floor, line.lane_last).order.right = slot
        line.lane_last = slot
        line.last_hi = contact.word_hi
        line.last_lo = contact.word_lo
    else:
        is_first = True
        order_insert(&floor.strays, &line.strays, slot)
    if line.first == NONE or (is_first and contact_before(floor, 0, slot, line.first)):
        line.first = slot


cdef void line_leave(Floor* floor, Line* line, int32_t slot) noexcept nogil:
    """Take a contact out."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Contact* last
    if contact.order.parent != IN_LANE:
        order_remove(&floor.strays, &line.strays, slot)
    else:
        if contact.order.left == NONE:
            line.lane_first = contact.order.right
        else:
            contact_at(floor, contact.order.left).order.right = contact.order.right
        if contact.order.right != NONE:
            contact_at(floor, contact.order.right).order.left = contact.order.left
        else:
            line.lane_last = contact.order.left
            if line.lane_last != NONE:
                last = contact_at(floor, line.lane_last)
                line.last_hi = last.word_hi
                line.last_lo = last.word_lo
    if line.first == slot:
        line.first = better(floor, line.lane_first, line.strays.first)


cdef int32_t better(Floor* floor, int32_t one, int32_t other) noexcept nogil:
    """Return the contact that comes first; NONE comes last."""
    if one == NONE or (other != NONE and contact_before(floor, 0, other, one)):
        return other
    return one


cdef void walk_begin(Line* line, Walk* walk) noexcept nogil:
    """Stand before the first contact of a line."""
    walk.of_lane = line.lane_first
    walk.of_strays = line.strays.first


cdef int32_t walk_next(Floor* floor, Walk* walk) noexcept nogil:
    """Return the next contact of the line and stand behind it, NONE behind the last. O(1) on average."""
    cdef int32_t slot = better(floor, walk.of_lane, walk.of_strays)
    if slot == NONE:
        return NONE
    if slot == walk.of_lane:
        walk.of_lane = contact_at(floor, slot).order.right
    else:
        walk.of_strays = order_next(&floor.strays, slot)
    return slot
