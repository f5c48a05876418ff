# What the kernels share: sized types, conventions, the records of the floor.
#
# A *slot* is a dense index, lowest free one first, -1 for none (NONE). A *seq* numbers in order of creation, is never
# used again, and settles every tie. Times are microseconds since the Unix epoch, durations are microseconds.
# All state hangs from one Floor; kernels are functions over it. Functions that take memory say so: everything else
# relies on floor_reserve(), which each step calls before it moves anything, so that no step fails half-way.

from libc.stdint cimport int32_t, int64_t, int8_t, uint16_t, uint32_t, uint64_t, uint8_t

cdef extern from *:
    """
    typedef unsigned __int128 ccroute_u128;
    typedef __int128 ccroute_i128;
    """
    # Cython needs a width for arithmetic between C types only; the C compiler sees the real 128 bits.
    ctypedef unsigned long long u128 "ccroute_u128"
    ctypedef long long i128 "ccroute_i128"
    int ctz64 "__builtin_ctzll"(uint64_t) noexcept nogil
    int clz64 "__builtin_clzll"(uint64_t) noexcept nogil
    int popcount64 "__builtin_popcountll"(uint64_t) noexcept nogil

cdef extern from "<assert.h>" nogil:
    # Aborts in debug and sanitizer builds, vanishes in release: what we believe, never what callers must do.
    void check "assert"(bint)

cdef enum:
    NONE = -1
    PAGE_BITS = 9                 # records a page: 512
    PAGE_MASK = 511
    KINDS_MAX = 64                # bits of an agent's mask; the last kind is checked agent by agent
    KIND_CHECKED = 63
    KIND_STEP = 3                 # bits a kind has where agents can be suspended: plain, checked, by setting aside
    ORDERS_MAX = 8                # orders of idle agents kept as trees; queues with further ones scan
    CHANNELS_MAX = 64
    SELECT_KEYS_MAX = 9
    STEP_RECORDS = 2048           # decision records one step can write at the most
    STEP_SLOTS = 80               # offers, timers, bars one step can take at the most
    STEP_EXTRAS = 4               # extras, courses of contacts one step can take at the most
    STEP_RULED = 512              # contacts whose courses one step can have looked at at the most
    LEGS_MAX = 16                 # legs of a contact
    CONTACTS_TOP = 10000000       # contacts whatever is configured
    AGENTS_TOP = 1000000          # agents over the life of a floor, those that were removed included
    ASIDE_MAX = 64                # offers and legs set aside for one contact
    OFFERS_OF_AGENT_MAX = 256     # pending offers of an agent, whatever is ignored
    UNLIMITED = -1                # as a wrap-up: only a command ends it

# ---- closed sets -----------------------------------------------------------------------------------------------

cdef extern from *:
    """
    #define CCROUTE_DURATION_MAX INT64_C(7776000000000)
    """
    const int64_t DURATION_MAX "CCROUTE_DURATION_MAX"      # 90 days, the longest duration there is

cdef enum:                        # ContactState
    CONTACT_FREE = 0
    CONTACT_QUEUED = 1
    CONTACT_ACTIVE = 2
    CONTACT_CLOSED = 3
    CONTACT_ABANDONED = 4
    CONTACT_CANCELLED = 5
    CONTACT_PARKED = 6
    CONTACT_SCHEDULED = 7
    CONTACT_EXPIRED = 8

cdef enum:                        # LegState
    LEG_NONE = 0
    LEG_ACTIVE = 1
    LEG_HELD = 2
    LEG_WRAPPING = 3
    LEG_SUSPENDED = 4

cdef enum:                        # PresenceCode
    OFFLINE = 0
    AVAILABLE = 1
    AWAY = 2

cdef enum:                        # Mode
    MODE_AUTO = 0
    MODE_RING = 1
    MODE_BROADCAST = 2
    MODE_MANUAL = 3

cdef enum:                        # PendingPolicy
    PENDING_DECLINE = 0
    PENDING_RESCIND = 1
    PENDING_KEEP = 2
    PENDING_REFUSE = 3

cdef enum:                        # PlacePolicy
    PLACE_WAITED = 0
    PLACE_AGE = 1
    PLACE_NONE = 2

cdef enum:                        # LegEndCode
    END_COMPLETED = 0
    END_TRANSFERRED = 1
    END_CANCELLED = 2
    END_LEFT = 3
    END_JOINED = 4
    END_REQUEUED = 5
    END_CONNECT_FAILED = 6
    END_PREEMPTED = 7
    END_PARKED = 8
    END_CHANNEL_CHANGED = 9
    END_LOST = 10

cdef enum:                        # RescindCode
    RESCIND_ABANDONED = 0
    RESCIND_CANCELLED = 1
    RESCIND_PRESENCE = 2
    RESCIND_TAKEN = 3
    RESCIND_PREEMPTED = 4
    RESCIND_INTERRUPTED = 5
    RESCIND_NO_ROOM = 6
    RESCIND_CHANGED = 7
    RESCIND_PARKED = 8
    RESCIND_PICKED = 9
    RESCIND_WITHDRAWN = 10
    RESCIND_LOST = 11
    RESCIND_RULE = 12

cdef enum:                        # RequeueCode
    REQUEUE_COMMAND = 0
    REQUEUE_CONNECT_FAILED = 1
    REQUEUE_PREEMPTED = 2
    REQUEUE_CHANNEL = 3
    REQUEUE_UNANSWERED = 4
    REQUEUE_LOST = 5

