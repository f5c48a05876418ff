// The supervisor's board: queues, who waits and why, who works on what, and stepping in.
import { keepConnected, learnTime, post } from "/static/api.js";
import { Bar, Door, Icon, clock, html, nameOf, render, titled, useEffect, useRef, useState, useNow, useToasts } from "/static/parts.js";
import { Assign, StoryView, Why } from "/static/supervisor-dialogs.js";
import { Picture, useSeries } from "/static/supervisor-picture.js";

const LONG_WAIT_US = 120_000_000;
const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`);
const span = (span_us) => (span_us === null || span_us === undefined ? "–" : clock(span_us));

function useBoard({ onSignedOut, onForbidden }) {
  const [board, setBoard] = useState(null);
  const [link, setLink] = useState("connecting");
  useEffect(() => {
    const connection = keepConnected("/api/supervisor/socket", {
      onState: (now) => (now === "signed-out" ? onSignedOut() : now === "forbidden" ? onForbidden() : setLink(now)),
      onMessage: (frame) => {
        learnTime(frame.at_us);
        if (frame.type === "board") setBoard(frame);
      },
    });
    return () => connection.close();
  }, []);
  return [board, link];
}

function Figure({ label, value, beside = null, tone = "" }) {
  return html`<div class=${`figure ${tone}`}><dt>${label}</dt><dd>${value}${beside && html` <small>${beside}</small>`}</dd></div>`;
}

/** The longest wait now, of a queue or of all: as long as somebody waits, it grows from one board to the next. */
function longestWait(board, now, queueId = null) {
  const since = board.waiting.filter((contact) => queueId === null || contact.queue_id === queueId).map((contact) => contact.in_queue_at_us);
  return since.length ? now - Math.min(...since) : null;
}

function Figures({ board, now }) {
  const { totals, queues } = board;
  const longest = longestWait(board, now);
  const answered = queues.reduce((sum, queue) => sum + queue.answered, 0);
  const within = queues.reduce((sum, queue) => sum + queue.answered * (queue.service_level ?? 0), 0);
  return html`<dl class="figures" aria-label="Now">
    <${Figure} label="Waiting" value=${totals.waiting} tone=${totals.waiting > 0 ? "on" : ""} />
    <${Figure} label="Longest wait" value=${span(longest)} tone=${longest > LONG_WAIT_US ? "bad" : ""} />
    <${Figure} label="In conversation" value=${totals.active} />
    <${Figure} label="Agents available" value=${totals.available} beside=${`${totals.away} away, ${totals.offline} offline`} />
    <${Figure} label="Answered in time" value=${answered ? percent(within / answered) : "–"} beside=${`of ${answered}`} />
    <${Figure} label="Gave up" value=${totals.abandoned} /></dl>`;
}

function Queues({ board, now, act }) {
  return html`<section class="panel"><header><h2>Queues</h2></header><div class="scroll" tabindex="0" role="region" aria-label="Queues"><table>
    <thead><tr><th scope="col">Queue</th><th scope="col" class="number">Waiting</th><th scope="col" class="number">Longest</th><th scope="col" class="number">Active</th>
      <th scope="col" class="number">Mean wait</th><th scope="col" class="number">In time</th><th scope="col" class="number">Gave up</th><th><span class="unseen">Actions</span></th></tr></thead>
    <tbody>${board.queues.map((queue) => {
      const wait = longestWait(board, now, queue.queue_id);
      const isBehind = queue.service_level !== null && queue.answered > 0 && queue.service_level < queue.target;
      return html`<tr key=${queue.queue_id} data-queue=${queue.queue_id}><th scope="row">${titled(queue.queue_id)}${queue.paused && html`<span class="badge warn">paused</span>`}</th>
        <td class="number"><b>${queue.waiting}</b></td><td class=${`number${wait > LONG_WAIT_US ? " late" : ""}`}>${span(wait)}</td><td class="number">${queue.active}</td>
        <td class="number">${span(queue.mean_wait_us)}</td>
        <td class="number">${queue.answered > 0 ? html`<span class=${`badge ${isBehind ? "bad" : "good"}`} title=${`target ${percent(queue.target)}`}>${percent(queue.service_level)}</span>` : "–"}</td>
        <td class="number">${queue.abandoned}</td>
        <td class="actions"><button class="button small" type="button" onClick=${() => act(`queues/${encodeURIComponent(queue.queue_id)}/${queue.paused ? "open" : "pause"}`)}>
          ${queue.paused ? "Open" : "Pause"}<span class="unseen"> ${titled(queue.queue_id)}</span></button></td></tr>`;
    })}</tbody></table></div></section>`;
}

function Waiting({ board, now, show, act, me }) {
  return html`<section class="panel"><header><h2>Waiting</h2><span class="badge">${board.totals.waiting}</span></header>
    ${board.waiting.length === 0 ? html`<p class="empty">Nobody waits.</p>` : html`<div class="scroll long" tabindex="0" role="region" aria-label="Waiting"><table>
    <thead><tr><th scope="col">Customer</th><th scope="col">Queue</th><th scope="col" class="number">Wait</th><th scope="col">Offered to</th><th><span class="unseen">Actions</span></th></tr></thead>
    <tbody>${board.waiting.map((contact) => {
      const wait = contact.in_queue_at_us ? now - contact.in_queue_at_us : contact.waited_us;
      return html`<tr key=${contact.contact_id} data-contact=${contact.contact_id}><th scope="row">${nameOf(contact)}${contact.tier > 0 && html`<span class="badge vip"><${Icon} name="bolt" />VIP</span>`}</th>
      <td>${titled(contact.queue_id)}</td><td class=${`number${wait > LONG_WAIT_US ? " late" : ""}`}>${span(wait)}</td>
      <td class="soft">${contact.offered_to.map(titled).join(", ")}</td>
      <td class="actions"><button class="button small" type="button" onClick=${() => show("why", contact)}>Why?<span class="unseen"> Why does ${nameOf(contact)} wait?</span></button>
        <button class="button small" type="button" onClick=${() => show("assign", contact)}>Give to …<span class="unseen"> ${nameOf(contact)}</span></button>
        ${me.user.agent_id && html`<button class="button small" type="button" onClick=${() => act(`contacts/${encodeURIComponent(contact.contact_id)}/take-over`, { agents: [] })}>Take<span class="unseen"> ${nameOf(contact)}</span></button>`}</td></tr>`;
    })}</tbody></table></div>`}</section>`;
}

// Since when somebody has been with a contact: the agents' chats tell.
function beganAt(board, contactId) {
  const began = board.agents.flatMap((agent) => agent.chats).filter((chat) => chat.contact_id === contactId).map((chat) => chat.began_at_us);
  return began.length ? Math.min(...began) : null;
}

function Active({ board, now, show, act, me }) {
  return html`<section class="panel"><header><h2>In conversation</h2><span class="badge">${board.totals.active}</span></header>
    ${board.active.length === 0 ? html`<p class="empty">No conversations.</p>` : html`<div class="scroll long" tabindex="0" role="region" aria-label="In conversation"><table>
    <thead><tr><th scope="col">Customer</th><th scope="col">Queue</th><th scope="col">With</th><th scope="col" class="number">For</th><th><span class="unseen">Actions</span></th></tr></thead>
    <tbody>${board.active.map((contact) => html`<tr key=${contact.contact_id} data-contact=${contact.contact_id}>
      <th scope="row">${nameOf(contact)}${contact.tier > 0 && html`<span class="badge vip"><${Icon} name="bolt" />VIP</span>`}</th><td>${titled(contact.queue_id)}</td>
      <td>${contact.agents.map(titled).join(", ")}</td><td class="number">${span(now - (beganAt(board, contact.contact_id) ?? now))}</td>
      <td class="actions"><button class="button small" type="button" onClick=${() => show("story", contact)}>Read<span class="unseen"> what ${nameOf(contact)} says</span></button>
        ${me.user.agent_id && !contact.agents.includes(me.user.agent_id) && html`<button class="button small" type="button"
          onClick=${() => act(`contacts/${encodeURIComponent(contact.contact_id)}/take-over`, { agents: contact.agents })}>Take over<span class="unseen"> ${nameOf(contact)}</span></button>`}</td></tr>`)}</tbody></table></div>`}</section>`;
}

const ORDER = { available: 0, away: 1, offline: 2 };

function Agents({ board, now, act }) {
  const agents = [...board.agents].sort((a, b) => ORDER[a.presence] - ORDER[b.presence] || a.shown_name.localeCompare(b.shown_name));
  return html`<section class="panel"><header><h2>Agents</h2></header><ul class="agents">${agents.map((agent) => {
    const share = agent.capacity ? Math.min(1, agent.taken / agent.capacity) : 0;
    const doing = agent.offers.length ? "is offered a chat" : agent.chats.length ? `${agent.chats.length} ${agent.chats.length === 1 ? "chat" : "chats"}`
      : agent.presence === "available" && agent.idle_since_us ? `free for ${clock(now - agent.idle_since_us)}` : (agent.label ?? agent.presence);
    return html`<li key=${agent.agent_id} data-agent=${agent.agent_id}><span class=${`dot ${agent.presence}`} title=${agent.presence}></span>
      <div class="grow"><b class="cut">${agent.shown_name}</b><div class="small soft cut">${doing}</div></div>
      <span class=${`meter${share === 1 ? " full" : ""}`} role="img" aria-label=${`${agent.taken} of ${agent.capacity} taken`} title=${`${agent.taken} of ${agent.capacity} taken`}>
        <i style=${{ width: `${share * 100}%` }}></i></span>
      <select aria-label=${`Presence of ${agent.shown_name}`} value=${agent.presence}
        onChange=${(event) => act(`agents/${encodeURIComponent(agent.agent_id)}/presence`, { presence: event.target.value, label: null })}>
        <option value="available">Available</option><option value="away">Away</option><option value="offline">Offline</option></select></li>`;
  })}</ul></section>`;
}

function Server({ server, at_us }) {
  const troubles = Object.entries(server.channels ?? {}).filter(([, state]) => state !== "up");
  return html`<footer class="server small soft">${server.draining && html`<span class="badge warn">draining</span>`}
    ${troubles.map(([channel, state]) => html`<span class="badge bad">${channel} ${state}</span>`)}
    <span>journal ${server.journal_seq ?? "–"}</span><span>last commit ${server.last_commit_us === null ? "–" : `${(server.last_commit_us / 1000).toFixed(1)} ms`}</span>
    <span>as of ${new Date(at_us / 1000).toLocaleTimeString()}</span></footer>`;
}

function Board({ me, onSignedOut, onForbidden }) {
  const [tell, toasts] = useToasts();
  const [board, link] = useBoard({ onSignedOut, onForbidden });
  const series = useSeries(board);
  const [shown, setShown] = useState(null);
  const now = useNow();
  // The same again is not asked for until the answer is there: Enter twice is no refusal.
  const busy = useRef(new Set());
  const act = async (path, body) => {
    if (busy.current.has(path)) return false;
    busy.current.add(path);
    try {
      await post(`/api/supervisor/${path}`, body);
      return true;
    } catch (refusal) {
      tell(refusal.message);
      return false;
    } finally {
      busy.current.delete(path);
    }
  };
  if (board === null) return html`<main class="empty"><p>${link === "down" ? "The server cannot be reached; trying again …" : "One moment …"}</p></main>`;
  const show = (kind, contact) => setShown({ kind, contact });
  const close = () => setShown(null);
  const parts = { board, now, act, show, me };
  return html`<${Bar} me=${me} page="supervisor" onSignedOut=${onSignedOut} tell=${tell}><span class="grow"></span><//>
    ${link === "down" && html`<p class="line-down" role="alert">The connection is lost; what stands here is from ${new Date(board.at_us / 1000).toLocaleTimeString()}.</p>`}
    <main class="board"><h1 class="unseen">Board</h1>
      <${Figures} ...${parts} />
      <div class="board-left"><${Queues} ...${parts} /><${Waiting} ...${parts} /><${Active} ...${parts} /></div>
      <div class="board-right"><${Picture} series=${series} /><${Agents} ...${parts} /></div>
      <${Server} server=${board.server} at_us=${board.at_us} /></main>
    ${shown?.kind === "why" && html`<${Why} contact=${shown.contact} onClose=${close} />`}
    ${shown?.kind === "assign" && html`<${Assign} contact=${shown.contact} agents=${board.agents} act=${act} onClose=${close} />`}
    ${shown?.kind === "story" && html`<${StoryView} contact=${shown.contact} onClose=${close} />`}
    ${toasts}`;
}

render(html`<${Door} title="Sign in to the board" allows=${(user) => user.role === "supervisor" || user.role === "admin"} Inside=${Board} />`,
  document.getElementById("page"));
