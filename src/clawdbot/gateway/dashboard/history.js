// The history: what happened, newest first, a page at a time. Nothing of it is asked for before somebody opens it.

import { calledDevice, named, place } from "./card.js";
import { $, dated, fill, h, outside, say, visible } from "./dom.js";

const PAGE = 30;

const DECISIONS = [
  "approved", "rejected", "blocked", "unblocked", "revoked", "expected", "extended", "expired",
  "invited", "uninvited", "linked", "unlinked", "removed", "rotated",
];
const WHAT = [
  ["Everything", null],
  ["Requests", ["requested"]],
  ["Decisions", DECISIONS],
  ["Refusals", ["refused"]],
  ["Visits", ["used", "connected"]],
];
const WHOM = [["Everybody", {}], ["People", { of: "sender" }], ["Devices", { of: "device" }]];

const KINDS = { requested: "asked", used: "wrote", rotated: "got a new token", expired: "approval is over" };

let call = null;
let entries = [];
let older = null;
let problem = "";
let begun = false; // the first page of what is asked for is here
let turn = 0; // of what is asked for: answers to an earlier question are not shown any more

const wanted = () => ({ ...JSON.parse($("history-whom").value), ...JSON.parse($("history-what").value), limit: PAGE });

/** Begin; `ask` calls a method of the gateway, and `changed` has it all shown. */
export function begin(ask, changed) {
  call = ask;
  fillSelect("history-what", WHAT.map(([text, kinds]) => [kinds ? { kinds } : {}, text]));
  fillSelect("history-whom", WHOM.map(([text, about]) => [about, text]));
  const again = () => {
    forget();
    refresh().then(changed);
  };
  $("history-details").addEventListener("toggle", () => $("history-details").open && again());
  $("history-what").addEventListener("change", again);
  $("history-whom").addEventListener("change", again);
  $("history-older").addEventListener("click", () => more().then(changed));
}

/** Show nothing any more. */
export function forget() {
  turn += 1;
  [entries, older, problem, begun] = [[], null, "", false];
}

/** Look for what is new, if anybody looks at it. What is older than that was looked for when it was opened. */
export async function refresh() {
  if (!$("history-details").open) return;
  const page = await read({ deep: !begun });
  if (!page || (begun && page.entries.length === 0)) return;
  const top = entries[0]?.seq ?? 0;
  const fresh = page.entries.filter((entry) => entry.seq > top);
  if (fresh.length < page.entries.length) {
    entries = [...fresh, ...entries];
    return;
  }
  turn += 1; // what is on its way goes on from a place that is not shown any more
  [entries, older, begun] = [page.entries, page.older, true];
}

async function more() {
  const from = older;
  const page = await read({ before: from, deep: true });
  if (!page || older !== from) return; // pressed twice
  [entries, older] = [[...entries, ...page.entries], page.older];
  say(`${page.entries.length} older entries`);
}

/** A page, if `deep` with something on it if there is any; null if it cannot be had, or is not asked for any more. */
async function read({ before, deep }) {
  const mine = turn;
  let page;
  try {
    do {
      page = await call("history.list", before ? { ...wanted(), before } : wanted());
      before = page.older;
    } while (deep && page.entries.length === 0 && before && mine === turn);
    problem = "";
  } catch (error) {
    problem = `It cannot be shown now: ${error.message}`;
    return null;
  }
  return mine === turn ? page : null;
}

/** Show what is known; `known` has the names of people and devices. */
export function show(known, places) {
  const channels = places.map(([where, text]) => [JSON.parse(where), text]);
  fillSelect("history-whom", [...WHOM.map(([text, about]) => [about, text]), ...channels]);
  const called = names(known);
  const item = (entry) => (
    { ...entry, key: String(entry.seq), name: called(entry), by: named(entry.by, known.devices) });
  fill($("history"), entries.map(item), draw);
  $("history-empty").hidden = entries.length > 0 && !problem;
  $("history-empty").textContent = problem || "Nothing of that is on record.";
  if (!older && document.activeElement === $("history-older")) $("history-title").focus();
  $("history-older").hidden = !older;
}

/** Who an entry is about, by the name that the page has for him elsewhere. */
function names({ senders, devices }) {
  const labelled = Object.values(senders ?? {}).flat().filter((one) => one.label);
  const labels = new Map(labelled.map((one) => [key(one), one.label]));
  const devicesKnown = devices ? [...devices.pending, ...devices.paired] : [];
  const machines = new Map(devicesKnown.map((one) => [one.deviceId, calledDevice(one)]));
  return (entry) => (entry.of === "sender" ? labels.get(key(entry)) : machines.get(entry.id)) ?? null;
}

const key = ({ channel, account, id }) => JSON.stringify([channel, account, id]);

function draw(one) {
  const kind = KINDS[one.kind] ?? visible(one.kind);
  const times = one.times ? ` (${one.times} times)` : "";
  const details = [
    one.by && ["by ", outside(one.by, 200)],
    !one.by && one.surface === "files" && one.of !== "history" && ["by another program"],
    one.address && ["from ", outside(one.address)],
    one.why && [outside(one.why, 256)],
  ].filter(Boolean);
  return h("li", {},
    h("p", {}, ...whom(one), ": ", h("strong", {}, kind), times),
    h("p", { class: "note" }, dated(one.at), ...details.flatMap((detail) => [" · ", ...detail])));
}

function whom(one) {
  if (one.of === "history") return ["The history"];
  const isSender = one.of === "sender";
  const nobody = isSender ? "others" : "unknown";
  const id = one.id ? outside(isSender ? one.id : one.id.slice(0, 12), 128) : nobody;
  const where = isSender ? ` on ${place(one)}` : ` (${visible(one.of)})`;
  return one.name ? [outside(one.name), " ", h("code", {}, id), where] : [h("code", {}, id), where];
}

/** Options are [value, text]; what was chosen stays chosen. */
function fillSelect(id, options) {
  const select = $(id);
  const wantedNow = options.map(([value, text]) => [JSON.stringify(value), text]);
  if (Array.from(select.options, (option) => option.value).join() === wantedNow.map(([value]) => value).join()) return;
  const chosen = select.value;
  select.replaceChildren(...wantedNow.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}