cdef enum:                        # SuspendCode
    SUSPEND_INTERRUPTED = 0
    SUSPEND_PREEMPTED = 1

cdef enum:                        # PreemptCode
    PREEMPT_NEVER = 0
    PREEMPT_OFFERS = 1
    PREEMPT_WORK = 2

cdef enum:                        # Seeks: what an active contact stands in line for
    SEEKS_NOBODY = 0
    SEEKS_TAKER = 1               # the seeker's leg ends when somebody accepts
    SEEKS_FURTHER = 2             # one more agent

cdef enum:                        # Unanswered: what follows when an agent it is kept for does not answer
    UNANSWERED_QUEUE = 0          # stands in line
    UNANSWERED_RETURN = 1         # offered to who gave it, else stands in line
    UNANSWERED_END = 2            # the seek is over
    UNANSWERED_GIVE_UP = 3        # the seek is over, the seeker's leg ends and the contact waits
    UNANSWERED_CANCEL = 4         # the contact is cancelled

cdef enum:                        # InLine: where a contact stands
    LINE_NONE = 0
    LINE_CLASS = 1
    LINE_COMPANION = 2

cdef enum:                        # CoolKind: which cool-down a command asks for
    COOL_QUEUE = 0
    COOL_DURATION = 1
    COOL_MOMENT = 2
    COOL_NEXT_AVAILABLE = 3
    COOL_FOR_EVER = 4

cdef enum:                        # TurnCode: how an offer comes to be made, in the order of Turn
    TURN_LINE = 0
    TURN_TOGETHER = 1             # one more of the first offers of a queue that asks several agents
    TURN_PREEMPTED = 2
    TURN_PICKED = 3
    TURN_ASSIGNED = 4
    TURN_DIRECT = 5
    TURN_JOINED = 6

cdef enum:                        # CancelWhy
    CANCEL_COMMAND = 0
    CANCEL_UNANSWERED = 1
    CANCEL_PARENT = 2
    CANCEL_RULE = 3
    CANCEL_RETURNED = 4

cdef enum:                        # TimerKind
    TIMER_OFFER = 0
    TIMER_WRAP_UP = 1
    TIMER_COOLDOWN = 2
    TIMER_AFTER = 3
    TIMER_OVERDUE = 4
    TIMER_PARK = 5
    TIMER_GUARD = 6
    TIMER_RULE = 7
    TIMER_LEASE = 8
    TIMER_LOST = 9
    TIMER_HOURS = 10
    TIMER_CALLBACK = 11

cdef enum:                        # BarWhy: bits of Bar.why
    BAR_COOLDOWN = 1
    BAR_EXCLUDED = 2
    BAR_LEG = 4
    BAR_OFFER = 8                 # an offer of it to this agent is out
    BAR_NEXT = 16                 # cool-down until the agent next becomes available
    BAR_EVER = 32                 # cool-down without end
    BAR_COOLING = 49              # any cool-down

cdef enum:                        # SelectKey
    SELECT_IDLE = 0
    SELECT_LOAD = 1
    SELECT_LAST_OFFER = 2
    SELECT_HANDLED = 3
    SELECT_SKILL_SUM = 4          # from here on: keys that hang on more than the agent
    SELECT_SCORE = 5
    SELECT_LISTED = 6
    SELECT_GIVEN_SCORE = 7

cdef enum:                        # Reason: why a command is refused, 0 = it is not; order of RefusalReason in types.py
    REFUSED_NOT = 0
    UNKNOWN_CONTACT = 1
    UNKNOWN_AGENT = 2
    UNKNOWN_OFFER = 3
    CONTACT_EXISTS = 4
    REASON_CONTACT_ENDED = 5
    REASON_CONTACT_ACTIVE = 6
    REASON_CONTACT_QUEUED = 7
    REASON_CONTACTS_MAX = 8
    REASON_OFFER_ENDED = 9
    REASON_OFFERS_PENDING = 10
    REASON_NO_LEG = 11
    REASON_LEG_ACTIVE = 12
    REASON_LEG_HELD = 13
    REASON_LEG_WRAPPING = 14
    REASON_QUEUE_PAUSED = 15
    REASON_QUEUE_OPEN = 16
    REASON_CONTACT_PARKED = 17
    REASON_LEG_SUSPENDED = 18
    REASON_NOT_ELIGIBLE = 19
    REASON_LAST_LEG = 20
    REASON_LEGS_MAX = 21
    REASON_CONFERENCE = 22
    REASON_VERSION = 23
    REASON_OFFER_OUT = 24
    REASON_CONTACT_SCHEDULED = 25
    REASON_NO_RULE = 26
    REASON_QUEUE_DRAINING = 27
    REASON_IN_USE = 28
    REASON_NO_QUEUE = 29

cdef enum:                        # WhyNot: bits, in the order of Rule in types.py
    WHY_CONTACT_STATE = 1
    WHY_OFFER_OUT = 2
    WHY_QUEUE_PAUSED = 4
    WHY_MANUAL = 8
    WHY_OFFERS_MIN = 16
    WHY_PRESENCE = 32
    WHY_NEXT_PRESENCE = 64
    WHY_OFFERS_MAX = 128
    WHY_MEMBERSHIP = 256
    WHY_AFTER = 512
    WHY_REQUIREMENT = 1024
    WHY_DIRECT = 2048
    WHY_EXCLUDED = 4096
    WHY_COOLDOWN = 8192
    WHY_LEG = 16384
    WHY_CHANNEL_CLOSED = 32768
    WHY_CHANNEL_MAX = 65536
    WHY_CAPACITY = 131072
    WHY_SUSPENDED = 262144
    WHY_PREFERRED = 524288

