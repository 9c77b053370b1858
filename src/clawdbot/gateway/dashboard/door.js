// What a browser sees that is not in: nothing of the gateway, and how to get in.

import { $, h, outside } from "./dom.js";

/** What a browser may ask for, in the words of the owner who will decide. */
const WISHES = [
  ["operator.admin", "Everything: people, devices, nodes"],
  ["operator.pairing,operator.read", "People only, and how the channels do"],
  ["operator.read", "Only to see how the channels do"],
];

function show(...children) {
  $("lists").hidden = true;
  $("door").replaceChildren(h("section", { class: "card door", "aria-labelledby": "door-title" }, ...children));
}

const title = (text) => h("h2", { id: "door-title", tabindex: "-1" }, text);

export function close() {
  $("door").replaceChildren();
  $("lists").hidden = false;
}

/** This browser cannot be used. */
export function unsuitable(why) {
  show(title("Not in this browser"), h("p", {}, why));
}

/** It has no access: a link of the owner's, or his approval. `onask(secret, scopes)`. */
export function locked(why, onask) {
  const secret = h("input", { id: "secret", type: "password", autocomplete: "off", "aria-describedby": "secret-why" });
  const wish = h("select", { id: "wish" }, ...WISHES.map(([scopes, text]) => h("option", { value: scopes }, text)));
  const submit = (event) => {
    event.preventDefault();
    onask(secret.value.trim(), wish.value.split(","));
  };
  show(
    title("This browser is not paired"),
    why && h("p", {}, why),
    h("p", {}, "On the gateway's machine run ", h("code", {}, "clawdbot dashboard"), " and open the link that it prints."),
    h("details", {},
      h("summary", {}, "Or ask to be approved"),
      h("form", { onsubmit: submit },
        h("label", { for: "wish" }, "What this browser is to do"), wish,
        h("label", { for: "secret" }, "The gateway's token or password, if it has one"), secret,
        h("p", { id: "secret-why", class: "note" }, "It is used to knock, and not kept."),
        h("button", { class: "primary", type: "submit" }, "Ask"),
      ),
    ),
  );
}

const NO_WORDS = "This gateway told no sound key for check words: do not approve where its list shows some.";

async function showWords(own, gateway) {
  const { checkWords } = await import("./words.js");
  const words = await checkWords(own, gateway);
  $("door-words")?.replaceChildren("Only if the same check words are shown there: ", h("strong", {}, words));
}

/** It asked, and waits for the owner. */
export function waiting({ id, publicKey }, { requestId = "", gatewayKey }) {
  if ($("door-request")?.textContent === requestId) return;
  show(
    title("This browser waits for your approval"),
    h("p", {}, "Approve it on a device that is in, or on the gateway's machine:"),
    h("p", {}, h("code", {}, "clawdbot devices ", requestId ? "approve " : "list",
      h("span", { id: "door-request" }, outside(requestId)))),
    h("p", { id: "door-words" }),
    h("p", { class: "note" }, "It is device ", h("code", {}, id.slice(0, 12)),
      ". Leave this page open: it goes on by itself."),
  );
  $("door-title").focus();
  if (requestId) showWords(publicKey, gatewayKey).catch(() => $("door-words")?.replaceChildren(NO_WORDS));
}
