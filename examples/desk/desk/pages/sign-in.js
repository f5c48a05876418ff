// The way in for those who did not come to a page of their own: it leads each to the page of their role.
import { Door, html, render, useEffect } from "/static/parts.js";

const PAGE_OF = { agent: "/agent", supervisor: "/supervisor", admin: "/supervisor", customer: "/" };

function Onward({ me }) {
  useEffect(() => {
    const wish = new URLSearchParams(location.search).get("next");
    // Only a path of this site: anything else could lead elsewhere.
    location.replace(/^\/[a-z-]*$/.test(wish ?? "") ? wish : PAGE_OF[me.user.role]);
  }, []);
  return html`<main class="empty"><p>One moment …</p></main>`;
}

render(html`<${Door} title="Sign in" allows=${() => true} Inside=${Onward} />`, document.getElementById("page"));