cdef enum:                        # RecordKind
    RECORD_QUEUED = 0             # contact agent=- queue a=place_at b=head_start x=tier
    RECORD_OFFERED = 1            # contact agent queue offer a=expires_at or -1 b=contact giving way or -1 x=cost y=rank z=mode
    RECORD_ACCEPTED = 2           # contact agent offer
    RECORD_DECLINED = 3           # contact agent offer a=cooldown x=1 where the command gave the reason z=CoolKind
    RECORD_EXPIRED = 4            # contact agent offer a=cooldown x=expiries
    RECORD_RESCINDED = 5          # contact agent offer b=by contact or -1 x=RescindCode
    RECORD_EXHAUSTED = 6          # contact queue x=offers
    RECORD_ACTIVE = 7             # contact agent queue offer a=waited x=cost y=channel
    RECORD_HELD = 8               # contact agent
    RECORD_RESUMED = 9            # contact agent
    RECORD_TRANSFERRED = 10       # contact agent queue=to or -1 a=cooldown x=from y=to agent or -1 z=1 warm
    RECORD_WRAP_UP_STARTED = 11   # contact agent a=ends_at or -1
    RECORD_WRAP_UP_EXTENDED = 12  # contact agent a=ends_at or -1
    RECORD_WRAP_UP_ENDED = 13     # contact agent a=wrapped
    RECORD_LEG_ENDED = 14         # contact agent a=began_at b=handled x=LegEndCode y=by contact or -1
    RECORD_CLOSED = 15            # contact queue a=waited x=by a rule
    RECORD_ABANDONED = 16         # contact queue a=waited
    RECORD_CANCELLED = 17         # contact queue a=waited z=CancelWhy
    RECORD_PRESENCE = 18          # agent x=presence y=previous a=1 by command, 2 next presence taken, 3 no answer
    RECORD_NEXT_PRESENCE = 19     # agent x=presence
    RECORD_PAUSED = 20            # queue
    RECORD_OPENED = 21            # queue
    RECORD_PARKED = 22            # contact queue a=until or -1 x=clock runs
    RECORD_CHANGED = 23           # contact queue a=place_at b=head_start x=tier y=version z=1 by joining
    RECORD_OVERDUE = 24           # contact queue a=in_queue
    RECORD_SUSPENDED = 25         # contact agent b=by contact x=SuspendCode
    RECORD_REQUEUED = 26          # contact queue offer=head_start a=place_at b=by contact or -1 x=tier y=RequeueCode
    RECORD_CHANNEL = 27           # contact a=version x=from y=to
    RECORD_LOAD = 28              # agent x=channel y=units
    RECORD_SCHEDULED = 29         # contact queue a=due
    RECORD_ENDED_BY_TIME = 30     # contact queue a=waited x=ExpiredWhy
    RECORD_RULE = 31              # contact queue=whose plan x=step y=When z=1 of its own plan
    RECORD_ACTION = 32            # contact queue x=step y=plan
    RECORD_PREFERRED_ENDED = 33   # contact queue x=PreferredEndCode
    RECORD_CALLBACK_DUE = 34      # contact queue a=expires_at x=attempt y=attempts at most
    RECORD_CALLBACK_DROPPED = 35  # contact queue b=by contact or -1 x=CallbackEndCode
    RECORD_LOST = 36              # agent a=lease b=end of the grace
    RECORD_HOURS = 37             # queue a=next change or -1 x=1 open

cdef enum:                        # Cause: Record.cause: 0 the command, else 1 + TimerKind, or a rule: Record.rule
    CAUSE_COMMAND = 0
    CAUSE_RULE = 255

cdef enum:                        # Record.rule: queue << RULE_BITS | own << RULE_OWN_BIT | step
    RULE_BITS = 7
    RULE_OWN = 64

cdef enum:                        # When: what makes a step due
    WHEN_AFTER = 0
    WHEN_AHEAD = 1
    WHEN_ENTRY = 2                # from here on by a flag of the course
    WHEN_EXHAUSTED = 3
    WHEN_NOBODY = 4
    WHEN_OVERDUE = 5
    WHEN_CLOSED = 6
    WHEN_OPENED = 7
    WHEN_LIMIT = 8
    WHEN_EXPEDITED = 9            # as told of an ``after`` step

cdef enum:                        # Flag: bits of Course.flags, 1 << When, and the limits reached
    FLAG_ENTRY = 4
    FLAG_EXHAUSTED = 8
    FLAG_OVERDUE = 32
    FLAG_CLOSED = 64
    FLAG_OPENED = 128
    FLAG_LENGTH = 512
    FLAG_IN_QUEUE = 1024
    FLAG_TTL = 2048
    FLAG_LIMITS = 3584

cdef enum:                        # ExpiredWhy
    EXPIRED_LENGTH = 0
    EXPIRED_IN_QUEUE = 1
    EXPIRED_TTL = 2
    EXPIRED_CLOSED = 3
    EXPIRED_ATTEMPTS = 4
    EXPIRED_CALLBACK = 5
    EXPIRED_RULE = 6

cdef enum:                        # PreferredEndCode
    PREFERRED_WAITED = 0
    PREFERRED_NOBODY = 1
    PREFERRED_BOUND = 2

cdef enum:                        # CallbackEndCode
    CALLBACK_RETURNED = 0
    CALLBACK_ATTEMPTS = 1
    CALLBACK_EXPIRED = 2
    CALLBACK_NO_ROOM = 3

