"""Statistics in a snapshot: numbers behind those of the core, with what follows from the floor left out."""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from ccroute.core.defs cimport (
    LEG_SUSPENDED, LEG_WRAPPING, NONE, OFFLINE, Contact, Floor, Leg, agent_at, contact_at, i128, is_over, leg_at,
    offer_at,
)
from ccroute.core.legs cimport leg_find
from ccroute.core.offers cimport offer_find
from ccroute.core.soundness cimport require
from ccroute.core.store cimport fresh, store_next
from ccroute.core.tape cimport Tape
from ccroute.engine.accounts cimport (
    ENTRY_OFFERED, ENTRY_SUSPENDED, ENTRY_WORKING, ENTRY_WRAPPING, INTERVALS_TOP, TRACK_ENDED, TRACK_INSIDE, Entry,
    Shift, Skillset, Track, desk_of, track_of,
)
from ccroute.engine.statistics cimport Statistics
from ccroute.engine.tallies cimport (
    COUNTS, DESK_COUNTS, DESK_SPANS, OCTAVE, OCTAVES, SPANS, STATES, Account, Cell, Desk, Sketch, Tally,
    count_length, row_open,
)

cdef enum:
    NUMBERS = COUNTS + 4 * SPANS  # of a tally: counts, then count, maximum and both halves of the sum of each span
    KINDS = 3                     # TrackKind bits
    HALF_BITS = 62                # of a wide number

cdef int64_t HALF_MASK = (<int64_t>1 << 62) - 1
cdef int64_t COUNT_MAX = <int64_t>1 << 60
cdef int64_t HIGH_MAX = <int64_t>1 << 40
cdef int64_t MOMENT_MAX = <int64_t>1 << 54


# ---- saving ----------------------------------------------------------------------------------------------------


def save(Statistics statistics) -> bytes:
    """Return what was counted; equal figures give equal bytes."""
    cdef Floor* floor = &statistics.acd.floor
    cdef Tape tape = Tape()
    cdef int32_t at, row
    cdef Cell* cell
    statistics.book()
    tape.put(statistics.cell_count)
    for at in range(statistics.cell_count):
        cell = statistics.cells[at]
        tape.put(cell.queue)
        tape.put(cell.channel)
        save_account(tape, &cell.older)
        tape.put(cell.row_count)
        for row in range(cell.row_count):
            tape.put(cell.rows[row].starts_at)
            tape.put(cell.rows[row].ends_at)
            save_tally(tape, &cell.rows[row].tally)
    tape.put(len(statistics.skill_ids))
    for at in range(<int32_t>len(statistics.skill_ids)):
        save_account(tape, statistics.skills[at])
    for at in range(floor.agents.count):
        save_desk(tape, NULL if at >= statistics.desk_capacity else statistics.desks[at])
    save_shifts(tape, statistics)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        save_track(tape, statistics, track_of(statistics, at))
        at = store_next(&floor.contacts, at + 1)
    return tape.bytes()


cdef int save_wide(Tape tape, i128 value) except -1:
    tape.put(<int64_t>(value >> HALF_BITS))
    return tape.put(<int64_t>(value & <i128>HALF_MASK))


cdef int save_account(Tape tape, Account* account) except -1:
    cdef int span
    save_tally(tape, &account.tally)
    for span in range(SPANS):
        save_sketch(tape, &account.sketches[span])
    return 0


cdef int save_tally(Tape tape, Tally* tally) except -1:
    """Keep the numbers of a tally that are not 0, and which ones they are."""
    cdef int64_t numbers[NUMBERS]
    cdef int64_t which = 0
    cdef int at
    for at in range(COUNTS):
        numbers[at] = tally.n[at]
    for at in range(SPANS):
        numbers[COUNTS + at] = tally.spans[at]
        numbers[COUNTS + SPANS + at] = tally.maxima[at]
        numbers[COUNTS + 2 * SPANS + at] = <int64_t>(tally.sums[at] >> HALF_BITS)
        numbers[COUNTS + 3 * SPANS + at] = <int64_t>(tally.sums[at] & <i128>HALF_MASK)
    for at in range(NUMBERS):
        which |= <int64_t>(numbers[at] != 0) << at
    tape.put(which)
    for at in range(NUMBERS):
        if numbers[at]:
            tape.put(numbers[at])
    return 0


