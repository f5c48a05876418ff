"""Timers: a hierarchical timing wheel, 9 levels of 64 cells, one microsecond a cell at the lowest.

Arming and cancelling cost O(1). Timers of one deadline stand in one cell in arming order: which cell a deadline has
depends on the deadline and the wheel's base alone, cells are appended to at the end and moved down whole and in order.
Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987.
"""

from ccroute.core.defs cimport NONE, Timer, Wheel, check, clz64, ctz64, timer_at, uint64_t, uint8_t
from ccroute.core.store cimport store_give, store_take

cdef enum:
    LEVELS = 9
    CELL_BITS = 6
    CELL_MASK = 63


cdef void timers_open(Floor* floor) noexcept nogil:
    """Begin without timers, standing at the floor's present."""
    cdef Wheel* wheel = &floor.wheel
    cdef int level, cell
    wheel.base = floor.now
    wheel.earliest = -1
    wheel.earliest_known = 1
    for level in range(LEVELS):
        wheel.occupied[level] = 0
        for cell in range(64):
            wheel.first[level][cell] = NONE
            wheel.last[level][cell] = NONE


cdef void place(Floor* floor, int32_t slot) noexcept nogil:
    """Append a timer to the cell of its deadline."""
    cdef Wheel* wheel = &floor.wheel
    cdef Timer* timer = timer_at(floor, slot)
    cdef uint64_t apart = <uint64_t>(timer.deadline ^ wheel.base)
    cdef int level = 0 if apart == 0 else (63 - clz64(apart)) // CELL_BITS
    cdef int cell = <int>((timer.deadline >> (level * CELL_BITS)) & CELL_MASK)
    check(timer.deadline >= wheel.base)
    timer.level = <uint8_t>level
    timer.cell = <uint8_t>cell
    timer.next = NONE
    timer.prev = wheel.last[level][cell]
    if timer.prev == NONE:
        wheel.first[level][cell] = slot
        wheel.occupied[level] |= <uint64_t>1 << cell
    else:
        timer_at(floor, timer.prev).next = slot
    wheel.last[level][cell] = slot


cdef int32_t timer_arm(Floor* floor, int64_t deadline, int kind, int32_t target) noexcept nogil:
    """Arm a timer and return its slot; room was reserved. A deadline gone by fires at the present."""
    cdef int32_t slot = store_take(&floor.timers)
    cdef Timer* timer = timer_at(floor, slot)
    cdef Wheel* wheel = &floor.wheel
    timer.deadline = deadline if deadline > floor.now else floor.now
    floor.is_due |= deadline <= floor.now
    timer.kind = <uint8_t>kind
    timer.target = target
    if floor.timers.count == 1:
        wheel.earliest = timer.deadline
        wheel.earliest_known = 1
    elif wheel.earliest_known and timer.deadline < wheel.earliest:
        wheel.earliest = timer.deadline
    place(floor, slot)
    return slot


cdef void take_out(Floor* floor, int32_t slot) noexcept nogil:
    cdef Wheel* wheel = &floor.wheel
    cdef Timer* timer = timer_at(floor, slot)
    if timer.prev == NONE:
        wheel.first[timer.level][timer.cell] = timer.next
    else:
        timer_at(floor, timer.prev).next = timer.next
    if timer.next == NONE:
        wheel.last[timer.level][timer.cell] = timer.prev
    else:
        timer_at(floor, timer.next).prev = timer.prev
    if wheel.first[timer.level][timer.cell] == NONE:
        wheel.occupied[timer.level] &= ~(<uint64_t>1 << timer.cell)
    if wheel.earliest_known and timer.deadline == wheel.earliest:
        wheel.earliest_known = 0


cdef void timer_cancel(Floor* floor, int32_t slot) noexcept nogil:
    """Disarm a timer; NONE is fine."""
    if slot == NONE:
        return
    take_out(floor, slot)
    store_give(&floor.timers, slot)


cdef int64_t timers_next(Floor* floor) noexcept nogil:
    """Return the least deadline, -1 without timers. O(1), or O(timers of one cell) after the earliest was cancelled."""
    cdef Wheel* wheel = &floor.wheel
    cdef int level, cell
    cdef int32_t slot
    if floor.timers.count == 0:
        return -1
    if wheel.earliest_known:
        return wheel.earliest
    for level in range(LEVELS):
        if wheel.occupied[level]:
            # Cells below the base's own are empty, so the lowest occupied one is the earliest.
            cell = ctz64(wheel.occupied[level])
            slot = wheel.first[level][cell]
            wheel.earliest = timer_at(floor, slot).deadline
            while slot != NONE:
                if timer_at(floor, slot).deadline < wheel.earliest:
                    wheel.earliest = timer_at(floor, slot).deadline
                slot = timer_at(floor, slot).next
            break
    wheel.earliest_known = 1
    return wheel.earliest


cdef void cascade(Floor* floor, int level, int cell) noexcept nogil:
    """Move the timers of a cell that the base has entered to lower levels, in order."""
    cdef Wheel* wheel = &floor.wheel
    cdef int32_t slot = wheel.first[level][cell]
    cdef int32_t following
    wheel.first[level][cell] = NONE
    wheel.last[level][cell] = NONE
    wheel.occupied[level] &= ~(<uint64_t>1 << cell)
    while slot != NONE:
        following = timer_at(floor, slot).next
        place(floor, slot)
        slot = following


cdef int64_t timers_step(Floor* floor, int64_t limit) noexcept nogil:
    """Move the base to the earliest deadline up to ``limit`` and return it, or to ``limit`` and return -1."""
    cdef Wheel* wheel = &floor.wheel
    cdef int level, cell
    cdef int64_t begin
    while floor.timers.count:
        level = 0
        while wheel.occupied[level] == 0:
            level += 1
        cell = ctz64(wheel.occupied[level])
        begin = wheel.base >> ((level + 1) * CELL_BITS) << ((level + 1) * CELL_BITS)
        begin |= <int64_t>cell << (level * CELL_BITS)
        if begin > limit:
            break
        wheel.base = begin
        if level == 0:
            return begin
        cascade(floor, level, cell)
    if limit > wheel.base:
        wheel.base = limit
    return -1


cdef int32_t timers_due(Floor* floor) noexcept nogil:
    """Return the first timer due at the wheel's base, NONE without."""
    return floor.wheel.first[0][floor.wheel.base & CELL_MASK]


cdef int32_t timers_walk(Floor* floor, int32_t slot) noexcept nogil:
    """Return the timer behind ``slot`` in an order that re-arming one by one restores; NONE begins and ends."""
    cdef Wheel* wheel = &floor.wheel
    cdef int level = 0
    cdef int cell = -1
    if slot != NONE:
        if timer_at(floor, slot).next != NONE:
            return timer_at(floor, slot).next
        level = timer_at(floor, slot).level
        cell = timer_at(floor, slot).cell
    while level < LEVELS:
        while cell < CELL_MASK:
            cell += 1
            if wheel.first[level][cell] != NONE:
                return wheel.first[level][cell]
        level += 1
        cell = -1
    return NONE