cdef enum:                        # StepEnd: how a step ends a contact
    STEP_GOES_ON = 0
    STEP_CLOSES = 1
    STEP_CANCELS = 2
    STEP_EXPIRES = 3

cdef enum:                        # ClosedCode: what is done with contacts of a closed queue
    CLOSED_WAIT = 0
    CLOSED_REFUSE = 1
    CLOSED_CALLBACK = 2
    CLOSED_OVERFLOW = 3

cdef enum:                        # PatchField: bits of Step.fields
    FIELD_QUEUE = 1
    FIELD_REQUIRES = 2
    FIELD_TIER = 4
    FIELD_HEAD_START = 8
    FIELD_PLACE = 16
    FIELD_OTHERS = 32             # from here on: what only the host can work out

cdef enum:                        # Host: what the core asks of who owns the names
    HOST_CONDITION = 0            # whether the condition of a step holds: 0 or 1
    HOST_CLASS = 1                # the class of a contact as asked for, into Floor.fetched
    HOST_PATCH = 2                # carry out the patch of a step
    HOST_DRAFT = 3                # note what a callback takes over from a contact
    HOST_CALLBACK = 4             # make the callback drafted: 1, or 0 where there is no room

cdef enum:
    PLAN_STEPS_MAX = 32
    PREFERRED_MAX = 16
    PARK_NOT = -1                 # as the park of a step
    PARK_OPEN = -2                # until it is unparked
    UNSAID = 255                  # as a small setting of a contact: the queue's

# ---- records ---------------------------------------------------------------------------------------------------

cdef struct Floor

cdef struct Links:                # a place in a tree of order.pyx
    int32_t left
    int32_t right
    int32_t parent

cdef struct Root:                 # a tree: its top, both ends, how many
    int32_t top
    int32_t first
    int32_t last
    int32_t count

cdef struct Store:                # paged records of one size; pages never move
    char** pages
    uint64_t* used[4]             # bit per slot, and bit per full word of the level below
    int32_t levels
    int32_t item                  # bytes of a record
    int32_t limit                 # slots there can ever be
    int32_t page_count
    int32_t pages_capacity
    int32_t count                 # slots taken
    int32_t hint                  # every word of used[0] below this one is full

cdef struct Contact:              # 128 bytes, two lines of cache: what one waiting contact costs the core
    Links order                   # in the line of its class while waiting; once ended: left = next ended, right = version
    int32_t class_slot
    uint64_t word_hi              # place in line, see word_of()
    uint64_t word_lo
    int64_t seq
    int64_t place_at
    int64_t head_start
    int64_t in_queue_at           # entered the present queue; once ended: when
    int64_t created               # or fell due, where it was scheduled from the begin
    int64_t waited                # waiting: moment it would have come had it only waited; else: time waited so far
    int32_t tier
    int32_t queue
    int32_t first_offer
    int32_t first_leg
    int32_t first_bar
    int32_t bars
    int32_t extra                 # what few contacts have, NONE without
    int32_t own_cost              # NONE: not given
    uint16_t offers_made          # since it entered the present queue
    uint8_t state
    uint8_t offers_out
    uint8_t channel
    uint8_t told_exhausted
    uint8_t own_tier
    uint8_t own_head_start
    uint8_t in_line               # InLine
    uint8_t is_overdue
    uint8_t seeks                 # Seeks
    uint8_t stage                 # of the classes of its queue, see ContactClass.next_stage
    uint8_t legs
    uint8_t is_new_here           # has not waited since it entered its queue

cdef struct Extra:                # what few contacts have
    int64_t parked_at             # NONE: not parked
    int32_t contact
    int32_t version
    int32_t timer_after
    int32_t timer_overdue
    int32_t timer_park
    int32_t direct                # agent it is kept for, NONE without
    int32_t seeker                # agent whose leg seeks, NONE without
    int32_t returns_to            # agent it goes back to if unanswered, NONE without
    int32_t displaced_offers      # offers and legs lost to others by pre-emption
    int32_t displaced_work
    int32_t parent                # of a consult, NONE without
    int32_t first_child
    int32_t next_child
    int32_t scores_count          # given scores
    int32_t* scored
    int64_t* scores
    uint64_t* allowed             # of a slow class: bit per agent its requirement holds for
    int32_t* sums                 # of a slow class: skill sum per agent
    int32_t allowed_words
    int32_t children
    uint8_t unanswered
    uint8_t clock_runs
    uint8_t is_loose              # see loose ends in decision.pyx
    uint8_t is_orphan             # a consult whose parent has ended
    uint8_t is_consult            # or was one, until its parent ended
    int32_t course                # what time does to it, NONE without

cdef struct Step:                 # of a plan: when it is due, and what it does
    int64_t after                 # WHEN_AFTER: time since its plan began
    int64_t head_start
    int64_t park                  # how long, or PARK_NOT, PARK_OPEN
    int32_t ahead                 # WHEN_AHEAD: contacts ahead at entry
    int32_t queue                 # where it leads, NONE: stays
    int32_t tier
    uint32_t fields               # PatchField bits
    uint8_t when
    uint8_t asks                  # has a condition
    uint8_t keeps_plan
    int8_t place                  # PlacePolicy, NONE: not said
    uint8_t offers                # what becomes of offers out, as in a change
    uint8_t reports
    uint8_t calls_back
    uint8_t end                   # StepEnd

