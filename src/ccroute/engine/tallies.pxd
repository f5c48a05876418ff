from libc.stdint cimport int32_t, int64_t, uint8_t

from ccroute.core.defs cimport clz64, i128

cdef enum:                        # Count: in the order of COUNTS in reports.py; agents have the first ones
    N_ACCEPTED = 0
    N_ANSWERED_WITHIN = 1
    N_OFFERS = 2
    N_DECLINED = 3
    N_OFFERS_EXPIRED = 4
    N_RESCINDED = 5
    N_OFFERS_PREEMPTED = 6
    N_OFFERS_INTERRUPTED = 7
    N_UNDONE = 8
    N_CONNECT_FAILED = 9
    N_TRANSFERS_IN = 10
    N_TRANSFERS_OUT = 11
    N_REQUEUED = 12
    N_WORK_PREEMPTED = 13
    N_WORK_INTERRUPTED = 14
    N_LOST = 15
    DESK_COUNTS = 16
    N_CREATED = 16
    N_CLOSED = 17
    N_ABANDONED = 18
    N_CANCELLED = 19
    N_EXPIRED = 20
    N_CONSULTS = 21
    N_MOVED_IN = 22
    N_MOVED_OUT = 23
    N_CHANGED_IN = 24
    N_CHANGED_OUT = 25
    N_LEFT_WITHIN = 26
    N_UNANSWERED = 27
    N_EXHAUSTED = 28
    N_OVERDUE = 29
    N_CALLBACKS = 30
    N_CALLBACKS_REACHED = 31
    N_CALLBACKS_DROPPED = 32
    COUNTS = 33

cdef enum:                        # Span: what is measured; of agents the first ones
    SPAN_ANSWERED = 0             # wait until the first answer
    SPAN_HANDLING = 1
    SPAN_WRAP_UP = 2
    DESK_SPANS = 3
    SPAN_LEFT = 3                 # wait of customers who left without an answer
    SPANS = 4

cdef enum:                        # AgentState; the first three are PresenceCode
    STATE_OFFLINE = 0
    STATE_IDLE = 1
    STATE_AWAY = 2
    STATE_WORKING = 3
    STATE_WRAPPING = 4
    STATES = 5

cdef enum:
    OCTAVES = 49                  # of a sketch: one for every power of two from 2^5 to 2^52, and one below
    OCTAVE = 32                   # buckets each
    CELLS_OF_QUEUE = 64           # one for each channel there can be

cdef struct Sketch:               # how often a length fell into each bucket, see sketch.py
    int64_t* counts               # of some octaves in a row
    int32_t first                 # octave
    int32_t octaves

cdef struct Tally:
    int64_t n[COUNTS]
    int64_t spans[SPANS]          # how many of each
    int64_t maxima[SPANS]         # of those that stand for good, see confirm()
    i128 sums[SPANS]

cdef struct Account:              # the figures of a skill, or those of a cell that are in none of its rows
    Tally tally
    Sketch sketches[SPANS]

cdef struct Row:                  # an interval of a cell
    int64_t starts_at
    int64_t ends_at
    Tally tally

cdef struct Cell:                 # the contacts of one queue and channel
    Account older                 # of intervals that are kept no more; the sketches are those of all
    Row* rows                     # intervals in which something happened, oldest first
    int64_t until                 # end of the last one
    int32_t row_count
    int32_t row_capacity
    int32_t queue
    int32_t channel

cdef struct Desk:                 # an agent, 64 bytes at a time: what changes together lies together
    int64_t since                 # in this state; NONE: never signed in
    int64_t times[STATES]
    int32_t working               # legs active or held
    int32_t wrapping
    uint8_t presence
    uint8_t state
    int64_t spans[DESK_SPANS]
    int64_t maxima[DESK_SPANS]
    int64_t n[DESK_COUNTS]
    i128 sums[DESK_SPANS]
    Sketch handling
    int64_t presence_since        # NONE: never signed in
    void* memory                  # the desk's, which begins on a whole 64

cdef inline int bucket_of(int64_t value) noexcept nogil:
    """Return the bucket of a length: exact below 32, else the 32nd part of an octave; see sketch.py."""
    cdef int top
    if value < OCTAVE:
        return <int>(value if value > 0 else 0)
    top = 63 - clz64(<unsigned long long>value)
    return ((top - 4) << 5) + <int>(value >> (top - 5)) - OCTAVE

cdef inline int count_length(Sketch* sketch, int64_t length, int64_t times) except -1:
    """Count a length in a sketch; ``times`` -1 takes it out again."""
    cdef int bucket = bucket_of(length)
    cdef int32_t octave = (bucket >> 5) - sketch.first
    if octave < 0 or octave >= sketch.octaves:
        sketch_widen(sketch, bucket >> 5)
    sketch.counts[bucket - (sketch.first << 5)] += times
    return 0

cdef inline void raise_to(int64_t* maximum, int64_t value) noexcept nogil:
    if value > maximum[0]:
        maximum[0] = value

cdef int sketch_widen(Sketch* sketch, int32_t octave) except -1
cdef void account_close(Account* account) noexcept nogil
cdef void tally_add(Tally* to, Tally* other) noexcept nogil
cdef int row_open(Cell* cell, int64_t starts_at, int64_t ends_at) except -1
cdef Tally* tally_at(Cell* cell, int64_t at) noexcept nogil
cdef object whole_of(i128 value)
cdef list tally_list(Tally* tally)
cdef list desk_list(Desk* desk)
cdef list sketch_list(Sketch* sketch)
