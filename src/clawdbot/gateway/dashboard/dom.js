// The page's elements. All text goes in as text: nothing here makes markup from a string, and the page's policy
// (require-trusted-types-for) would not let it.

export const $ = (id) => document.getElementById(id);

/** An element: h("button", {type: "button", onclick: f}, "Approve"). Attributes that are false or null are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What is said in passing, what went wrong, and how the connection is: read out as it changes. */
export const say = (text) => ($("news").textContent = text);
export const complain = (text) => ($("problem").textContent = text);
export const status = (text) => ($("connection").textContent = text);

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
const SHORT = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(character) {
  const code = character.codePointAt(0);
  const hex = code.toString(16);
  if (code < 0x100) return SHORT[character] ?? `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** Text from outside, inert: what moves, reorders or hides is shown as an escape, and what is long is cut. */
export function visible(text, limit = 64) {
  const characters = Array.from(String(text));
  const cut = characters.length <= limit ? characters : [...characters.slice(0, limit - 1), "…"];
  return cut.join("").replace(UNSEEN, escaped);
}

/** The same as an element of its own, so that letters written from right to left reorder nothing beside them. */
export const outside = (text, limit) => h("bdi", {}, visible(text, limit));

// --- times -----------------------------------------------------------------------------------------------------------

/** How far behind the gateway's clock ours may be: as long as its word is on its way. */
const LAG_MS = 5000;

let ahead = 0;

/** Set the page's clock by the gateway's: whose clock is wrong is nobody's fault, and all times here are its own. */
export function setClock(ts) {
  ahead = ts - Date.now();
}

export const now = () => Date.now() + ahead;

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function relative(at) {
  const distance = at - now();
  const [unit, length] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? ["second", 1000];
  const count = Math.round(distance / length);
  if (unit === "second") return distance > LAG_MS ? "in less than a minute" : "just now";
  return WORDS.format(count, unit);
}

/** A time, told as "5 minutes ago" and kept true. */
export function when(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "unknown";
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, relative(date.getTime()));
}

/** A time, told to the minute. */
export function dated(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "unknown";
  const text = date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return h("time", { datetime: date.toISOString() }, text);
}

export function renewTimes() {
  for (const time of document.querySelectorAll("time[title]")) {
    const text = relative(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

// --- lists -----------------------------------------------------------------------------------------------------------

const shown = new WeakMap();

/** The item that a card shows now. */
export const itemOf = (card) => shown.get(card);

/**
 * Make a list show these items, and touch only what changed: who is about to press a button, or has a card read to him,
 * is not disturbed by news about another one.
 */
export function fill(list, items, draw) {
  const old = new Map(Array.from(list.children, (card) => [shown.get(card).key, card]));
  for (const [index, item] of items.entries()) {
    const kept = old.get(item.key);
    const card = kept ?? draw(item);
    if (kept && JSON.stringify(shown.get(kept)) !== JSON.stringify(item)) update(kept, draw(item));
    shown.set(card, item);
    old.delete(item.key);
    if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
  }
  for (const gone of old.values()) remove(gone);
}

/** Show in a card what a fresh one shows; its buttons stay where they are if they are the same. */
function update(card, fresh) {
  const [buttons, others] = [card, fresh].map((one) => one.querySelector(".actions"));
  card.className = fresh.className;
  if (buttons && others && buttons.outerHTML === others.outerHTML) {
    for (const child of Array.from(card.children)) if (child !== buttons) child.remove();
    others.remove();
    buttons.before(...fresh.childNodes);
    return;
  }
  const focused = card.contains(document.activeElement) && document.activeElement.dataset.action;
  card.replaceChildren(...fresh.childNodes);
  if (focused !== false) (card.querySelector(`[data-action="${focused}"]`) ?? card.querySelector("h3")).focus();
}

function remove(card) {
  const next = card.nextElementSibling ?? card.previousElementSibling ?? card.closest("section");
  const inside = card.contains(document.activeElement);
  card.remove();
  if (inside) next.querySelector("h3, h2").focus();
}