cdef struct Plan:
    Step* steps
    int32_t count
    int32_t queue                 # whose it is, NONE: a contact's own
    int32_t refs                  # contacts that carry it, or keep it from another queue
    int32_t rulings               # contacts for which what a step of it requires stands for what their queue does
    uint8_t in_use
    uint8_t timed_count
    uint8_t timed[32]             # steps due after a time, earliest first

cdef struct Course:               # what time does to a contact: plans, limits, preferred agents, callbacks
    int64_t lead                  # how much longer its plans have run than it has been in its queue
    int64_t in_queue_max          # limits of its own, NONE: the queue's
    int64_t ttl
    int64_t preferred_wait        # NONE: the queue's
    int64_t preferring_from       # moment from which the time of preferred agents runs
    int64_t preferring_until
    int64_t expires_at            # of a callback, NONE: it is none
    int64_t expired_at            # of what was a callback, to be one again; NONE: it never was
    int64_t made_at               # of a contact that was scheduled from the begin, NONE: Contact.created
    int64_t due_until             # scheduled: until when it is parked once due, NONE: by command
    int32_t length                # limit of its own, NONE: the queue's
    int32_t contact
    int32_t plan                  # kept from another queue, NONE: its queue's
    int32_t own_plan              # NONE without
    int32_t ruled_plan            # of the step whose requirement stands for the queue's, NONE: none
    int32_t ruled_step
    int32_t asks                  # number of its own requirement, NONE: its class hangs on more of it
    int32_t timer_rule
    int32_t timer_callback
    int32_t attempts              # of a callback: calls that did not connect
    int32_t told_attempt          # the last one that was told to be due
    int32_t preferred_count
    int32_t preferred[16]         # agents
    uint32_t consumed[2]          # steps of the queue's plan and of its own
    uint32_t moved                # steps of its own that led it to a queue
    uint32_t ruled_fields         # PatchField bits set by its own plan
    uint16_t flags
    uint16_t answered             # FLAG_LIMITS that a step has answered
    uint16_t kept                 # preferred agents that count, a bit each
    uint8_t told_limits           # FLAG_LIMITS >> 9
    uint8_t scope                 # PreferredScope, or UNSAID
    uint8_t requires              # whether preferred agents must meet the requirement, or UNSAID
    uint8_t is_listed             # in Floor.ruled
    uint8_t is_preferring
    uint8_t is_counted            # among the contacts that wait for its preferred agents
    uint8_t wants_phase           # its preferred agents are to be looked at
    uint8_t due_parks             # scheduled: parked when due
    uint8_t due_runs              # and its clock runs then
    uint8_t is_made               # by the engine, in place of another contact: leaves no callback by a rule
    uint8_t entries               # into queues, to notice one
    uint8_t is_stale              # it entered its queue in the class it had
    uint8_t saw_closed            # its queue was closed when it was last looked at
    uint8_t hours_done            # what its queue does while it is closed was done

cdef struct Hours:                # of a queue; moments at which it opens (even) and closes (odd)
    int64_t* moments
    int32_t count
    int32_t passed                # moments gone by
    int32_t timer
    int32_t queue                 # where contacts go while it is closed, NONE without
    uint8_t is_kept               # the queue has hours; else it is always open
    uint8_t action                # ClosedCode
    uint8_t keeps_plan
    uint8_t closes_waiting

cdef struct Terms:                # what a contact brings; pointers are the caller's
    int64_t head_start
    int32_t tier
    uint8_t own_tier
    uint8_t own_head_start
    int32_t excluded_count
    int32_t scores_count
    int32_t* excluded
    int32_t* scored
    int64_t* scores
    uint64_t* allowed
    int32_t* sums

cdef struct Path:                 # what a contact brings for its course, or what of it is changed
    int64_t due                   # NONE: now
    int64_t until                 # parked: until when, NONE: by command
    int64_t place_at              # NONE: that of its arrival
    int64_t in_queue_max
    int64_t ttl
    int64_t preferred_wait
    int64_t expires_after         # of a callback, NONE: it is none
    int32_t length
    int32_t own_plan
    int32_t asks
    int32_t preferred_count
    int32_t preferred[16]
    uint8_t is_made               # by the engine, in place of another contact
    uint8_t runs                  # parked: its clock does
    uint8_t brings                # BroughtPart bits: what is brought; the rest stays
    uint8_t scope
    uint8_t requires

cdef enum:                        # BroughtPart
    BRINGS_PLAN = 1
    BRINGS_LIMITS = 2
    BRINGS_PREFERRED = 4
    BRINGS_WAIT = 8
    BRINGS_SCOPE = 16
    BRINGS_REQUIRES = 32
    BRINGS_ASKS = 64
    BRINGS_CALLBACK = 128

cdef struct Agent:
    Links idle                    # in the first order of its pool
    int32_t pool                  # NONE: can take nothing now
    uint64_t mask                 # bit per kind it can take now
    int64_t idle_since
    int64_t seq
    int64_t last_offer            # seq of the last offer, 0 = never
    int64_t away_since
    int32_t profile
    int32_t policy
    int32_t capacity
    int32_t taken                 # units of legs, pending offers and external load
    int32_t suspended             # legs that are suspended
    int32_t lowest                # least tier of what could give way, see roster.pyx
    int32_t prev_of_profile
    int32_t next_of_profile
    int32_t offers_max
    int32_t pending
    int32_t first_offer           # oldest first
    int32_t last_of_offers
    int32_t first_leg
    int32_t legs
    int32_t first_bar
    int32_t bars
    int32_t handled
    int32_t expiries
    uint8_t presence
    int8_t next_presence          # NONE without
    uint8_t next_pending          # PendingPolicy of the next presence
    uint8_t is_dirty
    uint8_t is_stirred            # changed since the floor came to rest
    uint8_t is_strained           # its offers may fit no more
    uint8_t is_lost               # its lease ran out
    uint8_t presence_before       # being lost
    int64_t lost_at
    int32_t favours               # contacts that wait for it among few
    int32_t timer_lease
    int32_t timer_lost
    int64_t lease                 # NONE without
    int64_t grace

