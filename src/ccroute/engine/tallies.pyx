"""What statistics are kept in: counts, sums, maxima and sketches, by cell, interval, skill and agent. Numbers only."""

from libc.string cimport memcpy, memmove, memset

from ccroute.core.store cimport fresh, grow, release

cdef enum:
    INTERVALS_TOP = 100           # INTERVALS_MAX of figures.py

# Of the two halves in which a wide sum goes to Python.
cdef int WIDE_SHIFT = 62
cdef int64_t WIDE_MASK = (<int64_t>1 << 62) - 1


cdef int sketch_widen(Sketch* sketch, int32_t octave) except -1:
    """Make room for the buckets of an octave, and for those between it and the ones there are."""
    cdef int32_t first = octave
    cdef int32_t behind = octave + 1
    cdef int64_t* counts
    if sketch.octaves:
        first = min(first, sketch.first)
        behind = max(behind, sketch.first + sketch.octaves)
    counts = <int64_t*>fresh((behind - first) * OCTAVE, sizeof(int64_t))
    if counts == NULL:
        raise MemoryError
    if sketch.octaves:
        memcpy(
            counts + (sketch.first - first) * OCTAVE, sketch.counts, sketch.octaves * OCTAVE * sizeof(int64_t)
        )
    release(sketch.counts)
    sketch.counts = counts
    sketch.first = first
    sketch.octaves = behind - first
    return 0


cdef void account_close(Account* account) noexcept nogil:
    """Give the memory behind an account back."""
    cdef int at
    for at in range(SPANS):
        release(account.sketches[at].counts)


cdef void tally_add(Tally* to, Tally* other) noexcept nogil:
    """Add one tally to another."""
    cdef int at
    for at in range(COUNTS):
        to.n[at] += other.n[at]
    for at in range(SPANS):
        to.sums[at] += other.sums[at]
        to.spans[at] += other.spans[at]
        raise_to(&to.maxima[at], other.maxima[at])


cdef int row_open(Cell* cell, int64_t starts_at, int64_t ends_at) except -1:
    """Begin an interval behind all others; where there are as many as are kept, the oldest joins the older ones."""
    cdef Row* row
    cdef int32_t capacity
    if cell.row_count == INTERVALS_TOP:
        tally_add(&cell.older.tally, &cell.rows[0].tally)
        memmove(cell.rows, cell.rows + 1, (INTERVALS_TOP - 1) * sizeof(Row))
        cell.row_count -= 1
    elif cell.row_count == cell.row_capacity:
        capacity = 2 * cell.row_capacity + 4
        if grow(<void**>&cell.rows, cell.row_capacity, capacity, sizeof(Row)):
            raise MemoryError
        cell.row_capacity = capacity
    row = &cell.rows[cell.row_count]
    memset(row, 0, sizeof(Row))
    row.starts_at = starts_at
    row.ends_at = ends_at
    cell.until = ends_at
    cell.row_count += 1
    return 0


cdef Tally* tally_at(Cell* cell, int64_t at) noexcept nogil:
    """Return where what happened at a moment was counted: its interval or, if that is not kept any more, the older."""
    cdef int32_t low = 0
    cdef int32_t high = cell.row_count
    cdef int32_t middle
    while low < high:
        middle = (low + high) >> 1
        if cell.rows[middle].ends_at <= at:
            low = middle + 1
        else:
            high = middle
    if low < cell.row_count and cell.rows[low].starts_at <= at:
        return &cell.rows[low].tally
    return &cell.older.tally


cdef object whole_of(i128 value):
    """Return a wide number as an int."""
    cdef int64_t high = <int64_t>(value >> WIDE_SHIFT)
    cdef int64_t low = <int64_t>(value & <i128>WIDE_MASK)
    return high * (<int64_t>1 << 62) + low if -1 <= high <= 0 else (<object>high << 62) + low


cdef list tally_list(Tally* tally):
    """Return a tally: its counts, then how many of each span, their sums, their maxima."""
    cdef int at
    cdef list numbers = [tally.n[at] for at in range(COUNTS)]
    for at in range(SPANS):
        numbers.append(tally.spans[at])
    for at in range(SPANS):
        numbers.append(whole_of(tally.sums[at]))
    for at in range(SPANS):
        numbers.append(tally.maxima[at])
    return numbers


cdef list desk_list(Desk* desk):
    """Return the figures of an agent as those of a tally: what agents have none of is 0."""
    cdef int at
    cdef list numbers = [desk.n[at] if at < DESK_COUNTS else 0 for at in range(COUNTS)]
    for at in range(SPANS):
        numbers.append(desk.spans[at] if at < DESK_SPANS else 0)
    for at in range(SPANS):
        numbers.append(whole_of(desk.sums[at]) if at < DESK_SPANS else 0)
    for at in range(SPANS):
        numbers.append(desk.maxima[at] if at < DESK_SPANS else 0)
    return numbers


cdef list sketch_list(Sketch* sketch):
    """Return the buckets of a sketch in which there is something, and how much."""
    cdef int32_t at
    return [
        (sketch.first * OCTAVE + at, sketch.counts[at]) for at in range(sketch.octaves * OCTAVE) if sketch.counts[at]
    ]
