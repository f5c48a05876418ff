// A conversation as customers and agents see it: what was said, who is typing, and the field to answer in.
import { html, Icon, bytes, timeOfDay, useEffect, useLayoutEffect, useRef, useState } from "/static/parts.js";

// An entry: {id, at_us, mine, who, body, files, state, kind}; `kind` is said, bot or event (a line across);
// `state`, of one's own: sending, sent, delivered, read, refused.
const UNDER = { sending: "Sending …", sent: "Sent", delivered: "Delivered", read: "Read", refused: "Not sent" };
const TOGETHER_US = 120_000_000;
const NEAR_END_PX = 80;

/** Entries of what was said, from the history; `isMine(message)` tells which stand on the own side. */
export const entriesOfStory = (messages, { customer, isMine }) => messages.map((message) => ({
  id: message.entry_id, at_us: message.at_us, mine: isMine(message), body: message.body, files: message.attachments,
  who: message.from_customer ? customer : (message.agent_id ?? "Assistant"), kind: !message.from_customer && !message.agent_id ? "bot" : "said",
}));

export function Log({ entries, label, empty, load = null }) {
  const element = useRef(null);
  const isAtEnd = useRef(true);
  const remember = ({ target }) => {
    if (target.clientHeight > 0) isAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX;
  };
  const stay = () => {
    if (isAtEnd.current) element.current.scrollTop = element.current.scrollHeight;
  };
  const last = entries.at(-1);
  useLayoutEffect(() => {
    if (last?.mine) isAtEnd.current = true;
    stay();
  }, [entries.length, last?.id]);
  // The log may be hidden while something is said, become lower while one writes, or get longer by a picture.
  useLayoutEffect(() => {
    const watching = new ResizeObserver(stay);
    watching.observe(element.current);
    return () => watching.disconnect();
  }, []);
  const lastMine = entries.findLast((entry) => entry.mine);
  return html`<div class="log" role="log" aria-label=${label} tabindex="0" ref=${element} onScroll=${remember} onLoadCapture=${stay}>
    ${entries.length === 0 && empty && html`<p class="event">${empty}</p>`}
    ${entries.map((entry, index) => html`<${Entry} key=${entry.id} entry=${entry} before=${entries[index - 1]}
        after=${entries[index + 1]} isLastMine=${entry === lastMine} load=${load} />`)}</div>`;
}

const follows = (entry, before) =>
  before && before.kind === entry.kind && before.mine === entry.mine && before.who === entry.who && entry.at_us - before.at_us < TOGETHER_US;

function Entry({ entry, before, after, isLastMine, load }) {
  if (entry.kind === "event") return html`<p class="event">${entry.body}</p>`;
  const isFollowing = follows(entry, before);
  const isFollowed = after && follows(after, entry);
  const classes = ["entry", entry.mine && "mine", entry.kind === "bot" && "bot", isFollowing && "follows",
    entry.state === "sending" && "waiting", entry.state === "refused" && "refused"].filter(Boolean).join(" ");
  const shownState = entry.mine && (isLastMine || entry.state === "refused" || entry.state === "sending") ? UNDER[entry.state] : null;
  const under = [isFollowed && !shownState ? null : timeOfDay(entry.at_us), shownState].filter(Boolean).join(" · ");
  return html`<div class=${classes} data-entry=${entry.id} data-state=${entry.state}>
    ${!entry.mine && !isFollowing && entry.who && html`<span class="under">${entry.who}</span>`}
    <div class="bubble"><span class="unseen">${entry.mine ? "You" : entry.who}: </span>${linked(entry.body)}
      ${(entry.files ?? []).map((file) => html`<${File} key=${file.attachment_id} file=${file} load=${load} />`)}</div>
    ${under && (!isFollowed || shownState) && html`<span class="under">${under}</span>`}</div>`;
}

const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/;

// Addresses become links; nothing else of what was written is ever read as HTML.
function linked(text) {
  return String(text ?? "").split(LINK).map((piece, index) =>
    index % 2 ? html`<a href=${piece} target="_blank" rel="noopener noreferrer nofollow">${piece}</a>` : piece);
}

