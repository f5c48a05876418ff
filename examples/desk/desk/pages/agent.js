// The agent's desk: offers, several chats side by side, who the customer is, and what to do with a chat.
import { get, keepConnected, learnTime, post } from "/static/api.js";
import { OfferStack } from "/static/agent-offers.js";
import { CardPanel } from "/static/agent-card.js";
import { ChatPanel } from "/static/agent-chat.js";
import { Bar, Dialog, Door, html, nameOf, render, titled, useEffect, useLayoutEffect, useReducer, useRef, useState, useToasts } from "/static/parts.js";
import { WebChat, entriesOf } from "/static/webchat.js";

const PRESENCES = [
  ["available", null, "Available"],
  ["away", "Break", "Break"],
  ["away", "Lunch", "Lunch"],
  ["away", "Meeting", "Meeting"],
  ["away", null, "Away"],
  ["offline", null, "Offline"],
];

const SHOWN_MS = 1_000;

/** The socket of the desk: its last state, and whether it is connected. */
function useDesk({ onSignedOut, onForbidden, onNotice }) {
  const [state, setState] = useState(null);
  const [link, setLink] = useState("connecting");
  useEffect(() => {
    const connection = keepConnected("/api/agent/socket", {
      heartbeat_ms: 2_000,
      onState: (now) => (now === "signed-out" ? onSignedOut() : now === "forbidden" ? onForbidden() : setLink(now)),
      onMessage: (frame) => {
        learnTime(frame.at_us);
        if (frame.type === "state") setState(frame);
        else if (frame.type === "notice") onNotice(frame);
      },
    });
    return () => connection.close();
  }, []);
  return [state, link];
}

/** The socket of what is said. */
function useWebChat() {
  const [, changed] = useReducer((count) => count + 1, 0);
  const kept = useRef(null);
  kept.current ??= new WebChat({ path: "/api/agent/chat", role: "agent", changed });
  useEffect(() => {
    kept.current.open();
    return () => kept.current.close();
  }, []);
  return kept.current;
}

function Presence({ agent, tell }) {
  const chosen = PRESENCES.findIndex(([presence, label]) => presence === agent.presence && (presence !== "away" || label === agent.label));
  const index = chosen < 0 ? PRESENCES.findIndex(([presence, label]) => presence === agent.presence && !label) : chosen;
  // What is chosen is shown, and told one after the other: the keys go through all of them faster than the server answers.
  const [wanted, setWanted] = useState(null);
  const line = useRef({ next: null, isTelling: false, shown: null });
  const change = async (event) => {
    const { value } = event.target;
    clearTimeout(line.current.shown);
    setWanted(value);
    line.current.next = value;
    if (line.current.isTelling) return;
    line.current.isTelling = true;
    while (line.current.next !== null) {
      const [when, place] = line.current.next.split(":");
      const [presence, label] = PRESENCES[place];
      line.current.next = null;
      try {
        await post("/api/agent/presence", { presence, label, when_done: when === "done" });
      } catch (refusal) {
        tell(refusal.message);
      }
    }
    line.current.isTelling = false;
    // Until the socket, too, has told it.
    line.current.shown = setTimeout(() => setWanted(null), SHOWN_MS);
  };
  return html`<label class="presence"><span class=${`dot ${agent.presence}`}></span><span class="unseen">Presence</span>
    <select value=${wanted ?? `now:${index}`} onChange=${change}>
      <optgroup label="Now">${PRESENCES.map(([, , shown], place) => html`<option value=${`now:${place}`}>${shown}</option>`)}</optgroup>
      <optgroup label="When my chats are over">${PRESENCES.slice(1).map(([, , shown], place) =>
        html`<option value=${`done:${place + 1}`}>${shown} when done</option>`)}</optgroup></select>
    ${agent.next_presence && html`<span class="badge warn">then ${typeof agent.next_presence === "string" ? agent.next_presence : agent.next_presence.presence}</span>`}</label>`;
}

function Rail({ chats, webchat, me, focus, onFocus }) {
  return html`<nav class="rail panel" aria-label="My chats"><header><h2>My chats</h2><span class="badge">${chats.length}</span></header>
    <ol>${chats.map((chat, index) => {
      const conversation = webchat.conversations.get(chat.conversation_id);
      const unread = webchat.unread(conversation, me);
      const last = entriesOf(conversation, { me }).at(-1);
      return html`<li key=${chat.contact_id}><button type="button" class="rail-item" aria-current=${chat.contact_id === focus ? "true" : null}
          onClick=${() => onFocus(chat.contact_id)} aria-keyshortcuts=${index < 9 ? `Alt+${index + 1}` : null}>
        <span class="row"><b class="grow cut">${nameOf(chat)}</b>${unread > 0 && html`<span class="badge count">${unread}<span class="unseen"> unread</span></span>`}</span>
        <span class="small soft cut">${last?.body || titled(chat.queue_id)}</span></button></li>`;
    })}</ol>
    ${chats.length === 0 && html`<p class="empty small">Chats that you accept stand here.</p>`}</nav>`;
}

const KEYS = [
  ["Alt + A", "accept the first offer"],
  ["Alt + D", "decline it"],
  ["Alt + 1 … 9", "go to a chat"],
  ["Alt + F", "finish the chat, or its wrap-up"],
  ["Alt + T", "transfer it"],
  ["Enter", "send; Shift + Enter begins a line"],
  ["/", "prepared answers, at the beginning of a message"],
];