cdef struct Offer:
    int64_t seq
    int64_t made_at
    int32_t contact
    int32_t agent
    int32_t next_of_contact
    int32_t prev_of_agent
    int32_t next_of_agent
    int32_t cost
    int32_t timer
    int32_t next_in_bucket        # of the hash by seq
    uint8_t channel
    uint8_t is_exempt             # made whatever its agent has room for
    uint8_t is_gone               # while it is worked out what would be without it

cdef struct Leg:
    int64_t seq
    int64_t began_at
    int64_t worked_until          # begin of the wrap-up
    int64_t suspended             # number of its suspension
    int32_t contact
    int32_t agent
    int32_t next_of_contact
    int32_t next_of_agent
    int32_t queue                 # the queue it was accepted from
    int32_t cost
    int32_t timer
    uint8_t channel
    uint8_t state
    uint8_t ends_as               # LegEndCode
    uint8_t is_gone               # while it is worked out what would be without it

cdef struct Bar:                  # a pair that is kept apart
    int32_t contact
    int32_t agent
    int32_t prev_of_contact
    int32_t next_of_contact
    int32_t prev_of_agent
    int32_t next_of_agent
    int32_t timer                 # end of the cool-down
    uint8_t why                   # BarWhy bits

cdef struct Timer:
    int64_t deadline
    int32_t prev
    int32_t next
    int32_t target                # slot of the offer, leg or bar
    uint8_t kind
    uint8_t level
    uint8_t cell

cdef struct Wheel:                # hierarchical timing wheel, 9 levels of 64 cells
    int64_t base                  # everything due before has fired
    uint64_t occupied[9]
    int32_t first[9][64]
    int32_t last[9][64]
    int64_t earliest              # exact least deadline where earliest_known
    uint8_t earliest_known

cdef struct Band:                 # one rank of a row of the matrix, as bits and as a list
    int32_t rank
    int32_t count                 # bits set
    int32_t capacity              # of the list
    uint64_t* bits
    int32_t* slots                # of the bits set, in no order

cdef struct Bands:
    int32_t count
    Band* bands                   # by rank, ascending

cdef struct Profile:              # agents that answer every live requirement alike and serve the same queues
    Bands row                     # bits over classes
    int32_t first_pool
    int32_t first_agent           # of all its agents

cdef struct Pool:                 # agents of one profile that can take the same kinds now
    Root roots[ORDERS_MAX]
    uint64_t mask
    int32_t profile
    int32_t next
    int64_t stamp                 # last round of the decision that looked at it

cdef struct Line:                 # see line.pyx
    uint64_t last_hi              # word of the last of the lane
    uint64_t last_lo
    int32_t first
    int32_t lane_first
    int32_t lane_last
    Root strays

cdef struct ContactClass:         # waiting contacts that differ in place only
    Line line
    Bands row                     # bits over profiles
    int64_t* skill_sums           # by profile; NULL where the queue does not select by it
    int64_t* scores               # by profile; NULL likewise
    int32_t queue
    int32_t channel
    int32_t own_cost
    int32_t kind
    int32_t refs                  # live contacts of the class
    int32_t first_stage           # class its contacts enter the queue by
    int32_t next_stage            # class its contacts go to in time, NONE without
    int32_t companion             # class that stands in while offers are out, NONE: itself
    int64_t next_after            # when, from entering the queue
    int64_t tried                 # Floor.tries when no pre-emption was found for it
    uint8_t in_use
    uint8_t is_dirty
    uint8_t preempts              # its queue pre-empts
    uint8_t is_slow               # contacts say by themselves which agents they allow
    uint8_t is_preferring         # contacts wait for their preferred agents

cdef struct Kind:                 # what decides, of a class, whether an agent has room for it
    int32_t channel
    int32_t own_cost
    int32_t queue_cost
    uint8_t needs_slot            # takes a place among the agent's pending offers
    int32_t available_count       # profiles with an agent that can take it
    uint64_t* available           # bit per profile with an agent that can take it
    int64_t* heads                # by profile: idle_since of the agent idle longest
    int64_t* bound                # by 64 profiles: the least of their heads

cdef struct Queue:
    int64_t head_start
    int64_t offer_timeout
    int64_t wrap_up
    int64_t cooldown
    int32_t tier
    int32_t ageing
    int32_t offers_max
    int32_t away_after            # NONE: the channel's
    int32_t cost                  # NONE: the channel's
    int32_t select                # index of Select
    int32_t waiting
    int32_t k                     # offers out at once
    int32_t offers_min
    int64_t overdue_after         # NONE: never
    int64_t guard
    int32_t preempt_from
    int32_t displaced_max
    int32_t displaced_work_max    # NONE: any
    uint8_t preempt
    uint8_t requeues_victim
    uint8_t mode
    uint8_t keeps_place
    uint8_t paused
    uint8_t is_ruled              # has a plan, limits or hours
    uint8_t prefers_anyone        # what contacts with preferred agents do not say themselves
    uint8_t prefers_requires
    uint8_t prefers_away
    uint8_t calls_back            # who abandons is called back
    int32_t prefers_max
    int32_t plan                  # NONE without
    int32_t length_max            # NONE: any
    int32_t attempts_max
    int64_t in_queue_max          # NONE: any
    int64_t ttl
    int64_t preferred_wait
    int64_t retry
    int64_t callback_expires
    Hours hours