cdef int save_sketch(Tape tape, Sketch* sketch) except -1:
    cdef int32_t at
    cdef int32_t count = 0
    for at in range(sketch.octaves * OCTAVE):
        count += sketch.counts[at] != 0
    tape.put(count)
    for at in range(sketch.octaves * OCTAVE):
        if sketch.counts[at]:
            tape.put(sketch.first * OCTAVE + at)
            tape.put(sketch.counts[at])
    return 0


cdef int save_desk(Tape tape, Desk* desk) except -1:
    cdef int at
    tape.put(desk != NULL)
    if desk == NULL:
        return 0
    tape.put(desk.since)
    tape.put(desk.presence_since)
    for at in range(STATES):
        tape.put(desk.times[at])
    for at in range(DESK_COUNTS):
        tape.put(desk.n[at])
    for at in range(DESK_SPANS):
        tape.put(desk.spans[at])
        tape.put(desk.maxima[at])
        save_wide(tape, desk.sums[at])
    return save_sketch(tape, &desk.handling)


cdef int save_shifts(Tape tape, Statistics statistics) except -1:
    cdef int at, state
    tape.put(statistics.shift_starts_at)
    tape.put(statistics.shift_ends_at)
    for state in range(STATES):
        save_wide(tape, statistics.areas_before[state])
    tape.put(statistics.shift_count)
    for at in range(statistics.shift_count):
        tape.put(statistics.shifts[at].starts_at)
        tape.put(statistics.shifts[at].ends_at)
        for state in range(STATES):
            save_wide(tape, statistics.shifts[at].times[state])
    return 0


cdef int save_track(Tape tape, Statistics statistics, Track* track) except -1:
    cdef int32_t at = track.first
    cdef Entry* entry
    for number in (
        track.answered_at, track.answered_wait, track.answered_by, track.accepts, track.first_cell, track.is_kind,
        track.is_confirmed, track.is_within,
    ):
        tape.put(number)
    save_skills(tape, &statistics.sets[track.skills])
    save_skills(tape, &statistics.sets[track.first_skills])
    while at != NONE:
        entry = &statistics.entries[at]
        tape.put(entry.state == ENTRY_OFFERED)
        tape.put(entry.offer if entry.state == ENTRY_OFFERED else entry.agent)
        tape.put(entry.cell)
        save_skills(tape, &statistics.sets[entry.skills])
        at = entry.next
    return 0


cdef int save_skills(Tape tape, Skillset* named) except -1:
    cdef int32_t at
    tape.put(named.count)
    for at in range(named.count):
        tape.put(named.skills[at])
    return 0


# ---- loading ---------------------------------------------------------------------------------------------------


def load(Statistics statistics, bytes data, list skill_ids) -> None:
    """Bring statistics that were just begun, over a floor that was just loaded, into a saved state.

    :raises ValueError: the bytes are not a tape of this floor.
    """
    cdef Floor* floor = &statistics.acd.floor
    cdef Tape tape = Tape(data)
    cdef int32_t at
    for at in range(<int32_t>tape.take(0, 64 * floor.queue_count)):
        load_cell(tape, statistics, at)
    for skill in skill_ids:
        statistics.skill_slot(skill)
    require(len(statistics.skill_ids) == len(skill_ids), "skills are named once")
    tape.take(len(skill_ids), len(skill_ids))
    for at in range(<int32_t>len(skill_ids)):
        load_account(tape, statistics.skills[at])
    for at in range(floor.agents.count):
        if tape.take(0, 1):
            load_desk(tape, desk_of(statistics, at), floor.now)
    load_shifts(tape, statistics)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        load_track(tape, statistics, at)
        at = store_next(&floor.contacts, at + 1)
    if tape.at != tape.count:
        raise ValueError("the tape goes on behind its end")
    for at in range(floor.agents.count):
        resume_desk(statistics, at)