const SHOWN_BYTES_MAX = 2_000_000;

// `load(file)` → a Blob. Pictures are loaded and shown at once, other files when they are asked for.
function File({ file, load }) {
  const [url, setUrl] = useState(null);
  const [isMissing, setMissing] = useState(false);
  const isPicture = /^image\/(png|jpeg|gif|webp)$/.test(file.media_type);
  const fetchIt = async () => {
    const found = URL.createObjectURL(await load(file));
    setUrl(found);
    return found;
  };
  useEffect(() => {
    if (isPicture && load && file.bytes <= SHOWN_BYTES_MAX) fetchIt().catch(() => null);
  }, [file.attachment_id]);
  useEffect(() => () => url && URL.revokeObjectURL(url), [url]);
  const keep = async () => {
    const href = url ?? (await fetchIt().catch(() => null));
    setMissing(href === null);
    if (href !== null) Object.assign(document.createElement("a"), { href, download: file.name }).click();
  };
  if (!load) return html`<span class="file"><${Icon} name="file" />${file.name}</span>`;
  return html`<button class="file plain" type="button" onClick=${keep} title="Download">${url && isPicture ? html`<img src=${url} alt=${file.name} />`
    : html`<${Icon} name="file" /><span>${file.name} <small>(${isMissing ? "cannot be loaded now" : bytes(file.bytes)})</small></span>`}</button>`;
}

const TYPING_MS = 4_000;
const TOLD_AGAIN_MS = 5_000;

/**
 * The field to write in. Enter sends, Shift+Enter begins a line; "/" at the beginning opens the prepared answers.
 * `upload(file)` → what is attached, of files of `sizeMax` bytes at most; `onSend(body, files)`; `onTyping(boolean)`.
 */
