"""Where figures are kept: a cell for every queue and channel, an account for every skill, a desk for every agent.

What happens to a contact is counted in the *cell* of its queue and channel, there in the interval of the moment, and
with the skills it names; what an agent does, with that agent as well. Cells add up to queues, to channels and to
everything, so those agree with each other without more ado. Every table grows with the slots there are.
"""

from libc.string cimport memmove

from ccroute.core.defs cimport NONE, OFFLINE, check
from ccroute.core.store cimport fresh, grow, release
from ccroute.engine.fields cimport REQUIRES, read
from ccroute.engine.tallies cimport (
    CELLS_OF_QUEUE, SPAN_ANSWERED, STATE_WORKING, STATE_WRAPPING, account_close, bucket_of, row_open,
)

from ccroute.config import ServiceLevel
from ccroute.engine.intervals import interval_around
from ccroute.requirement import parse

cdef extern from *:
    void prefetch "__builtin_prefetch"(void*) noexcept nogil

cdef enum:
    TEXTS_TOP = 65536             # requirement texts remembered
    LINE_MASK = 63                # of a line of the processor's cache
    FETCH_AHEAD = 8               # notes
    FETCH_BUCKET = 4
    SETS_FIRST = 1024             # sets of skills beyond which sweeping them pays

# What contacts are judged by that came without a queue, or whose queue was removed since.
cdef object NOTHING_PROMISED = ServiceLevel()


cdef inline void fetch(Desk* desk) noexcept nogil:
    prefetch(&desk.spans)
    prefetch(<char*>desk + 2 * (LINE_MASK + 1))
    prefetch(&desk.sums)


cdef inline void fetch_bucket(Desk* desk, Note* note) noexcept nogil:
    cdef int bucket
    if note.what == NOTE_SPANS + SPAN_HANDLING:
        bucket = bucket_of(note.number) - (desk.handling.first << 5)
        if 0 <= bucket < desk.handling.octaves << 5:
            prefetch(desk.handling.counts + bucket)


cdef int book_note(Desk* desk, Note* note) except -1:
    """Book one note, or raise before anything is booked."""
    cdef int span = note.what - NOTE_SPANS
    if note.what < NOTE_SPANS:
        desk.n[note.what] += note.number
    elif note.what == NOTE_LONGEST:
        raise_to(&desk.maxima[<int>SPAN_ANSWERED], note.number)
    elif note.what == NOTE_TAKEN_BACK:
        desk.spans[<int>SPAN_ANSWERED] -= 1
        desk.sums[<int>SPAN_ANSWERED] -= note.number
    else:
        if span == SPAN_HANDLING:
            count_length(&desk.handling, note.number, 1)
        desk.spans[span] += 1
        desk.sums[span] += note.number
        if span != SPAN_ANSWERED:
            raise_to(&desk.maxima[span], note.number)
    return 0