cdef i128 load_wide(Tape tape) except? -1:
    cdef int64_t high = tape.take(-HIGH_MAX, HIGH_MAX)
    cdef int64_t low = tape.take(0, HALF_MASK)
    # Not shifted, as it may be negative.
    return <i128>high * (HALF_MASK + 1) + low


cdef int load_cell(Tape tape, Statistics statistics, int32_t number) except -1:
    cdef Floor* floor = &statistics.acd.floor
    cdef int32_t queue = <int32_t>tape.take(0, floor.queue_count - 1)
    cdef int32_t channel = <int32_t>tape.take(0, floor.channel_count - 1)
    cdef Cell* cell
    cdef int64_t starts_at, ends_at
    require(statistics.cell_for(queue, channel) == number, "every queue and channel are counted in one place")
    cell = statistics.cells[number]
    load_account(tape, &cell.older)
    for _ in range(tape.take(0, INTERVALS_TOP)):
        starts_at = tape.take(cell.until if cell.row_count else -MOMENT_MAX, MOMENT_MAX)
        ends_at = tape.take(starts_at + 1, MOMENT_MAX + 1)
        row_open(cell, starts_at, ends_at)
        load_tally(tape, &cell.rows[cell.row_count - 1].tally)
    return 0


cdef int load_account(Tape tape, Account* account) except -1:
    cdef int span
    load_tally(tape, &account.tally)
    for span in range(SPANS):
        load_sketch(tape, &account.sketches[span])
    return 0


cdef int load_tally(Tape tape, Tally* tally) except -1:
    cdef int64_t numbers[NUMBERS]
    cdef int64_t which = tape.take(0, (<int64_t>1 << NUMBERS) - 1)
    cdef int at
    for at in range(NUMBERS):
        numbers[at] = 0
        if (which >> at) & 1:
            numbers[at] = tape.take(-HALF_MASK, HALF_MASK)
            require(numbers[at] != 0, "only what is not 0 is kept")
    for at in range(COUNTS):
        tally.n[at] = within(numbers[at], COUNT_MAX)
    for at in range(SPANS):
        tally.spans[at] = within(numbers[COUNTS + at], COUNT_MAX)
        tally.maxima[at] = within(numbers[COUNTS + SPANS + at], MOMENT_MAX)
        require(tally.maxima[at] >= 0 and numbers[COUNTS + 3 * SPANS + at] >= 0, "lengths are not negative")
        tally.sums[at] = (
            <i128>within(numbers[COUNTS + 2 * SPANS + at], HIGH_MAX) * (HALF_MASK + 1)
            + numbers[COUNTS + 3 * SPANS + at]
        )
    return 0


cdef int64_t within(int64_t value, int64_t bound) except? -7777777777777777:
    """Return a number that lies within a bound, either way."""
    require(-bound <= value <= bound, "numbers are as small as stated")
    return value


cdef int load_sketch(Tape tape, Sketch* sketch) except -1:
    cdef int32_t bucket
    cdef int32_t last = -1
    cdef int64_t count
    for _ in range(tape.take(0, OCTAVES * OCTAVE)):
        bucket = <int32_t>tape.take(last + 1, OCTAVES * OCTAVE - 1)
        count = tape.take(-COUNT_MAX, COUNT_MAX)
        require(count != 0, "only what is not 0 is kept")
        last = bucket
        count_length(sketch, shortest_of(bucket), count)
    return 0


cdef int64_t shortest_of(int32_t bucket) noexcept nogil:
    """Return the shortest length of a bucket."""
    if bucket < OCTAVE:
        return bucket
    return <int64_t>(OCTAVE + (bucket & (OCTAVE - 1))) << ((bucket >> 5) - 1)


