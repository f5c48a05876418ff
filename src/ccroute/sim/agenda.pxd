# The agenda of a simulation: what happens when, in a heap with four children to a node.
#
# At one instant the lower kind comes first, and within a kind what was put down first. Everything is inline: the agenda
# is half of the work of a loop that leaves the other half to the core.

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, realloc

cdef enum:                        # Kind: what happens first at one instant
    SERVICE_ENDS = 0
    PATIENCE_ENDS = 1
    ARRIVES = 2                   # never on the agenda: arrivals come in order as they are

cdef enum:
    SEQ_BITS = 62

cdef struct Entry:
    int64_t at
    uint64_t order                # kind above, seq below
    int32_t target                # contact index

cdef struct Agenda:
    Entry* heap
    int64_t count
    int64_t capacity
    uint64_t next_seq


cdef inline bint agenda_open(Agenda* agenda, int64_t capacity) noexcept nogil:
    """Begin an empty agenda; False without memory."""
    agenda.count = 0
    agenda.next_seq = 0
    agenda.capacity = capacity
    agenda.heap = <Entry*>realloc(NULL, <size_t>capacity * sizeof(Entry))
    return agenda.heap != NULL


cdef inline void agenda_close(Agenda* agenda) noexcept nogil:
    """Give all memory back."""
    free(agenda.heap)
    agenda.heap = NULL


cdef inline bint entry_before(Entry* one, Entry* other) noexcept nogil:
    if one.at != other.at:
        return one.at < other.at
    return one.order < other.order


cdef inline bint agenda_put(Agenda* agenda, int64_t at, int kind, int32_t target) noexcept nogil:
    """Put down that something happens; False without memory. O(log4 count), O(1) on average."""
    cdef int64_t hole = agenda.count
    cdef int64_t parent
    cdef Entry entry
    cdef Entry* heap
    if agenda.count == agenda.capacity:
        heap = <Entry*>realloc(agenda.heap, <size_t>(agenda.capacity * 2) * sizeof(Entry))
        if heap == NULL:
            return False
        agenda.heap = heap
        agenda.capacity *= 2
    heap = agenda.heap
    entry.at = at
    entry.order = <uint64_t>kind << SEQ_BITS | agenda.next_seq
    entry.target = target
    agenda.next_seq += 1
    agenda.count += 1
    while hole:
        parent = (hole - 1) >> 2
        if not entry_before(&entry, &heap[parent]):
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = entry
    return True


cdef inline Entry agenda_take(Agenda* agenda) noexcept nogil:
    """Take what happens first off the agenda, which is not empty. O(log4 count)."""
    cdef Entry* heap = agenda.heap
    cdef Entry first = heap[0]
    cdef Entry last
    cdef int64_t hole = 0
    cdef int64_t child, least, end
    agenda.count -= 1
    last = heap[agenda.count]
    while True:
        child = hole * 4 + 1
        if child >= agenda.count:
            break
        end = child + 4 if child + 4 < agenda.count else agenda.count
        least = child
        child += 1
        while child < end:
            if entry_before(&heap[child], &heap[least]):
                least = child
            child += 1
        if not entry_before(&heap[least], &last):
            break
        heap[hole] = heap[least]
        hole = least
    heap[hole] = last
    return first