cdef class Accounts:
    """The accounts of one engine."""

    def __cinit__(self, Acd acd, config, list queue_ids, list channel_ids, list contacts):
        self.acd = acd
        self.contacts = contacts
        self.skill_ids = []
        self.skill_slots = {}
        self.presences = {}
        self.skills_of_text = []
        self.zones = []
        self.set_slots = {}
        self.free_sets = []
        self.free_entry = NONE
        self.shift_ends_at = NONE
        self.sweep_at = SETS_FIRST
        self.intern(())
        self.configure(config, queue_ids, channel_ids)

    def __dealloc__(self):
        cdef int32_t at
        for at in range(self.cell_count):
            account_close(&self.cells[at].older)
            release(self.cells[at].rows)
            release(self.cells[at])
        for at in range(self.skill_capacity):
            if self.skills[at] != NULL:
                account_close(self.skills[at])
                release(self.skills[at])
        for at in range(self.desk_capacity):
            if self.desks[at] != NULL:
                release(self.desks[at].handling.counts)
                release(self.desks[at].memory)
        for at in range(self.track_pages):
            release(self.tracks[at])
        for at in range(self.set_count):
            release(self.sets[at].skills)
        release(self.cells)
        release(self.skills)
        release(self.desks)
        release(self.tracks)
        release(self.sets)
        release(self.entries)
        release(self.cell_of)
        release(self.within)
        release(self.shifts)

    def configure(self, config, list queue_ids, list channel_ids) -> None:
        """Take over what a configuration says of promises, zones, intervals, requirements; queues keep their slots."""
        cdef int32_t slot
        cdef int32_t count = len(queue_ids)
        if count > self.queue_count:
            if grow(<void**>&self.within, self.queue_count, count, sizeof(int64_t)):
                raise MemoryError
            self.queue_count = count
        self.config = config
        self.queue_ids = queue_ids
        self.interval = config.engine.interval_us
        self.callback = channel_ids.index("callback") if "callback" in channel_ids else NONE
        self.skills_of_text = [{} for _ in queue_ids]
        self.texts = 0
        self.zones = []
        for slot in range(count):
            queue = config.queues.get(queue_ids[slot])
            self.zones.append([] if queue is None or queue.hours is None else queue.hours.offsets)
            promise = NOTHING_PROMISED if queue is None else queue.service_level
            self.within[slot] = promise.answered_within_us

    # ---- where things are ----------------------------------------------------------------------------------------

    cdef int grow_tracks(self, int32_t page) except -1:
        """Make room for the contacts up to those of a page."""
        if grow(<void**>&self.tracks, self.track_pages, page + 1, sizeof(Track*)):
            raise MemoryError
        while self.track_pages <= page:
            self.tracks[self.track_pages] = <Track*>fresh(PAGE_MASK + 1, sizeof(Track))
            if self.tracks[self.track_pages] == NULL:
                raise MemoryError
            self.track_pages += 1
        return 0

    cdef int32_t cell_for(self, int32_t queue, int32_t channel) except -1:
        """Return the cell of a queue and a channel, made where there is none."""
        cdef int32_t at = queue * CELLS_OF_QUEUE + channel
        cdef int32_t capacity, old
        cdef Cell* cell
        if queue >= self.cell_of_queues:
            capacity = 2 * self.cell_of_queues if queue < 2 * self.cell_of_queues else queue + 1
            if grow(<void**>&self.cell_of, self.cell_of_queues, capacity, CELLS_OF_QUEUE * sizeof(int32_t)):
                raise MemoryError
            for old in range(self.cell_of_queues * CELLS_OF_QUEUE, capacity * CELLS_OF_QUEUE):
                self.cell_of[old] = NONE
            self.cell_of_queues = capacity
        if self.cell_of[at] != NONE:
            return self.cell_of[at]
        if self.cell_count == self.cell_capacity:
            capacity = 2 * self.cell_capacity + 8
            if grow(<void**>&self.cells, self.cell_capacity, capacity, sizeof(Cell*)):
                raise MemoryError
            self.cell_capacity = capacity
        cell = <Cell*>fresh(1, sizeof(Cell))
        if cell == NULL:
            raise MemoryError
        cell.queue = queue
        cell.channel = channel
        self.cells[self.cell_count] = cell
        self.cell_of[at] = self.cell_count
        self.cell_count += 1
        return self.cell_count - 1

    cdef Desk* new_desk(self, int32_t agent) except NULL:
        """Return the desk of an agent that has none yet."""
        cdef int32_t capacity
        cdef Desk* desk
        cdef void* memory
        if agent >= self.desk_capacity:
            capacity = 2 * self.desk_capacity if agent < 2 * self.desk_capacity else agent + 1
            if grow(<void**>&self.desks, self.desk_capacity, capacity, sizeof(Desk*)):
                raise MemoryError
            self.desk_capacity = capacity
        memory = fresh(1, sizeof(Desk) + LINE_MASK)
        if memory == NULL:
            raise MemoryError
        desk = <Desk*>((<size_t>memory + LINE_MASK) & ~<size_t>LINE_MASK)
        desk.memory = memory
        desk.since = NONE
        desk.presence_since = NONE
        self.desks[agent] = desk
        return desk

    cdef int open_interval(self, Cell* cell, int64_t now) except -1:
        """Begin the interval of a moment in a cell."""
        cdef object starts_at, ends_at
        starts_at, ends_at = interval_around(self.zones[cell.queue], self.interval, now)
        # Of another length, or in another zone, than the intervals before, it begins behind them.
        return row_open(cell, max(starts_at, cell.until) if cell.row_count else starts_at, ends_at)

    # ---- skills ----------------------------------------------------------------------------------------------------

    cdef int32_t skills_for(self, int32_t contact, int32_t queue) except -1:
        """Return the set of skills that the requirements of a contact and of its queue name."""
        cdef object text = read(self.contacts[contact], REQUIRES)
        cdef object known = (<dict>self.skills_of_text[queue]).get(text)
        return self.named_skills(text, queue) if known is None else known

    cdef int32_t named_skills(self, object text, int32_t queue) except -1:
        cdef int32_t slot
        cdef object given = self.config.queues.get(self.queue_ids[queue])
        names = {}
        for one in (None if given is None else given.requires, text):
            if one is not None:
                names.update(dict.fromkeys(parse(one).skills))
        slot = self.intern(tuple(sorted([self.skill_slot(name) for name in names])))
        if self.texts >= TEXTS_TOP:
            self.skills_of_text = [{} for _ in self.skills_of_text]
            self.texts = 0
        self.skills_of_text[queue][text] = slot
        self.texts += 1
        return slot

    cdef int32_t skill_slot(self, str name) except -1:
        """Return the slot of a skill, given out where it is new."""
        cdef int32_t slot, capacity
        known = self.skill_slots.get(name)
        if known is not None:
            return known
        slot = len(self.skill_ids)
        if slot >= self.skill_capacity:
            capacity = 2 * slot + 8
            if grow(<void**>&self.skills, self.skill_capacity, capacity, sizeof(Account*)):
                raise MemoryError
            self.skill_capacity = capacity
        self.skills[slot] = <Account*>fresh(1, sizeof(Account))
        if self.skills[slot] == NULL:
            raise MemoryError
        self.skill_ids.append(name)
        self.skill_slots[name] = slot
        return slot

    cdef int32_t intern(self, tuple skills) except -1:
        """Return the slot of a set of skills."""
        cdef int32_t slot, capacity, at
        cdef int32_t* items
        known = self.set_slots.get(skills)
        if known is not None:
            return known
        if len(self.set_slots) >= self.sweep_at:
            self.sweep()
        slot = self.free_sets.pop() if self.free_sets else self.set_count
        if slot == self.set_capacity:
            capacity = 2 * slot + 64
            if grow(<void**>&self.sets, self.set_capacity, capacity, sizeof(Skillset)):
                raise MemoryError
            self.set_capacity = capacity
        items = <int32_t*>fresh(len(skills), sizeof(int32_t))
        if items == NULL:
            raise MemoryError
        for at in range(len(skills)):
            items[at] = skills[at]
        self.sets[slot].skills = items
        self.sets[slot].count = len(skills)
        self.set_count += slot == self.set_count
        self.set_slots[skills] = slot
        return slot

    cdef int sweep(self) except -1:
        """Free the sets of skills that no contact has. O(contacts and sets)."""
        cdef int32_t page, at
        cdef Track* track
        cdef bytearray is_used = bytearray(self.set_count)
        is_used[0] = 1
        for page in range(self.track_pages):
            for at in range(PAGE_MASK + 1):
                track = &self.tracks[page][at]
                if track.state != TRACK_FREE:
                    is_used[track.skills] = 1
                    is_used[track.first_skills] = 1
        for at in range(self.entry_capacity):
            if self.entries[at].state != ENTRY_FREE:
                is_used[self.entries[at].skills] = 1
        for skills, slot in list(self.set_slots.items()):
            if not is_used[slot]:
                release(self.sets[<int32_t>slot].skills)
                self.sets[<int32_t>slot].skills = NULL
                self.sets[<int32_t>slot].count = 0
                self.free_sets.append(slot)
                del self.set_slots[skills]
        self.skills_of_text = [{} for _ in self.skills_of_text]
        self.texts = 0
        self.sweep_at = 2 * len(self.set_slots) + SETS_FIRST
        return 0

    # ---- desks -----------------------------------------------------------------------------------------------------

    cdef int book(self) except -1:
        """Book what was noted of agents. Desks are fetched a few notes ahead, as most are in no cache of the processor."""
        cdef int32_t at
        cdef int32_t booked = 0
        cdef int32_t count = self.note_count
        cdef Note* notes = self.notes
        try:
            for at in range(count + FETCH_AHEAD):
                if at < count:
                    fetch(desk_of(self, notes[at].agent))
                if FETCH_BUCKET <= at < count + FETCH_BUCKET:
                    fetch_bucket(desk_of(self, notes[at - FETCH_BUCKET].agent), &notes[at - FETCH_BUCKET])
                if at >= FETCH_AHEAD:
                    book_note(desk_of(self, notes[booked].agent), &notes[booked])
                    booked += 1
        finally:
            # Without memory the others stay noted.
            memmove(notes, notes + booked, (count - booked) * sizeof(Note))
            self.note_count = count - booked
        return 0

    # ---- offers and legs -------------------------------------------------------------------------------------------

    cdef int32_t take_entry(self) except -1:
        """Return a free entry."""
        cdef int32_t capacity, at
        cdef int32_t slot = self.free_entry
        if slot == NONE:
            capacity = 2 * self.entry_capacity + 64
            if grow(<void**>&self.entries, self.entry_capacity, capacity, sizeof(Entry)):
                raise MemoryError
            for at in range(self.entry_capacity, capacity):
                self.entries[at].next = at + 1 if at + 1 < capacity else NONE
            slot = self.entry_capacity
            self.entry_capacity = capacity
        self.free_entry = self.entries[slot].next
        return slot

    cdef int32_t* link_to(self, Track* track, int64_t offer, int32_t agent) noexcept:
        """Return the link to an offer that is out or, where ``offer`` is 0, to the leg of an agent."""
        cdef int32_t* link = &track.first
        cdef Entry* entry
        while link[0] != NONE:
            entry = &self.entries[link[0]]
            if entry.offer == offer if offer else entry.agent == agent and entry.state >= ENTRY_WORKING:
                break
            link = &entry.next
        check(link[0] != NONE)
        return link

    cdef void drop_entry(self, int32_t* link) noexcept:
        """Take an entry out of its contact's."""
        cdef int32_t slot = link[0]
        link[0] = self.entries[slot].next
        self.entries[slot].state = ENTRY_FREE
        self.entries[slot].next = self.free_entry
        self.free_entry = slot

    # ---- agents ----------------------------------------------------------------------------------------------------

    cdef int state_by(self, Desk* desk) noexcept:
        """Return the state that legs and presence of an agent make."""
        if desk.working:
            return STATE_WORKING
        return STATE_WRAPPING if desk.wrapping else desk.presence

    cdef int stand(self, Desk* desk, int64_t now) except -1:
        """Have an agent be in the state that its legs and presence say: at work, else wrapping up, else its presence.

        Of all agents together, ``areas[state]`` is the sum of the moments at which they left a state less that of those
        at which they entered it: with those still in it times the present it is the time spent there.
        """
        cdef int state = self.state_by(desk)
        if desk.since == NONE:
            if state == OFFLINE:
                return 0
        elif state == desk.state:
            return 0
        if now >= self.shift_ends_at:
            self.change_shift(now)
        if desk.since != NONE:
            desk.times[desk.state] += now - desk.since
            self.areas[desk.state] += now
            self.in_state[desk.state] -= 1
        desk.state = <uint8_t>state
        desk.since = now
        self.areas[state] -= now
        self.in_state[state] += 1
        return 0

    cdef i128 area(self, int state, int64_t at) noexcept:
        """Return the time that all agents spent in a state up to a moment, which is not before the last change."""
        return self.areas[state] + <i128>self.in_state[state] * at

    cdef int change_shift(self, int64_t now) except -1:
        """Begin the interval of a moment, after closing those before."""
        cdef Shift* shift
        cdef int state
        if self.shift_ends_at == NONE:
            self.shift_starts_at, self.shift_ends_at = interval_around((), self.interval, now)
            return 0
        if self.shifts == NULL:
            self.shifts = <Shift*>fresh(INTERVALS_TOP, sizeof(Shift))
            if self.shifts == NULL:
                raise MemoryError
        while self.shift_ends_at <= now:
            if now - self.shift_ends_at > (INTERVALS_TOP + 1) * self.interval:
                # Longer than anything is kept: what lies further back would be dropped at once.
                self.shift_starts_at, self.shift_ends_at = interval_around(
                    (), self.interval, now - INTERVALS_TOP * self.interval
                )
                self.shift_count = 0
                for state in range(STATES):
                    self.areas_before[state] = self.area(state, self.shift_starts_at)
            if self.shift_count == INTERVALS_TOP:
                memmove(self.shifts, self.shifts + 1, (INTERVALS_TOP - 1) * sizeof(Shift))
                self.shift_count -= 1
            shift = &self.shifts[self.shift_count]
            self.shift_count += 1
            shift.starts_at = self.shift_starts_at
            shift.ends_at = self.shift_ends_at
            for state in range(STATES):
                shift.times[state] = self.area(state, shift.ends_at) - self.areas_before[state]
                self.areas_before[state] += shift.times[state]
            self.shift_starts_at = shift.ends_at
            self.shift_ends_at = interval_around((), self.interval, shift.ends_at)[1]
        return 0