cdef int load_desk(Tape tape, Desk* desk, int64_t now) except -1:
    cdef int at
    desk.since = tape.take(NONE, now)
    desk.presence_since = tape.take(NONE, now)
    for at in range(STATES):
        desk.times[at] = tape.take(0, COUNT_MAX)
    for at in range(DESK_COUNTS):
        desk.n[at] = tape.take(-COUNT_MAX, COUNT_MAX)
    for at in range(DESK_SPANS):
        desk.spans[at] = tape.take(-COUNT_MAX, COUNT_MAX)
        desk.maxima[at] = tape.take(0, MOMENT_MAX)
        desk.sums[at] = load_wide(tape)
    return load_sketch(tape, &desk.handling)


cdef int load_shifts(Tape tape, Statistics statistics) except -1:
    cdef int at, state
    cdef int64_t last = -MOMENT_MAX
    cdef Shift* shift
    statistics.shift_starts_at = tape.take(0, MOMENT_MAX)
    statistics.shift_ends_at = tape.take(NONE, MOMENT_MAX)
    if statistics.shift_ends_at != NONE:
        require(statistics.shift_starts_at < statistics.shift_ends_at, "intervals have a length")
    for state in range(STATES):
        statistics.areas_before[state] = load_wide(tape)
    statistics.shift_count = <int32_t>tape.take(0, INTERVALS_TOP)
    if statistics.shift_count:
        statistics.shifts = <Shift*>fresh(INTERVALS_TOP, sizeof(Shift))
        if statistics.shifts == NULL:
            statistics.shift_count = 0
            raise MemoryError
    for at in range(statistics.shift_count):
        shift = &statistics.shifts[at]
        shift.starts_at = tape.take(last, MOMENT_MAX)
        shift.ends_at = last = tape.take(shift.starts_at + 1, MOMENT_MAX + 1)
        for state in range(STATES):
            shift.times[state] = load_wide(tape)
    return 0


cdef int32_t load_skills(Tape tape, Statistics statistics) except -1:
    """Return a set of skills."""
    cdef int64_t last = -1
    cdef list skills = []
    cdef int64_t count = len(statistics.skill_ids)
    for _ in range(tape.take(0, count)):
        last = tape.take(last + 1, count - 1)
        skills.append(last)
    return statistics.intern(tuple(skills))


cdef int load_track(Tape tape, Statistics statistics, int32_t slot) except -1:
    cdef Floor* floor = &statistics.acd.floor
    cdef Contact* contact = contact_at(floor, slot)
    cdef Track* track = track_of(statistics, slot)
    cdef int32_t last = NONE
    cdef int32_t entry
    memset(track, 0, sizeof(Track))
    track.first = NONE
    track.answered_at = tape.take(0, floor.now)
    track.answered_wait = tape.take(0, MOMENT_MAX)
    track.answered_by = <int32_t>tape.take(0, floor.agents.count if floor.agents.count == 0 else floor.agents.count - 1)
    track.accepts = <int32_t>tape.take(contact.legs, 2147483647)
    track.first_cell = <int32_t>tape.take(0, statistics.cell_count - 1)
    track.is_kind = <uint8_t>tape.take(0, KINDS)
    track.is_confirmed = <uint8_t>tape.take(0, 1)
    track.is_within = <uint8_t>tape.take(0, 1)
    track.skills = load_skills(tape, statistics)
    # From here on the track counts, so that a sweep of sets finds its skills.
    track.state = TRACK_ENDED if is_over(contact) else TRACK_INSIDE
    track.first_skills = load_skills(tape, statistics)
    track.cell = track.first_cell if is_over(contact) else statistics.cell_for(contact.queue, contact.channel)
    for _ in range(contact.legs + contact.offers_out):
        entry = load_entry(tape, statistics, slot)
        if last == NONE:
            track.first = entry
        else:
            statistics.entries[last].next = entry
        last = entry
    return 0


