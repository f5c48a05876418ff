from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.acd cimport Acd
from ccroute.core.defs cimport i128
from ccroute.engine.tallies cimport SPAN_HANDLING, STATES, Account, Cell, Desk, Tally, count_length, raise_to

cdef enum:
    PAGE_BITS = 9                 # contacts on a page: 512
    PAGE_MASK = 511
    INTERVALS_TOP = 100           # INTERVALS_MAX of figures.py

cdef enum:                        # Note.what: a count, or
    NOTE_SPANS = 64               # a length of this span and those behind
    NOTE_LONGEST = 128            # a wait that can be undone no more
    NOTE_TAKEN_BACK = 129         # a wait that does not count any more
    NOTES = 256

cdef enum:                        # EntryState
    ENTRY_FREE = 0
    ENTRY_OFFERED = 1
    ENTRY_ACCEPTED = 2            # for as long as it takes the leg to begin
    ENTRY_WORKING = 3             # active or held
    ENTRY_SUSPENDED = 4
    ENTRY_WRAPPING = 5

cdef enum:                        # TrackState
    TRACK_FREE = 0
    TRACK_INSIDE = 1
    TRACK_ENDED = 2

cdef enum:                        # TrackKind
    IS_CONSULT = 1
    IS_CALLBACK = 2

cdef struct Entry:                # an offer that is out, then the leg it became
    int64_t offer                 # seq
    int64_t began_at
    int64_t worked_until          # begin of the wrap-up
    int32_t agent
    int32_t cell
    int32_t skills
    int32_t contact
    int32_t next                  # of the contact; of the free ones
    uint8_t state                 # EntryState

cdef struct Track:                # a contact
    int64_t answered_at           # when the accept by which it counts as answered came
    int64_t answered_wait
    int32_t answered_by
    int32_t accepts               # that were not undone
    int32_t cell
    int32_t first_cell            # it came in by
    int32_t skills
    int32_t first_skills
    int32_t first                 # of its entries
    uint8_t state                 # TrackState
    uint8_t is_kind               # TrackKind bits
    uint8_t is_confirmed          # answered, and no accept that could be undone would change that
    uint8_t is_within             # answered within what the queue had promised then

cdef struct Shift:                # an interval of the floor: what agents did, all together
    int64_t starts_at
    int64_t ends_at
    i128 times[STATES]

cdef struct Note:
    int64_t number
    int32_t agent
    int32_t what

cdef struct Skillset:
    int32_t count
    int32_t* skills

