"""Figures as they come: every decision record is folded into counts before it becomes an event, O(1) each.

Where things are counted is said in ``accounts.pyx``; what they mean in ``docs/reference/statistics.md``.

Counting never fails but for want of memory, and decides nothing.
"""

cimport cython
from libc.string cimport memset

from ccroute.core.defs cimport (
    CONTACT_ACTIVE, CONTACT_QUEUED, END_CONNECT_FAILED, END_LOST, END_PREEMPTED, END_REQUEUED, NONE, OFFLINE,
    RECORD_ABANDONED, RECORD_ACCEPTED, RECORD_ACTIVE, RECORD_CALLBACK_DROPPED, RECORD_CANCELLED, RECORD_CHANGED,
    RECORD_CHANNEL, RECORD_ENDED_BY_TIME, RECORD_SCHEDULED,
    RECORD_CLOSED, RECORD_DECLINED, RECORD_EXHAUSTED, RECORD_EXPIRED, RECORD_LEG_ENDED, RECORD_OFFERED,
    RECORD_OVERDUE, RECORD_PARKED, RECORD_QUEUED, RECORD_REQUEUED, RECORD_RESCINDED, RECORD_RESUMED,
    RECORD_SUSPENDED, RECORD_TRANSFERRED, RECORD_WRAP_UP_STARTED, RESCIND_INTERRUPTED, RESCIND_PREEMPTED,
    SUSPEND_PREEMPTED, Contact, Floor, check, contact_at, uint8_t,
)
from ccroute.core.store cimport store_next
from ccroute.engine.accounts cimport (
    ENTRY_ACCEPTED, ENTRY_OFFERED, ENTRY_SUSPENDED, ENTRY_WORKING, ENTRY_WRAPPING, INTERVALS_TOP, IS_CALLBACK,
    IS_CONSULT, NOTE_LONGEST, NOTE_SPANS, NOTE_TAKEN_BACK, TRACK_ENDED, TRACK_FREE, TRACK_INSIDE, Skillset, count, desk_of,
    measure, note, tally_of,
    track_of,
)
from ccroute.engine.tallies cimport (
    N_ABANDONED, N_ACCEPTED, N_ANSWERED_WITHIN, N_CALLBACKS, N_CALLBACKS_DROPPED, N_CALLBACKS_REACHED, N_CANCELLED, N_CHANGED_IN,
    N_CHANGED_OUT, N_CLOSED, N_CONNECT_FAILED, N_CONSULTS, N_CREATED, N_DECLINED, N_EXHAUSTED, N_EXPIRED, N_LEFT_WITHIN,
    N_LOST,
    N_MOVED_IN, N_MOVED_OUT, N_OFFERS, N_OFFERS_EXPIRED, N_OFFERS_INTERRUPTED, N_OFFERS_PREEMPTED, N_OVERDUE,
    N_REQUEUED, N_RESCINDED, N_TRANSFERS_IN, N_TRANSFERS_OUT, N_UNANSWERED, N_UNDONE, N_WORK_INTERRUPTED,
    N_WORK_PREEMPTED, SPAN_ANSWERED, SPAN_HANDLING, SPAN_LEFT, SPAN_WRAP_UP, SPANS, STATES, Account, Cell, Desk,
    count_length, desk_list, raise_to, sketch_list, tally_add, tally_at, tally_list, whole_of,
)

from ccroute.engine.intervals import interval_around

cdef enum:
    LABELS_TOP = 64               # LABELS_MAX of figures.py
    NOT_COUNTED = -1

cdef str OTHER_LABELS = "…"

# Records of a contact that are counted and mean nothing more.
cdef int PLAIN[64]


cdef int read_plain() except -1:
    cdef int kind
    for kind in range(64):
        PLAIN[kind] = NOT_COUNTED
    PLAIN[<int>RECORD_EXHAUSTED] = N_EXHAUSTED
    PLAIN[<int>RECORD_OVERDUE] = N_OVERDUE
    PLAIN[<int>RECORD_REQUEUED] = N_REQUEUED
    return 0


read_plain()