cdef int32_t load_entry(Tape tape, Statistics statistics, int32_t contact) except -1:
    """Return an offer of a contact, or a leg."""
    cdef Floor* floor = &statistics.acd.floor
    cdef bint is_offer = tape.take(0, 1)
    cdef int64_t key = tape.take(0, 9223372036854775807)
    cdef int32_t cell = <int32_t>tape.take(0, statistics.cell_count - 1)
    cdef int32_t skills = load_skills(tape, statistics)
    cdef int32_t found
    cdef int32_t slot = statistics.take_entry()
    cdef Entry* entry = &statistics.entries[slot]
    memset(entry, 0, sizeof(Entry))
    entry.next = NONE
    entry.contact = contact
    entry.cell = cell
    entry.skills = skills
    if is_offer:
        entry.state = ENTRY_OFFERED
        entry.offer = key
        found = offer_find(floor, key)
        require(found != NONE and offer_at(floor, found).contact == contact, "an offer that is counted is out")
        entry.agent = offer_at(floor, found).agent
    else:
        require(key < floor.agents.count, "a leg that is counted has an agent")
        entry.agent = <int32_t>key
        found = leg_find(floor, contact, entry.agent)
        require(found != NONE, "a leg that is counted is there")
        load_leg(entry, leg_at(floor, found))
    require(is_single(statistics, contact, slot), "offers and legs are counted once")
    return slot


cdef void load_leg(Entry* entry, Leg* leg) noexcept:
    """Take over from the floor what it knows of a leg."""
    entry.began_at = leg.began_at
    entry.worked_until = leg.worked_until
    entry.state = ENTRY_WORKING
    if leg.state == LEG_WRAPPING:
        entry.state = ENTRY_WRAPPING
    elif leg.state == LEG_SUSPENDED:
        entry.state = ENTRY_SUSPENDED


cdef bint is_single(Statistics statistics, int32_t contact, int32_t slot) noexcept:
    """Say whether no earlier entry of a contact is the same offer or leg."""
    cdef int32_t at = track_first(statistics, contact)
    cdef Entry* entry = &statistics.entries[slot]
    cdef Entry* other
    while at != NONE:
        other = &statistics.entries[at]
        if entry.state == ENTRY_OFFERED and other.offer == entry.offer and other.state == ENTRY_OFFERED:
            return False
        if entry.state != ENTRY_OFFERED and other.state != ENTRY_OFFERED and other.agent == entry.agent:
            return False
        at = other.next
    return True


cdef int32_t track_first(Statistics statistics, int32_t contact) noexcept:
    return statistics.tracks[contact >> 9][contact & 511].first


cdef int resume_desk(Statistics statistics, int32_t agent) except -1:
    """Have the desk of an agent be in the state that it has on the floor."""
    cdef Floor* floor = &statistics.acd.floor
    cdef int32_t at = agent_at(floor, agent).first_leg
    cdef Desk* desk
    cdef int state
    if agent_at(floor, agent).presence == OFFLINE and at == NONE:
        if agent >= statistics.desk_capacity or statistics.desks[agent] == NULL:
            return 0
    desk = desk_of(statistics, agent)
    desk.presence = agent_at(floor, agent).presence
    while at != NONE:
        desk.wrapping += leg_at(floor, at).state == LEG_WRAPPING
        desk.working += leg_at(floor, at).state != LEG_WRAPPING and leg_at(floor, at).state != LEG_SUSPENDED
        at = leg_at(floor, at).next_of_agent
    desk.state = <uint8_t>statistics.state_by(desk)
    require(desk.since != NONE or desk.state == OFFLINE, "time counts from the first sign-in on")
    require(desk.presence_since != NONE or desk.presence == OFFLINE, "presences count from the first sign-in on")
    for state in range(STATES):
        statistics.areas[state] += desk.times[state]
    if desk.since != NONE:
        statistics.in_state[desk.state] += 1
        statistics.areas[desk.state] -= desk.since
        require(statistics.shift_ends_at != NONE, "there is an interval where time counts")
    return 0