export function Composer({ label, onSend, onTyping = () => {}, upload = null, canned = [], lengthMax, sizeMax = Infinity, fieldRef }) {
  const own = useRef(null);
  const field = fieldRef ?? own;
  const [text, setText] = useState("");
  const [files, setFiles] = useState([]);
  const [fault, setFault] = useState(null);
  const typing = useRef(null);
  const told_ms = useRef(0);
  const wanted = useRef(false);

  const stopTyping = () => {
    if (typing.current === null) return;
    clearTimeout(typing.current);
    typing.current = null;
    onTyping(false);
  };
  const startTyping = () => {
    // Told again while it goes on: who reads takes it for over when nothing more is heard.
    if (typing.current === null || Date.now() - told_ms.current > TOLD_AGAIN_MS) {
      told_ms.current = Date.now();
      onTyping(true);
    }
    clearTimeout(typing.current);
    typing.current = setTimeout(stopTyping, TYPING_MS);
  };
  const write = (value) => {
    setText(value);
    if (value.trim() && !value.startsWith("/")) startTyping();
    else stopTyping();
  };
  useLayoutEffect(() => {
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight + 2}px`;
  }, [text]);

  const isLoading = files.some((file) => file.isLoading);
  const body = text.trim();
  const isTooLong = body.length > lengthMax && [...body].length > lengthMax;
  const isSendable = !isTooLong && (body !== "" || files.length > 0);
  const send = () => {
    // What is sent while a file is still on its way goes out with it.
    wanted.current = isLoading && isSendable;
    if (isLoading || !isSendable) return;
    onSend(body, files.map((file) => file.attached));
    setText("");
    setFiles([]);
    stopTyping();
    field.current.focus();
  };
  useEffect(() => {
    if (!isLoading && wanted.current) send();
  }, [isLoading]);
  const attach = async (chosen) => {
    for (const file of chosen) {
      const row = { key: Math.random(), name: file.name || "picture.png", isLoading: true };
      setFault(null);
      if (file.size === 0 || file.size > sizeMax) {
        setFault(`${row.name}: ${file.size === 0 ? "The file is empty." : `The file is larger than ${bytes(sizeMax)}.`}`);
        continue;
      }
      setFiles((shown) => [...shown, row]);
      try {
        const attached = await upload(file);
        setFiles((shown) => shown.map((other) => (other.key === row.key ? { ...row, isLoading: false, attached } : other)));
      } catch (refusal) {
        wanted.current = false; // not without the file
        setFiles((shown) => shown.filter((other) => other.key !== row.key));
        setFault(`${row.name}: ${refusal.message}`);
      }
    }
  };
  const picker = usePicker({ text, canned, onPick: (answer) => { write(answer.body); field.current.focus(); } });
  const onKeyDown = (event) => {
    if (picker.onKeyDown(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  };
  const onPaste = (event) => {
    const pasted = [...event.clipboardData.files];
    if (!upload || pasted.length === 0) return;
    event.preventDefault();
    attach(pasted);
  };
  return html`<div>
    <div role="alert">${fault && html`<p class="notice bad">${fault}</p>`}
      ${isTooLong && html`<p class="notice bad">A message has at most ${lengthMax.toLocaleString()} characters; send this one in parts.</p>`}</div>
    ${files.length > 0 && html`<ul class="row attached" aria-label="Attachments">${files.map((file) => html`<li class="badge" key=${file.key}>
      <span class="cut">${file.name}${file.isLoading ? " …" : ""}</span>
      <button class="plain" type="button" aria-label=${`Remove ${file.name}`}
        onClick=${() => setFiles((shown) => shown.filter((other) => other !== file))}><${Icon} name="close" /></button></li>`)}</ul>`}
    <form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); }}>
      ${picker.view}
      ${upload && html`<label class="button icon" title="Attach a file"><${Icon} name="clip" /><span class="unseen">Attach a file</span>
        <input class="unseen" type="file" multiple
          onChange=${(event) => { attach([...event.target.files]); event.target.value = ""; }} /></label>`}
      <textarea ref=${field} rows="1" dir="auto" aria-label=${label} placeholder=${canned.length ? "Message, or /" : "Write a message"}
        value=${text} onInput=${(event) => write(event.target.value)} onKeyDown=${onKeyDown} onPaste=${onPaste}
        onBlur=${stopTyping} aria-autocomplete=${canned.length ? "list" : null} aria-controls=${picker.isOpen ? picker.id : null}
        aria-activedescendant=${picker.isOpen ? picker.active : null}></textarea>
      <button class="button primary icon" aria-label="Send" disabled=${!isSendable}>
        <${Icon} name="send" /></button></form></div>`;
}

let pickers = 0;

function usePicker({ text, canned, onPick }) {
  const id = useRef(null);
  id.current ??= `answers-${(pickers += 1)}`;
  const [chosen, setChosen] = useState(0);
  const [isShut, setShut] = useState(false);
  const sought = text.slice(1).toLowerCase();
  const found = text.startsWith("/")
    ? canned.filter((answer) => `${answer.id} ${answer.title}`.toLowerCase().includes(sought)).slice(0, 8)
    : [];
  const isOpen = found.length > 0 && !isShut;
  const index = Math.min(chosen, found.length - 1);
  useLayoutEffect(() => {
    setShut(false);
    setChosen(0);
  }, [text]);
  const list = useRef(null);
  useLayoutEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: "nearest" });
  }, [isOpen, index]);
  const onKeyDown = ({ key }) => {
    if (!isOpen) return false;
    if (key === "ArrowDown") setChosen((index + 1) % found.length);
    else if (key === "ArrowUp") setChosen((index + found.length - 1) % found.length);
    else if (key === "Enter" || key === "Tab") onPick(found[index]);
    else if (key === "Escape") setShut(true);
    else return false;
    return true;
  };
  const view = isOpen && html`<ul class="picker" role="listbox" id=${id.current} aria-label="Prepared answers" tabindex="0" ref=${list}>
    ${found.map((answer, place) => html`<li role="option" key=${answer.id} id=${`${id.current}-${place}`} aria-selected=${String(place === index)}
      onMouseDown=${(event) => { event.preventDefault(); onPick(answer); }}><b>${answer.title}</b><span class="soft small">${answer.body}</span></li>`)}</ul>`;
  return { id: id.current, active: `${id.current}-${index}`, isOpen, onKeyDown, view };
}
