// One chat of the agent: what was said, and finishing, handing on, holding and wrapping up.
import { get, newId, post, take } from "/static/api.js";
import { CardPanel } from "/static/agent-card.js";
import { Composer, Log, entriesOfStory } from "/static/chat.js";
import { entriesOf } from "/static/webchat.js";
import { Dialog, Icon, clock, html, initials, nameOf, titled, useEffect, useLayoutEffect, useRef, useState, useNow } from "/static/parts.js";

const STATES = { active: null, held: "on hold", suspended: "set aside", wrapping: "wrap-up" };
const MORE_US = 60_000_000;

export function ChatPanel({ chat, webchat, me, settings, isCurrent, onFocus, tell, shown, onShow, names }) {
  const path = `/api/agent/contacts/${encodeURIComponent(chat.contact_id)}`;
  // One after the other: Enter twice is no second note, and no refusal.
  const isBusy = useRef(false);
  const act = async (verb, body) => {
    if (isBusy.current) return false;
    isBusy.current = true;
    try {
      await post(`${path}/${verb}`, body);
      return true;
    } catch (refusal) {
      tell(refusal.message);
      return false;
    } finally {
      isBusy.current = false;
    }
  };
  const [note, setNote] = useState("");
  const keep = async () => {
    if (note.trim() && !(await act("notes", { entry_id: newId(), body: note.trim() }))) return false;
    if (note.trim()) tell("Your note was kept.");
    setNote((now) => (now === note ? "" : now));
    return true;
  };
  const conversation = webchat.conversations.get(chat.conversation_id);
  const look = () => isCurrent && document.hasFocus() && webchat.read(conversation);
  useEffect(() => {
    look();
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, [isCurrent, conversation, conversation?.last]);
  // A page that was loaded in the wrap-up is in the conversation no more, and reads what was said as it was written down.
  const isLate = chat.state === "wrapping" && !conversation;
  const [story, setStory] = useState(null);
  useEffect(() => {
    if (isLate) get(path).then(setStory, () => null);
  }, [isLate]);
  const entries = isLate ? entriesOfStory(story?.messages ?? [], { customer: nameOf(chat), isMine: (message) => message.agent_id === me.agent })
    : entriesOf(conversation, { me, names, customer: nameOf(chat) });
  const load = (file) => take(`/api/agent/conversations/${encodeURIComponent(chat.conversation_id)}/attachments/${file.attachment_id}`);
  const isTyping = [...(conversation?.typing.values() ?? [])].some((typing) => typing.party === "customer");
  const isWrapping = chat.state === "wrapping";
  // The wrap-up may run out, or somebody else take the chat, while a note is written.
  const unkept = useRef("");
  unkept.current = isWrapping || shown === "finish" ? note.trim() : "";
  useEffect(() => () => {
    if (!unkept.current) return;
    post(`${path}/notes`, { entry_id: newId(), body: unkept.current }).then(() => tell("Your note was kept."), (refusal) => tell(`Your note was not kept. ${refusal.message}`));
  }, []);
  return html`<article class=${`panel chat agent-chat${isCurrent ? " current" : ""}`} aria-label=${`Chat with ${nameOf(chat)}`} data-chat=${chat.contact_id}
      data-state=${chat.state} onFocusIn=${onFocus} onMouseDown=${onFocus}>
    <${Head} chat=${chat} />
    <${Log} entries=${entries} label=${`Messages of ${nameOf(chat)}`} empty="Nothing has been said yet." load=${load} />
    <p class="typing" aria-live="polite">${isTyping ? `${nameOf(chat)} is typing …` : ""}</p>
    ${isWrapping ? html`<${WrapUp} chat=${chat} act=${act} note=${note} setNote=${setNote} keep=${keep} isAsked=${shown === "done"} onAnswered=${() => onShow(null)} />`
      : html`<div class="row tools">
        ${chat.state === "held" ? html`<button class="button small" type="button" onClick=${() => act("resume")}>Resume</button>`
          : html`<button class="button small" type="button" onClick=${() => act("hold")} disabled=${chat.state !== "active"}>Hold</button>`}
        <button class="button small" type="button" onClick=${() => onShow("transfer")}>Transfer</button>
        <button class="button small for-narrow" type="button" onClick=${() => onShow("card")}>Customer</button>
        <span class="grow"></span>
        <button class="button small danger" type="button" onClick=${() => onShow("finish")}>Finish</button></div>
      <${Composer} label=${`Message to ${nameOf(chat)}`} canned=${settings.answers} lengthMax=${settings.message_length_max} sizeMax=${settings.attachment_size_max}
        upload=${(file) => webchat.upload(chat.conversation_id, file)}
        onSend=${(body, files) => webchat.say(chat.conversation_id, body, files)}
        onTyping=${(isWriting) => webchat.typing(chat.conversation_id, isWriting)} />`}
    ${shown === "card" && html`<${Dialog} title="Customer" onClose=${() => onShow(null)}><${CardPanel} chat=${chat} /><//>`}
    ${shown === "transfer" && !isWrapping && html`<${Transfer} chat=${chat} act=${act} tell=${tell} onClose=${() => onShow(null)} />`}
    ${shown === "finish" && !isWrapping && html`<${Finish} chat=${chat} act=${act} note=${note} setNote=${setNote} keep=${keep} settings=${settings} onClose=${() => onShow(null)} />`}
  </article>`;
}

function Head({ chat }) {
  const now = useNow();
  return html`<header><span class="initials" aria-hidden="true">${initials(nameOf(chat))}</span>
    <div class="grow"><h2 class="cut">${nameOf(chat)}</h2>
      <div class="small soft cut">${titled(chat.queue_id)} · ${clock(now - chat.began_at_us)}</div></div>
    ${chat.tier > 0 && html`<span class="badge vip"><${Icon} name="bolt" />VIP</span>`}
    ${STATES[chat.state] && html`<span class="badge warn">${STATES[chat.state]}</span>`}</header>`;
}

function WrapUp({ chat, act, note, setNote, keep, isAsked, onAnswered }) {
  const now = useNow(500);
  const field = useRef(null);
  const done = async () => (await keep()) && act("wrap-up/end");
  useLayoutEffect(() => {
    // Begun in the dialog, which went because the customer did.
    if (note) field.current.focus();
  }, []);
  useEffect(() => {
    if (!isAsked) return;
    onAnswered();
    done();
  }, [isAsked]);
  const left = chat.ends_at_us === null ? null : clock(chat.ends_at_us - now + 999_999);
  return html`<section class="wrap-up stack" aria-label="Wrap-up"><p><b>Wrap-up</b> <span class="soft">${left === null ? "until you are done" : `ends in ${left}`}</span></p>
    <form class="row" onSubmit=${(event) => { event.preventDefault(); keep(); }}><input class="grow" name="note" aria-label="Note" placeholder="Note for colleagues" dir="auto"
      ref=${field} value=${note} onInput=${(event) => setNote(event.target.value)} /><button class="button">Keep</button></form>
    <div class="row"><button class="button grow" type="button" onClick=${() => act("wrap-up/extend", { by_us: MORE_US })}>One more minute</button>
      <button class="button primary grow" type="button" onClick=${done}>Done</button></div></section>`;
}

function Finish({ chat, act, note, setNote, keep, settings, onClose }) {
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    if (!(await keep())) return;
    if (await act("complete", { disposition: form.get("disposition") || null })) onClose();
  };
  return html`<${Dialog} title=${`Finish with ${nameOf(chat)}`} onClose=${onClose}><form class="stack" onSubmit=${submit}>
    <fieldset class="choices"><legend class="label">How did it end?</legend>${settings.dispositions.map((word, index) =>
      html`<label><input type="radio" name="disposition" value=${word} defaultChecked=${index === 0} /><span>${titled(word)}</span></label>`)}</fieldset>
    <label class="field"><span>Note for colleagues</span><textarea name="note" rows="3" dir="auto" value=${note} onInput=${(event) => setNote(event.target.value)}></textarea></label>
    <div class="row end"><button class="button" type="button" onClick=${onClose}>Go on chatting</button><button class="button primary">Finish</button></div></form><//>`;
}

function Transfer({ chat, act, tell, onClose }) {
  const [directory, setDirectory] = useState(null);
  const [target, setTarget] = useState(null);
  const form = useRef(null);
  useEffect(() => {
    get("/api/agent/directory").then(setDirectory, (refusal) => {
      tell(refusal.message);
      onClose();
    });
  }, []);
  useLayoutEffect(() => {
    if (document.activeElement === form.current.elements.mode) form.current.querySelector("[type=radio]")?.focus();
  }, [directory]);
  const submit = async (event) => {
    event.preventDefault();
    const [kind, id] = target;
    const mode = new FormData(event.target).get("mode");
    if (await act("transfer", { to_queue: kind === "queue" ? id : null, to_agent: kind === "agent" ? id : null, mode })) onClose();
  };
  const choice = (kind, id, shown, beside) => html`<label key=${kind + id}><input type="radio" name="target" onChange=${() => setTarget([kind, id])}
    checked=${target?.[0] === kind && target[1] === id} /><span class="row">${shown}${beside}</span></label>`;
  return html`<${Dialog} title=${`Transfer ${nameOf(chat)}`} onClose=${onClose}><form class="stack" onSubmit=${submit} ref=${form}>
    <div class="two">${directory === null ? html`<p class="soft">One moment …</p>` : html`
      <fieldset class="choices"><legend class="label">To a queue</legend>${directory.queues.filter((queue) => queue.queue_id !== chat.queue_id).map((queue) =>
        choice("queue", queue.queue_id, titled(queue.queue_id), html`<span class="badge">${queue.waiting} waiting</span>`))}</fieldset>
      <fieldset class="choices"><legend class="label">To a colleague</legend>${directory.agents.map((agent) =>
        choice("agent", agent.agent_id, agent.shown_name, html`<span class=${`dot ${agent.presence}`}></span><span class="soft small">${agent.presence}</span>`))}</fieldset>`}</div>
    <label class="field"><span>How</span><select name="mode"><option value="blind">Hand over at once</option><option value="warm">Stay until somebody answers</option></select></label>
    <div class="row end"><button class="button" type="button" onClick=${onClose}>Keep it</button><button class="button primary" disabled=${target === null}>Transfer</button></div></form><//>`;
}