function Keys({ onClose }) {
  return html`<${Dialog} title="Keys" onClose=${onClose}><dl class="keys">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl><//>`;
}

function useKeys(actions) {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const press = (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
      // The physical key: with Alt, some layouts write another character.
      const name = event.code.replace(/^(Key|Digit|Numpad)/, "").toLowerCase();
      const action = /^[1-9]$/.test(name) ? () => current.current.chat(Number(name) - 1) : current.current[name];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function useSettings() {
  const [settings, setSettings] = useState({ answers: [], dispositions: [], message_length_max: Infinity, attachment_size_max: Infinity });
  useEffect(() => {
    for (const path of ["/api/agent/canned", "/api/chat/settings"]) get(path).then((found) => setSettings((known) => ({ ...known, ...found })), () => null);
  }, []);
  return settings;
}

const isInDialog = () => document.querySelector("dialog[open]") !== null;

function Desk({ me, onSignedOut, onForbidden }) {
  const [tell, toasts] = useToasts();
  const webchat = useWebChat();
  const settings = useSettings();
  const [focus, setFocus] = useState(null);
  const [shown, setShown] = useState(null);
  const [state, link] = useDesk({ onSignedOut, onForbidden, onNotice: (notice) => tell(notice.text) });
  const mine = { party: "agent", agent: me.user.agent_id };
  const names = (agent) => titled(agent);
  const chats = state?.chats ?? [];
  const current = chats.find((chat) => chat.contact_id === focus) ?? chats[0] ?? null;
  const offers = state?.offers ?? [];

  useEffect(() => {
    const mark = offers.length ? `(${offers.length}) New chat · ` : "";
    document.title = `${mark}My desk`;
  }, [offers.length]);
  // Where the cursor goes as soon as the chat is there: after an offer was accepted it comes a moment later.
  const [wanted, setWanted] = useState(null);
  const goTo = (contactId) => {
    if (isInDialog()) return;
    setWanted(contactId);
    setFocus(contactId);
  };
  // Before the next key is read: what is written after Alt+1 belongs to that chat from its first letter on.
  useLayoutEffect(() => {
    const field = wanted && document.querySelector(`[data-chat="${CSS.escape(wanted)}"] textarea`);
    if (!field) return;
    setWanted(null);
    field.focus();
  });
  const answer = useRef(null);
  useKeys({
    a: () => answer.current?.("accept"),
    d: () => answer.current?.("decline"),
    f: () => current && !isInDialog() && setShown({ kind: current.state === "wrapping" ? "done" : "finish", contact_id: current.contact_id }),
    t: () => current && !isInDialog() && setShown({ kind: "transfer", contact_id: current.contact_id }),
    chat: (index) => chats[index] && goTo(chats[index].contact_id),
  });
  if (state === null) return html`<main class="empty"><p>${link === "down" ? "The server cannot be reached; trying again …" : "One moment …"}</p></main>`;
  return html`<div class="desk">
    <${Bar} me=${me} page="agent" onSignedOut=${onSignedOut} tell=${tell}>
      <${Presence} agent=${state.agent} tell=${tell} />
      <span class="small soft grow taken">${state.agent.taken} of ${state.agent.capacity} taken</span>
      <button class="button small" type="button" onClick=${() => setShown({ kind: "keys" })}>Keys</button><//>
    ${(link === "down" || webchat.link === "down") && html`<p class="line-down" role="alert">The connection is lost; what you write is sent as soon as it is back.</p>`}
    <main class="desk-main" aria-label="My desk">
      <h1 class="unseen">My desk</h1>
      <${Rail} chats=${chats} webchat=${webchat} me=${mine} focus=${current?.contact_id} onFocus=${goTo} />
      <section class="chats" aria-label="Open chats">
        ${chats.map((chat) => html`<${ChatPanel} key=${chat.contact_id} chat=${chat} webchat=${webchat} me=${mine}
            names=${names} settings=${settings} isCurrent=${chat === current} onFocus=${() => setFocus(chat.contact_id)}
            tell=${tell} shown=${shown?.contact_id === chat.contact_id ? shown.kind : null}
            onShow=${(kind) => setShown(kind && { kind, contact_id: chat.contact_id })} />`)}
        ${chats.length === 0 && html`<${Idle} agent=${state.agent} />`}</section>
      <${CardPanel} chat=${current} /></main>
    <${OfferStack} offers=${offers} answer=${answer} onAccepted=${goTo} tell=${tell} />
    ${shown?.kind === "keys" && html`<${Keys} onClose=${() => setShown(null)} />`}
    ${toasts}</div>`;
}

function Idle({ agent }) {
  const words = {
    available: ["You are available", "The next chat comes here by itself."],
    away: ["You are away", "No chats are offered to you until you are available again."],
    offline: ["You are offline", "Choose “Available” above to be offered chats."],
  }[agent.presence];
  return html`<div class="empty idle"><h2>${words[0]}</h2><p>${words[1]}</p></div>`;
}

render(html`<${Door} title="Sign in to your desk" allows=${(user) => user.agent_id !== null && user.role !== "customer"} Inside=${Desk} />`,
  document.getElementById("page"));