cdef class Accounts:
    cdef Acd acd
    cdef object config
    cdef bint is_consulting       # the next contact to come is a consult
    cdef list contacts            # EnqueueContact by contact slot: those of Names
    cdef list queue_ids
    cdef int32_t callback         # slot of the channel, NONE where there is none
    cdef int64_t interval
    cdef int64_t* within          # by queue slot: wait that keeps the promise
    cdef int32_t queue_count      # of within
    cdef list zones               # by queue slot: (from_us, offset_us) pairs
    cdef list skills_of_text      # by queue slot: own text of a contact → skillset
    cdef int32_t texts            # in all of them
    cdef readonly list skill_ids
    cdef dict skill_slots
    cdef readonly dict presences  # by agent slot: (presence code, label) → µs
    cdef int32_t* cell_of         # by queue slot · CELLS_OF_QUEUE + channel slot: cell, NONE without
    cdef int32_t cell_of_queues
    cdef Cell** cells
    cdef int32_t cell_count
    cdef int32_t cell_capacity
    cdef Account** skills         # by skill slot
    cdef int32_t skill_capacity
    cdef Desk** desks             # by agent slot, NULL until something happens
    cdef int32_t desk_capacity
    cdef Note notes[NOTES]        # of desks, not booked yet
    cdef int32_t note_count
    cdef Track** tracks           # pages by contact slot
    cdef int32_t track_pages
    cdef Entry* entries
    cdef int32_t entry_capacity
    cdef int32_t free_entry
    cdef Skillset* sets
    cdef int32_t set_count
    cdef int32_t set_capacity
    cdef list free_sets
    cdef int32_t sweep_at
    cdef dict set_slots           # tuple of skill slots → skillset
    cdef i128 areas[STATES]       # see stand()
    cdef i128 areas_before[STATES]     # time of all agents in each state up to the begin of the present shift
    cdef int64_t in_state[STATES]
    cdef Shift* shifts            # whole ones, oldest first
    cdef int32_t shift_count
    cdef int64_t shift_starts_at
    cdef int64_t shift_ends_at    # NONE: nobody signed in yet

    cdef int grow_tracks(self, int32_t page) except -1
    cdef int32_t cell_for(self, int32_t queue, int32_t channel) except -1
    cdef Desk* new_desk(self, int32_t agent) except NULL
    cdef int book(self) except -1
    cdef int open_interval(self, Cell* cell, int64_t now) except -1
    cdef int32_t skills_for(self, int32_t contact, int32_t queue) except -1
    cdef int32_t named_skills(self, object text, int32_t queue) except -1
    cdef int32_t skill_slot(self, str name) except -1
    cdef int32_t intern(self, tuple skills) except -1
    cdef int sweep(self) except -1
    cdef int32_t take_entry(self) except -1
    cdef int32_t* link_to(self, Track* track, int64_t offer, int32_t agent) noexcept
    cdef void drop_entry(self, int32_t* link) noexcept
    cdef int state_by(self, Desk* desk) noexcept
    cdef int stand(self, Desk* desk, int64_t now) except -1
    cdef i128 area(self, int state, int64_t at) noexcept
    cdef int change_shift(self, int64_t now) except -1

cdef inline Track* track_of(Accounts self, int32_t slot) except NULL:
    """Return the track of a contact."""
    if slot >> PAGE_BITS >= self.track_pages:
        self.grow_tracks(slot >> PAGE_BITS)
    return self.tracks[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Desk* desk_of(Accounts self, int32_t agent) except NULL:
    """Return the desk of an agent."""
    if agent < self.desk_capacity and self.desks[agent] != NULL:
        return self.desks[agent]
    return self.new_desk(agent)

cdef inline Tally* tally_of(Accounts self, int32_t at, int64_t now) except NULL:
    """Return where a cell counts what happens now."""
    cdef Cell* cell = self.cells[at]
    if now >= cell.until:
        self.open_interval(cell, now)
    return &cell.rows[cell.row_count - 1].tally

cdef inline int count(Accounts self, int what, int32_t cell, int32_t skills, int64_t now) except -1:
    """Count one more in a cell and with some skills."""
    cdef Skillset* named = &self.sets[skills]
    cdef int32_t at
    tally_of(self, cell, now).n[what] += 1
    for at in range(named.count):
        self.skills[named.skills[at]].tally.n[what] += 1
    return 0

cdef inline int measure(
    Accounts self, int span, int64_t length, int32_t cell, int32_t skills, int64_t now, bint is_final
) except -1:
    """Count a length in a cell and with some skills."""
    cdef Skillset* named = &self.sets[skills]
    cdef Account* account
    cdef Tally* tally = tally_of(self, cell, now)
    cdef int32_t at
    count_length(&self.cells[cell].older.sketches[span], length, 1)
    tally.spans[span] += 1
    tally.sums[span] += length
    if is_final:
        raise_to(&tally.maxima[span], length)
    for at in range(named.count):
        account = self.skills[named.skills[at]]
        count_length(&account.sketches[span], length, 1)
        account.tally.spans[span] += 1
        account.tally.sums[span] += length
        if is_final:
            raise_to(&account.tally.maxima[span], length)
    return 0

cdef inline int note(Accounts self, int32_t agent, int what, int64_t number) except -1:
    """Note something of an agent's, which is booked later, many at once: their desks lie far apart in memory."""
    if self.note_count == NOTES:
        self.book()
    self.notes[self.note_count].agent = agent
    self.notes[self.note_count].what = what
    self.notes[self.note_count].number = number
    self.note_count += 1
    return 0