cdef struct Channel:
    int32_t cost
    int32_t away_after
    uint64_t interrupts           # bit per channel whose work it may set aside
    uint64_t interrupted_by
    uint8_t suspendable
    uint8_t live
    uint8_t is_callback

cdef struct Policy:               # what an agent takes of each channel
    uint64_t open
    int32_t cost[CHANNELS_MAX]    # NONE: the queue's or channel's
    int32_t max[CHANNELS_MAX]     # NONE: as units allow
    int32_t reserve[CHANNELS_MAX]
    uint8_t has_reserve

cdef struct Select:               # how a queue chooses among agents
    int32_t keys[SELECT_KEYS_MAX]
    uint8_t reversed[SELECT_KEYS_MAX]
    int32_t count
    int32_t order                 # tree that has its agent keys in order, NONE: scan
    int32_t* listed               # by agent: position, or NULL
    int32_t listed_size

cdef struct Record:
    int64_t at
    int64_t a
    int64_t b
    int64_t offer
    int32_t contact
    int32_t agent
    int32_t queue
    int32_t x
    int32_t y
    int32_t rule                  # where a rule is the cause
    uint8_t kind
    uint8_t cause
    uint8_t z

cdef struct Slots:                # a growing list of slots
    int32_t* items
    int32_t count
    int32_t capacity

cdef struct Blocks:               # classes in blocks of 64 of one slope and kind
    int32_t count
    int32_t open_classes          # bits of open
    int32_t capacity
    uint64_t* taken               # slots in use
    uint64_t* open                # waiting contacts, queue not paused
    u128* bound                   # least head word of the block
    int32_t* slope
    uint8_t* kind

cdef struct Tree:                 # how to find the links of a slot, and how slots compare
    Floor* floor
    Store* store
    int32_t offset                # of the Links in a record
    int32_t which                 # handed to before
    bint (*before)(Floor*, int32_t, int32_t, int32_t) noexcept nogil

cdef struct Floor:
    int64_t now
    int64_t idle_grace
    int64_t retain
    int64_t next_contact_seq
    int64_t next_leg_seq
    int64_t offers_made           # seq of the last offer
    int64_t witnessed             # seq of the offer whose decision is watched, 0: of none, see hindsight.pyx
    int64_t round                 # of the decision, for Pool.stamp
    int64_t tallies[5]            # contacts created, closed, abandoned, cancelled, expired
    Store contacts
    Store agents
    Store counts                  # by agent int32[3][channels]: places taken, units taken, units of external load
    Store further                 # Links[orders - 1] by agent
    Store offers
    Store legs
    Store bars
    Store timers
    Store pools
    Tree strays                   # of the lines of classes
    Tree idle[ORDERS_MAX]         # agents of a pool, by order
    Wheel wheel
    Blocks blocks
    ContactClass* classes         # by class slot
    u128* heads                   # by class slot: word of its head
    Profile* profiles
    int32_t profile_count
    int32_t profile_capacity      # multiple of 64
    Kind kinds[KINDS_MAX]
    int32_t kind_count
    Queue* queues
    int32_t queue_count
    Channel channels[CHANNELS_MAX]
    int32_t channel_count
    Policy* policies
    int32_t policy_count
    Select* selects
    int32_t select_count
    int32_t orders[ORDERS_MAX]    # index of the Select that defines each kept order
    int32_t order_count
    int32_t class_count
    int32_t* buckets              # offers by seq
    int32_t bucket_count          # power of two
    Slots dirty_agents
    Slots dirty_classes
    int32_t unattached            # agent just free that stands in no pool yet, NONE without
    Slots scratch                 # agents whose next presence a command may bring on
    Store extras                  # Extra, of the contacts that have any
    Slots stirred                 # agents changed since the floor came to rest
    Slots strained                # agents whose offers may fit no more
    Slots preempting              # classes of queues that pre-empt
    Slots sociable                # classes of queues that want several agents for the first offers
    void* trials                  # room for a Trial of each, see giving.pyx
    int32_t trials_capacity
    Slots loose                   # contacts kept for an agent that did not answer, consults whose parent has ended
    int32_t preempt_waiting       # contacts in lines of classes that pre-empt
    int64_t tries                 # goes up when every fruitless pre-emption must be tried anew
    int64_t next_suspension
    int32_t guard_timer
    int64_t guard_at
    uint64_t interrupted          # bit per channel that some channel interrupts
    uint8_t ranks_first           # order = "rank"
    uint8_t rank_shift            # of the rank in a pair's word
    uint8_t suspends              # some channel interrupts, or some queue pre-empts work
    uint8_t preempts              # some queue pre-empts
    uint8_t is_lively             # what happens to an agent's legs can matter to its offers, or to others
    uint8_t guards                # some queue that pre-empts has a guard
    uint8_t is_alone              # one class changed since the floor was at rest, and no agent
    uint8_t was_passed            # a pair was passed over
    uint8_t is_deferred           # a victim was spared for another contact
    uint8_t kind_bits             # mask of the bits of one kind
    uint64_t checked_mask         # bits of all kinds for which room is worked out pair by pair
    int32_t first_ended           # ended contacts, earliest first
    int32_t last_ended
    Record* records
    int32_t record_count
    int32_t record_capacity
    uint8_t cause
    uint8_t keeps_plan            # the contact that moves goes on with its plans
    uint8_t presences_changed     # since the preferred agents of contacts were looked at
    uint8_t somebody_left         # since who could ever serve was looked at
    uint8_t is_due                # a timer was armed for the present
    uint8_t has_news              # contacts are to be looked at, or agents for their sake
    int32_t rule                  # as in Record
    Store courses                 # Course, of the contacts that have any
    Plan* plans
    int32_t plan_count
    Slots ruled                   # contacts whose plans are to be looked at, in this order
    int32_t ruled_from            # those before are done
    Slots phases                  # contacts that wait for preferred agents
    int64_t* led_keys             # where steps led to before: see plans.pyx
    int32_t* led_classes
    uint8_t led_is_stale          # classes have gone
    uint8_t patches               # a step changes a contact, not a command
    uint8_t waits_for_nobody      # some plan has a step for when nobody is online
    int32_t no_queue              # of contacts put aside without one, NONE: there were none yet
    int (*host)(void*, int, int32_t, int32_t, int32_t) noexcept nogil
    void* host_self
    int32_t fetched_class         # what the host found
    Extra fetched
    int32_t wanted_queue          # what it is asked for
    int32_t wanted_plan
    int32_t wanted_step
    uint32_t wanted_fields
    void* witness                 # who watches
    void (*tell_witness)(Floor*, int32_t, int32_t, int) noexcept nogil