@cython.final
cdef class Statistics(Accounts):
    """The figures of one engine."""

    cdef int fold(self, Record* record) except -1:
        """Take in one record. Agents' presences come by ``note_presence``."""
        cdef int kind = record.kind
        cdef Track* track
        if record.contact == NONE:
            return 0
        track = track_of(self, record.contact)
        if kind == RECORD_QUEUED or kind == RECORD_PARKED or kind == RECORD_SCHEDULED:
            return self.come(track, record)
        if kind == RECORD_OFFERED:
            return self.make_offer(track, record)
        if kind == RECORD_ACCEPTED or kind == RECORD_DECLINED or kind == RECORD_EXPIRED or kind == RECORD_RESCINDED:
            return self.end_offer(track, record)
        if kind == RECORD_ACTIVE:
            return self.begin_leg(track, record)
        if kind == RECORD_WRAP_UP_STARTED or kind == RECORD_SUSPENDED or kind == RECORD_RESUMED:
            return self.move_leg(track, record)
        if kind == RECORD_LEG_ENDED:
            return self.end_leg(track, record)
        if kind == RECORD_CLOSED:
            return self.end(track, record, N_CLOSED)
        if kind == RECORD_ABANDONED:
            return self.end(track, record, N_ABANDONED)
        if kind == RECORD_CANCELLED:
            return self.end(track, record, N_CANCELLED)
        if kind == RECORD_ENDED_BY_TIME:
            return self.end(track, record, N_EXPIRED)
        if kind == RECORD_TRANSFERRED:
            return self.transfer(track, record)
        if kind == RECORD_CHANGED:
            self.move(track, record.queue, contact_at(&self.acd.floor, record.contact).channel, record.at)
            track.skills = self.skills_for(record.contact, record.queue)
        elif kind == RECORD_CHANNEL:
            self.move(track, self.cells[track.cell].queue, record.y, record.at)
        elif kind == RECORD_CALLBACK_DROPPED:
            count(self, N_CALLBACKS_DROPPED, track.first_cell, track.first_skills, record.at)
        elif PLAIN[kind] != NOT_COUNTED:
            count(self, PLAIN[kind], track.cell, track.skills, record.at)
        return 0

    # ---- contacts --------------------------------------------------------------------------------------------------

    cdef int come(self, Track* track, Record* record) except -1:
        """A contact enters a queue, or the park: a new one, or one that was elsewhere."""
        if track.state == TRACK_INSIDE:
            self.move(track, record.queue, self.cells[track.cell].channel, record.at)
            track.skills = self.skills_for(record.contact, record.queue)
            return 0
        memset(track, 0, sizeof(Track))
        track.first = NONE
        track.cell = self.cell_for(record.queue, contact_at(&self.acd.floor, record.contact).channel)
        track.first_cell = track.cell
        track.skills = self.skills_for(record.contact, record.queue)
        track.first_skills = track.skills
        track.state = TRACK_INSIDE
        count(self, N_CREATED, track.cell, track.skills, record.at)
        if self.is_consulting:
            self.is_consulting = False
            track.is_kind |= IS_CONSULT
            count(self, N_CONSULTS, track.cell, track.skills, record.at)
        if self.cells[track.cell].channel == self.callback:
            track.is_kind |= IS_CALLBACK
            count(self, N_CALLBACKS, track.cell, track.skills, record.at)
        return 0

    cdef int move(self, Track* track, int32_t queue, int32_t channel, int64_t now) except -1:
        """Have a contact be in a queue and on a channel; first it goes to the queue, then over to the channel."""
        cdef Cell* cell = self.cells[track.cell]
        if cell.queue != queue:
            tally_of(self, track.cell, now).n[N_MOVED_OUT] += 1
            track.cell = self.cell_for(queue, cell.channel)
            tally_of(self, track.cell, now).n[N_MOVED_IN] += 1
            cell = self.cells[track.cell]
        if cell.channel != channel:
            tally_of(self, track.cell, now).n[N_CHANGED_OUT] += 1
            track.cell = self.cell_for(queue, channel)
            tally_of(self, track.cell, now).n[N_CHANGED_IN] += 1
        return 0

    cdef int transfer(self, Track* track, Record* record) except -1:
        """An agent gives a contact away: to a queue, which it enters at once, to an agent, or to a queue for an agent."""
        count(self, N_TRANSFERS_OUT, track.cell, track.skills, record.at)
        note(self, record.agent, N_TRANSFERS_OUT, 1)
        if record.queue != NONE:
            self.move(track, record.queue, self.cells[track.cell].channel, record.at)
            track.skills = self.skills_for(record.contact, record.queue)
        if record.y != NONE:
            note(self, record.y, N_TRANSFERS_IN, 1)
        return count(self, N_TRANSFERS_IN, track.cell, track.skills, record.at)

    cdef int end(self, Track* track, Record* record, int how) except -1:
        """A contact is over. One whose customer left unanswered is judged now."""
        cdef int64_t now = record.at
        check(track.state == TRACK_INSIDE)
        track.state = TRACK_ENDED
        count(self, how, track.cell, track.first_skills, now)
        if track.is_kind & IS_CALLBACK and how == N_CLOSED and track.accepts:
            count(self, N_CALLBACKS_REACHED, track.first_cell, track.first_skills, now)
        if track.is_kind & IS_CONSULT or track.accepts:
            return 0
        if how != N_ABANDONED:
            return count(self, N_UNANSWERED, track.first_cell, track.first_skills, now)
        if record.a <= self.within[self.cells[track.first_cell].queue]:
            count(self, N_LEFT_WITHIN, track.first_cell, track.first_skills, now)
        return measure(self, SPAN_LEFT, record.a, track.first_cell, track.first_skills, now, True)

    # ---- offers ----------------------------------------------------------------------------------------------------

    cdef int make_offer(self, Track* track, Record* record) except -1:
        cdef int32_t slot = self.take_entry()
        cdef Entry* entry = &self.entries[slot]
        memset(entry, 0, sizeof(Entry))
        entry.offer = record.offer
        entry.agent = record.agent
        entry.contact = record.contact
        entry.cell = track.cell
        entry.skills = track.skills
        entry.state = ENTRY_OFFERED
        entry.next = track.first
        track.first = slot
        # Of the agent it is counted when it ends, to which those that are out are added when somebody asks.
        return count(self, N_OFFERS, track.cell, track.skills, record.at)

    cdef int end_offer(self, Track* track, Record* record) except -1:
        """An offer is over; one that was accepted is about to be a leg."""
        cdef int32_t* link = self.link_to(track, record.offer, NONE)
        cdef Entry entry = self.entries[link[0]]
        cdef int what = N_RESCINDED
        if record.kind == RECORD_ACCEPTED:
            self.entries[link[0]].state = ENTRY_ACCEPTED
            what = N_ACCEPTED
        else:
            self.drop_entry(link)
            if record.kind == RECORD_DECLINED:
                what = N_DECLINED
            elif record.kind == RECORD_EXPIRED:
                what = N_OFFERS_EXPIRED
            elif record.x == RESCIND_PREEMPTED:
                self.count_with(N_OFFERS_PREEMPTED, &entry, record.at)
            elif record.x == RESCIND_INTERRUPTED:
                self.count_with(N_OFFERS_INTERRUPTED, &entry, record.at)
        return self.count_with(what, &entry, record.at)

    cdef int count_with(self, int what, Entry* entry, int64_t now) except -1:
        """Count one more where an offer or leg belongs, its agent included."""
        note(self, entry.agent, what, 1)
        return count(self, what, entry.cell, entry.skills, now)

    # ---- legs ------------------------------------------------------------------------------------------------------

    cdef int begin_leg(self, Track* track, Record* record) except -1:
        """An agent is at work on a contact; the first accept that stands is its answer."""
        cdef Entry* entry = &self.entries[self.link_to(track, record.offer, NONE)[0]]
        cdef Desk* desk = desk_of(self, record.agent)
        entry.began_at = record.at
        entry.state = ENTRY_WORKING
        desk.working += 1
        self.stand(desk, record.at)
        track.accepts += 1
        if track.accepts > 1 or track.is_kind & IS_CONSULT:
            return 0
        track.answered_at = record.at
        track.answered_wait = record.a
        track.answered_by = record.agent
        track.is_within = record.a <= self.within[self.cells[track.first_cell].queue]
        if track.is_within:
            count(self, N_ANSWERED_WITHIN, track.first_cell, track.first_skills, record.at)
            note(self, record.agent, N_ANSWERED_WITHIN, 1)
        note(self, record.agent, NOTE_SPANS + SPAN_ANSWERED, record.a)
        # The longest is told apart until nothing can undo the accept.
        return measure(self, SPAN_ANSWERED, record.a, track.first_cell, track.first_skills, record.at, False)

    cdef int confirm(self, Track* track) except -1:
        """Nothing can undo the answer of a contact any more."""
        cdef Skillset* named = &self.sets[track.first_skills]
        cdef int32_t at
        if track.is_confirmed or track.is_kind & IS_CONSULT or track.accepts == 0:
            return 0
        track.is_confirmed = 1
        raise_to(
            &tally_at(self.cells[track.first_cell], track.answered_at).maxima[<int>SPAN_ANSWERED], track.answered_wait
        )
        for at in range(named.count):
            raise_to(&self.skills[named.skills[at]].tally.maxima[<int>SPAN_ANSWERED], track.answered_wait)
        return note(self, track.answered_by, NOTE_LONGEST, track.answered_wait)

    cdef int move_leg(self, Track* track, Record* record) except -1:
        """A leg begins its wrap-up, gives way, or goes on."""
        cdef Entry* entry = &self.entries[self.link_to(track, 0, record.agent)[0]]
        cdef Desk* desk = desk_of(self, record.agent)
        if record.kind == RECORD_RESUMED:
            # Off hold it worked before, as far as figures go.
            desk.working += entry.state == ENTRY_SUSPENDED
            entry.state = ENTRY_WORKING
        else:
            desk.working -= entry.state == ENTRY_WORKING
            if record.kind == RECORD_SUSPENDED:
                entry.state = ENTRY_SUSPENDED
                self.count_with(
                    N_WORK_PREEMPTED if record.x == SUSPEND_PREEMPTED else N_WORK_INTERRUPTED, entry, record.at
                )
            else:
                entry.state = ENTRY_WRAPPING
                entry.worked_until = record.at
                desk.wrapping += 1
                self.confirm(track)
        return self.stand(desk, record.at)

    cdef int end_leg(self, Track* track, Record* record) except -1:
        """A leg is over: what it took is measured, unless its connection failed."""
        cdef int32_t* link = self.link_to(track, 0, record.agent)
        cdef Entry entry = self.entries[link[0]]
        cdef Desk* desk = desk_of(self, record.agent)
        cdef int64_t wrapped
        self.drop_entry(link)
        desk.working -= entry.state == ENTRY_WORKING
        desk.wrapping -= entry.state == ENTRY_WRAPPING
        self.stand(desk, record.at)
        if record.x == END_CONNECT_FAILED:
            return self.undo(track, &entry, record.at)
        self.confirm(track)
        measure(self, SPAN_HANDLING, record.b, entry.cell, entry.skills, record.at, True)
        note(self, record.agent, NOTE_SPANS + SPAN_HANDLING, record.b)
        if entry.state == ENTRY_WRAPPING:
            wrapped = record.at - entry.worked_until
            measure(self, SPAN_WRAP_UP, wrapped, entry.cell, entry.skills, record.at, True)
            note(self, record.agent, NOTE_SPANS + SPAN_WRAP_UP, wrapped)
        if record.x == END_PREEMPTED:
            return self.count_with(N_WORK_PREEMPTED, &entry, record.at)
        if record.x == END_LOST:
            return self.count_with(N_LOST, &entry, record.at)
        if record.x == END_REQUEUED:
            # Of the contact that is an event of its own.
            note(self, record.agent, N_REQUEUED, 1)
        return 0

    cdef int undo(self, Track* track, Entry* entry, int64_t now) except -1:
        """The connection of a leg never stood: neither the leg nor, without another accept, the answer counts."""
        cdef Skillset* named = &self.sets[entry.skills]
        cdef int32_t at
        tally_at(self.cells[entry.cell], entry.began_at).n[N_UNDONE] += 1
        for at in range(named.count):
            self.skills[named.skills[at]].tally.n[N_UNDONE] += 1
        note(self, entry.agent, N_UNDONE, 1)
        self.count_with(N_CONNECT_FAILED, entry, now)
        track.accepts -= 1
        if track.accepts or track.is_kind & IS_CONSULT:
            return 0
        named = &self.sets[track.first_skills]
        self.unmeasure(
            tally_at(self.cells[track.first_cell], track.answered_at),
            &self.cells[track.first_cell].older.sketches[<int>SPAN_ANSWERED], track,
        )
        for at in range(named.count):
            self.unmeasure(
                &self.skills[named.skills[at]].tally, &self.skills[named.skills[at]].sketches[<int>SPAN_ANSWERED], track
            )
        note(self, track.answered_by, N_ANSWERED_WITHIN, -<int64_t>track.is_within)
        return note(self, track.answered_by, NOTE_TAKEN_BACK, track.answered_wait)

    cdef int unmeasure(self, Tally* tally, Sketch* sketch, Track* track) except -1:
        """Take the answer of a contact out of a tally and a sketch."""
        tally.n[N_ANSWERED_WITHIN] -= track.is_within
        tally.spans[<int>SPAN_ANSWERED] -= 1
        tally.sums[<int>SPAN_ANSWERED] -= track.answered_wait
        return count_length(sketch, track.answered_wait, -1)

    # ---- agents ----------------------------------------------------------------------------------------------------

    cdef int note_presence(self, Record* record, object label) except -1:
        """Take in a presence; ``label`` is that of the one before. Presences count from the first sign-in on."""
        cdef Desk* desk = desk_of(self, record.agent)
        cdef int64_t length
        if desk.presence_since == NONE:
            if record.x == OFFLINE:
                return 0
        else:
            length = record.at - desk.presence_since
            times = self.presences.setdefault(record.agent, {})
            key = (record.y, label)
            if length and key not in times and len(times) >= LABELS_TOP:
                key = (record.y, OTHER_LABELS)
            if length:
                times[key] = times.get(key, 0) + length
        desk.presence_since = record.at
        desk.presence = <uint8_t>record.x
        return self.stand(desk, record.at)

    # ---- for those who ask -----------------------------------------------------------------------------------------

    def cells_of(self, int queue, int channel, bint series) -> list:
        """Return (cell, queue, channel, tally, sketches, intervals) of the cells of a queue and a channel, -1 for any.

        The tally is that of all time; intervals are (begin, end, tally), none without ``series``.
        """
        cdef int32_t at, row
        cdef Cell* cell
        cdef Tally total
        cdef list found = []
        for at in range(self.cell_count):
            cell = self.cells[at]
            if (queue == NONE or cell.queue == queue) and (channel == NONE or cell.channel == channel):
                total = cell.older.tally
                for row in range(cell.row_count):
                    tally_add(&total, &cell.rows[row].tally)
                rows = [
                    (cell.rows[row].starts_at, cell.rows[row].ends_at, tally_list(&cell.rows[row].tally))
                    for row in range(cell.row_count if series else 0)
                ]
                found.append((at, cell.queue, cell.channel, tally_list(&total), sketches_of(&cell.older), rows))
        return found

    def of_skill(self, int slot) -> tuple:
        """Return (tally, sketches) of a skill."""
        return tally_list(&self.skills[slot].tally), sketches_of(self.skills[slot])

    def of_agent(self, int slot) -> tuple | None:
        """Return (tally, sketch of handling, times by state, state, since when, presence, since when) of an agent.

        None where nothing ever happened to it; -1 for moments of one that never signed in.
        """
        cdef Desk* desk
        cdef int at
        # What is noted may be the first of an agent.
        self.book()
        desk = NULL if slot >= self.desk_capacity else self.desks[slot]
        if desk == NULL:
            return None
        times = [desk.times[at] for at in range(STATES)]
        return (
            desk_list(desk), sketch_list(&desk.handling), times, desk.state, desk.since, desk.presence,
            desk.presence_since,
        )

    def state_of(self, int slot) -> int:
        """Return the state of an agent, as a place in ``times``."""
        return 0 if slot >= self.desk_capacity or self.desks[slot] == NULL else self.desks[slot].state

    def unconfirmed(self) -> list:
        """Return (cell, answered at, skills, agent, wait) of the answers that can still be undone. O(offers and legs)."""
        cdef int32_t at, skill
        cdef Track* track
        cdef Skillset* named
        cdef list found = []
        for at in range(self.entry_capacity):
            if self.entries[at].state == ENTRY_WORKING or self.entries[at].state == ENTRY_SUSPENDED:
                track = track_of(self, self.entries[at].contact)
                if track.accepts and not track.is_confirmed and not (track.is_kind & IS_CONSULT):
                    named = &self.sets[track.first_skills]
                    skills = [named.skills[skill] for skill in range(named.count)]
                    found.append(
                        (track.first_cell, track.answered_at, skills, track.answered_by, track.answered_wait)
                    )
        return found

    def pending(self) -> dict:
        """Return how many offers are out by agent slot. O(offers and legs)."""
        cdef int32_t at
        cdef dict found = {}
        for at in range(self.entry_capacity):
            if self.entries[at].state == ENTRY_OFFERED:
                found[self.entries[at].agent] = found.get(self.entries[at].agent, 0) + 1
        return found

    def standing(self) -> tuple:
        """Return what is inside now: by cell and by skill slot [waiting, longest wait, active, parked, offers out].

        O(contacts).
        """
        cdef Floor* floor = &self.acd.floor
        cdef int32_t slot = store_next(&floor.contacts, 0)
        cdef int32_t at, skill
        cdef Contact* contact
        cdef Track* track
        cdef list cells = [[0, 0, 0, 0, 0] for _ in range(self.cell_count)]
        cdef list skills = [[0, 0, 0, 0, 0] for _ in self.skill_ids]
        while slot != NONE:
            contact = contact_at(floor, slot)
            track = track_of(self, slot)
            at = track.first
            while at != NONE and track.state != TRACK_FREE:
                if self.entries[at].state == ENTRY_OFFERED:
                    cells[self.entries[at].cell][4] += 1
                    for skill in range(self.sets[self.entries[at].skills].count):
                        skills[self.sets[self.entries[at].skills].skills[skill]][4] += 1
                at = self.entries[at].next
            if track.state == TRACK_INSIDE:
                add_standing(cells[track.cell], floor, contact)
                for skill in range(self.sets[track.first_skills].count):
                    add_standing(skills[self.sets[track.first_skills].skills[skill]], floor, contact)
            slot = store_next(&floor.contacts, slot + 1)
        return cells, skills

    def agents_now(self, int64_t now) -> tuple:
        """Return, by state, how many agents that ever signed in or worked are in it, and the time of all of them."""
        cdef int state
        return (
            [self.in_state[state] for state in range(STATES)],
            [whole_of(self.area(state, now)) for state in range(STATES)],
        )

    def shifts_until(self, int64_t now) -> list:
        """Return (begin, end, times by state) of the intervals kept, the present one up to a moment included."""
        cdef int at, state
        cdef int64_t starts_at, ends_at
        cdef list found = []
        for at in range(self.shift_count):
            times = [whole_of(self.shifts[at].times[state]) for state in range(STATES)]
            found.append((self.shifts[at].starts_at, self.shifts[at].ends_at, times))
        if self.shift_ends_at == NONE:
            return found
        starts_at, ends_at = self.shift_starts_at, self.shift_ends_at
        before = [whole_of(self.areas_before[state]) for state in range(STATES)]
        if now - ends_at > (INTERVALS_TOP + 1) * self.interval:
            found = []
            starts_at, ends_at = interval_around((), self.interval, now - INTERVALS_TOP * self.interval)
            before = [whole_of(self.area(state, starts_at)) for state in range(STATES)]
        while True:
            until = [whole_of(self.area(state, min(ends_at, now))) for state in range(STATES)]
            found.append((starts_at, ends_at, [one - other for one, other in zip(until, before)]))
            if ends_at > now:
                return found[-INTERVALS_TOP:]
            starts_at, ends_at, before = ends_at, interval_around((), self.interval, ends_at)[1], until

    @property
    def interval_us(self) -> int:
        """Length of an interval."""
        return self.interval


cdef list sketches_of(Account* account):
    """Return the sketches of an account by span."""
    cdef int span
    return [sketch_list(&account.sketches[span]) for span in range(SPANS)]


cdef int add_standing(list standing, Floor* floor, Contact* contact) except -1:
    if contact.state == CONTACT_QUEUED:
        standing[0] += 1
        standing[1] = max(standing[1], floor.now - contact.waited)
    else:
        standing[2 if contact.state == CONTACT_ACTIVE else 3] += 1
    return 0
