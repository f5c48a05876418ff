// What the board opens: why a contact waits, giving it to somebody, and reading along.
import { get, take } from "/static/api.js";
import { Log, entriesOfStory } from "/static/chat.js";
import { Dialog, clock, html, nameOf, titled, useEffect, useState } from "/static/parts.js";

const AGAIN_MS = 3_000;

// Asked again while the dialog is open: what is true of a waiting contact changes.
function useAnswer(path) {
  const [answer, setAnswer] = useState(null);
  const [fault, setFault] = useState(null);
  useEffect(() => {
    let isStill = true;
    const look = () => get(path).then((found) => isStill && (setAnswer(found), setFault(null)), (refusal) => isStill && setFault(refusal.message));
    look();
    const asking = setInterval(look, AGAIN_MS);
    return () => {
      isStill = false;
      clearInterval(asking);
    };
  }, [path]);
  return [answer, fault];
}

export function Why({ contact, onClose }) {
  const [why, fault] = useAnswer(`/api/supervisor/contacts/${encodeURIComponent(contact.contact_id)}/why`);
  return html`<${Dialog} title=${`Why does ${nameOf(contact)} wait?`} wide onClose=${onClose}>
    ${fault && html`<p class="notice">${fault}</p>`}
    ${why === null ? !fault && html`<p class="soft">One moment …</p>` : html`<div class="stack why">
      <p class="row">${why.state && html`<span class="badge">${titled(why.state)}</span>`}
        ${why.position && html`<span class="badge good">place ${why.position.in_queue} in ${titled(contact.queue_id)}</span>`}
        ${why.estimate_us !== null && html`<span class="badge">about ${clock(why.estimate_us)} to go</span>`}</p>
      ${why.obstacles.length > 0 && html`<${Obstacles} title="The contact" obstacles=${why.obstacles} />`}
      ${why.agents.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Agents"><table><thead><tr><th scope="col">Agent</th><th scope="col">In the way</th><th scope="col">What would change it</th></tr></thead>
        <tbody>${why.agents.map((agent) => html`<tr key=${agent.agent_id}><th scope="row">${agent.shown_name}</th>
          <td>${agent.obstacles.length ? agent.obstacles.map((obstacle) => html`<div>${obstacle.text}</div>`) : "nothing"}</td>
          <td class="soft">${agent.obstacles.map((obstacle) => html`<div>${obstacle.change}</div>`)}</td></tr>`)}</tbody></table></div>`}
      ${why.next_rules.length > 0 && html`<section><h3>What comes next</h3><ul>${why.next_rules.map((rule) => html`<li>${rule}</li>`)}</ul></section>`}
      <details open=${why.agents.length === 0}><summary>In words</summary><p class="words">${why.text}</p></details></div>`}<//>`;
}

function Obstacles({ title, obstacles }) {
  return html`<section><h3>${title}</h3><ul>${obstacles.map((obstacle) => html`<li>${obstacle.text}${obstacle.change && html` <span class="soft">${obstacle.change}</span>`}</li>`)}</ul></section>`;
}

const IGNORABLE = [
  ["requirement", "lacks the skills"],
  ["membership", "is not in the queue"],
  ["presence", "is not available"],
  ["capacity", "is full"],
  ["cooldown", "has just declined"],
  ["exclusion", "is excluded"],
];

export function Assign({ contact, agents, act, onClose }) {
  const [chosen, setChosen] = useState(agents.find((agent) => agent.presence !== "offline")?.agent_id ?? null);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const body = { agent_id: form.get("agent"), as: form.get("as"), ignoring: form.getAll("ignoring") };
    if (await act(`contacts/${encodeURIComponent(contact.contact_id)}/assign`, body)) onClose();
  };
  // Who was chosen stays, though going offline meanwhile: else the list would choose somebody else.
  const there = agents.filter((agent) => agent.presence !== "offline" || agent.agent_id === chosen);
  return html`<${Dialog} title=${`Give ${nameOf(contact)} to …`} onClose=${onClose}><form class="stack" onSubmit=${submit}>
    <label class="field"><span>Agent</span><select name="agent" required value=${chosen ?? there[0]?.agent_id} onChange=${(event) => setChosen(event.target.value)}>${there.map((agent) =>
      html`<option key=${agent.agent_id} value=${agent.agent_id}>${agent.shown_name} (${agent.presence}, ${agent.taken} of ${agent.capacity} taken)</option>`)}</select></label>
    <label class="field"><span>How</span><select name="as"><option value="offer">Offer it</option><option value="active">Put it straight into their hands</option></select></label>
    <fieldset class="choices compact"><legend class="label">Although the agent …</legend>${IGNORABLE.map(([word, shown]) =>
      html`<label><input type="checkbox" name="ignoring" value=${word} /><span>${shown}</span></label>`)}</fieldset>
    <div class="row end"><button class="button" type="button" onClick=${onClose}>Leave it</button><button class="button primary" disabled=${there.length === 0}>Give</button></div></form><//>`;
}

export function StoryView({ contact, onClose }) {
  const [story, fault] = useAnswer(`/api/supervisor/contacts/${encodeURIComponent(contact.contact_id)}`);
  const entries = entriesOfStory(story?.messages ?? [], { customer: nameOf(contact), isMine: (message) => !message.from_customer });
  const load = (file) => take(`/api/supervisor/conversations/${encodeURIComponent(story.conversation_id)}/attachments/${file.attachment_id}`);
  return html`<${Dialog} title=${`${nameOf(contact)}, ${titled(contact.queue_id)}`} onClose=${onClose}>
    ${fault && html`<p class="notice">${fault}</p>`}
    <div class="chat reading"><${Log} entries=${entries} label="What was said" load=${load} empty=${story ? "Nothing has been said yet." : "One moment …"} /></div><//>`;
}