# ---- access ----------------------------------------------------------------------------------------------------

cdef inline bint has_pages(Store* store, int32_t count) noexcept nogil:
    """Say whether the next takes cannot fail: slots are taken lowest first, so they lie below the number in use."""
    return store.count + count <= store.page_count << PAGE_BITS

cdef inline char* item_at(Store* store, int32_t slot) noexcept nogil:
    check(0 <= slot < store.page_count << PAGE_BITS)
    return store.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK) * store.item

cdef inline Contact* contact_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.contacts.page_count << PAGE_BITS)
    return <Contact*>floor.contacts.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Agent* agent_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.agents.page_count << PAGE_BITS)
    return <Agent*>floor.agents.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Offer* offer_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.offers.page_count << PAGE_BITS)
    return <Offer*>floor.offers.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Leg* leg_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.legs.page_count << PAGE_BITS)
    return <Leg*>floor.legs.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Bar* bar_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.bars.page_count << PAGE_BITS)
    return <Bar*>floor.bars.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Timer* timer_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.timers.page_count << PAGE_BITS)
    return <Timer*>floor.timers.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Pool* pool_at(Floor* floor, int32_t slot) noexcept nogil:
    check(0 <= slot < floor.pools.page_count << PAGE_BITS)
    return <Pool*>floor.pools.pages[slot >> PAGE_BITS] + (slot & PAGE_MASK)

cdef inline Extra* extra_at(Floor* floor, int32_t slot) noexcept nogil:
    return <Extra*>item_at(&floor.extras, slot)

cdef inline int32_t* counts_at(Floor* floor, int32_t agent) noexcept nogil:
    return <int32_t*>item_at(&floor.counts, agent)

cdef inline int32_t* units_at(Floor* floor, int32_t agent) noexcept nogil:
    return counts_at(floor, agent) + floor.channel_count

cdef inline int32_t* loads_at(Floor* floor, int32_t agent) noexcept nogil:
    return counts_at(floor, agent) + 2 * floor.channel_count

cdef inline Course* course_at(Floor* floor, int32_t slot) noexcept nogil:
    return <Course*>item_at(&floor.courses, slot)

cdef inline Course* course_of(Floor* floor, Contact* contact) noexcept nogil:
    """Return the course of a contact, NULL without."""
    cdef int32_t at = contact.extra
    if at == NONE:
        return NULL
    at = extra_at(floor, at).course
    return NULL if at == NONE else course_at(floor, at)

cdef inline bint is_over(Contact* contact) noexcept nogil:
    """Say whether a contact has ended."""
    return CONTACT_CLOSED <= contact.state <= CONTACT_CANCELLED or contact.state == CONTACT_EXPIRED

cdef inline bint is_aside(Contact* contact) noexcept nogil:
    """Say whether a contact is parked or scheduled."""
    return contact.state == CONTACT_PARKED or contact.state == CONTACT_SCHEDULED

cdef inline bint waits(Contact* contact) noexcept nogil:
    """Say whether a contact waits for an agent, in line or kept for one."""
    return contact.state == CONTACT_QUEUED or contact.seeks

cdef inline void show(Floor* floor, int32_t contact, int32_t agent, int turn) noexcept nogil:
    """Show the floor to who watches this very offer, as it is just before anything is done for it."""
    if floor.offers_made + 1 == floor.witnessed:
        floor.tell_witness(floor, contact, agent, turn)

cdef inline u128 joined(uint64_t hi, uint64_t lo) noexcept nogil:
    return (<u128>hi << 64) | lo

cdef inline Record* write(Floor* floor, uint8_t kind) noexcept nogil:
    """Append a decision record; STEP_RECORDS of room were reserved."""
    check(floor.record_count < floor.record_capacity)
    cdef Record* record = &floor.records[floor.record_count]
    floor.record_count += 1
    record.kind = kind
    record.cause = floor.cause
    record.rule = floor.rule
    record.at = floor.now
    record.offer = 0
    record.contact = NONE
    record.agent = NONE
    record.queue = NONE
    record.x = 0
    record.y = 0
    record.z = 0
    record.a = 0
    record.b = 0
    return record
