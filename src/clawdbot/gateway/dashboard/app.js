// The dashboard: connects this browser as an operator, keeps the lists true, and does what the owner presses.

import { meaning } from "./actions.js";
import { ask } from "./ask.js";
import * as door from "./door.js";
import { $, itemOf, now, renewTimes, visible } from "./dom.js";
import { device as ownDevice, forgetAccess, keepAccess, keptAccess, Unsuitable } from "./key.js";
import { draw } from "./lists.js";
import { Refusal, Socket, Unreachable } from "./socket.js";

const RETRY_MS = [500, 1000, 2000, 5000, 10_000, 30_000];
const WAIT_MS = 3000;
const SETTLED_MS = 4000;
const GAP_MS = 200;
const RENEW_MS = 10_000;

const ACCESS_CHANGED = "device access changed";
const NOTHING = { senders: null, devices: null, channels: null, presence: new Map() };

let device;
let socket = null;
let scopes = [];
let known = NOTHING;
let open = null;
const busy = new Set();
const settled = new Map();

const say = (text) => ($("news").textContent = text);
const complain = (text) => ($("problem").textContent = text);
const status = (text) => ($("connection").textContent = text);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- getting in ------------------------------------------------------------------------------------------------------

/** What the owner's link says. It leaves the address bar and the history before it is used. */
function takeLink() {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("link");
  if (!token) return null;
  history.replaceState(null, "", location.pathname);
  return { token, scopes: (said.get("scopes") ?? "").split(",").filter(Boolean), from: "link" };
}

async function begin() {
  const link = takeLink();
  try {
    device = await ownDevice();
  } catch (error) {
    door.unsuitable(error instanceof Unsuitable ? error.message : "It keeps nothing for this page, which needs to keep a key.");
    return;
  }
  const access = link ?? (await keptAccess());
  if (access) await stay(access);
  else lock();
}

/** Be in, through restarts of the gateway and bad networks, for as long as there is an access that is good. */
async function stay(access) {
  for (let tries = 0; access; ) {
    try {
      access = await after(await session(access));
      tries = 0;
    } catch (error) {
      if (error instanceof Refusal && error.code === "INVALID_REQUEST") {
        access = await instead(access, error);
        continue;
      }
      await pause(waitAfter(error, tries++));
    }
  }
}

/** Connect, and show what there is until the connection ends. Answers with why it did. */
async function session(access) {
  let end; // Promise.withResolvers is younger than the browsers that have the keys
  const ended = new Promise((resolve) => (end = resolve));
  const connecting = new Socket(device, { onevent: heard, onclose: end });
  status("Connecting…");
  const { token, password } = access;
  const hello = await connecting.connect(access.scopes, { token, password });
  await keepAccess({ token: hello.auth.deviceToken, scopes: access.scopes });
  socket = connecting;
  scopes = access.scopes;
  complain("");
  status(`Connected to ${visible(hello.server.host)}`);
  door.close();
  await refresh();
  const reason = await ended;
  socket = null;
  $("lists").inert = true;
  return { reason, token: hello.auth.deviceToken };
}

/** A session has ended: with what to come back, if at all. A token that was renewed meanwhile is good. */
async function after({ reason, token }) {
  const kept = await keptAccess();
  if (reason === ACCESS_CHANGED && kept?.token === token) {
    await forgetAccess();
    return lock("This browser's access was taken back.");
  }
  status("The connection broke. Connecting again…");
  return kept ?? lock();
}

/** The gateway does not take this access: what to try instead, if anything. */
async function instead(access, error) {
  const { token, scopes: wanted, from } = access;
  if (from === "owner" && token && error.message.includes("gateway password")) {
    return { password: token, scopes: wanted, from };
  }
  if (!error.message.startsWith("unauthorized")) return lock(error.message);
  if (from === "owner") return lock("That is not the gateway's token or password.");
  if (from === "link") {
    const kept = await keptAccess();
    const why = "That link was used already, or is older than ten minutes.";
    if (kept) complain(why);
    return kept ?? lock(why);
  }
  await forgetAccess();
  return lock("This browser's access was taken back.");
}

/** How long to wait before the next try, and what the owner sees meanwhile. */
function waitAfter(error, tries) {
  if (error instanceof Unreachable) status("The gateway cannot be reached. Trying again…");
  else if (!(error instanceof Refusal)) throw error;
  else if (error.code === "NOT_PAIRED") {
    hide();
    status("Waiting for approval");
    door.waiting(device.id, error.details.requestId);
    return WAIT_MS;
  } else status(`${error.message}. Trying again…`);
  return Math.max(error.retryAfterMs ?? 0, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
}

/** Show nothing of the gateway any more, and how to get in. */
function lock(why = "") {
  hide();
  status("Not connected");
  door.locked(why, (secret, wanted) => stay({ token: secret || undefined, scopes: wanted, from: "owner" }));
  return null;
}

function hide() {
  known = NOTHING;
  settled.clear();
  busy.clear();
  render();
}

// --- what is shown ---------------------------------------------------------------------------------------------------

const covers = (wanted) =>
  scopes.includes(wanted) || scopes.includes("operator.admin") ||
  (wanted === "operator.read" && scopes.includes("operator.write"));

async function load() {
  const call = (needed, method) => (covers(needed) ? socket.call(method) : null);
  const [devices, senders, channels, presence] = await Promise.all([
    call("operator.pairing", "device.pair.list"),
    call("operator.pairing", "dm.pair.list"),
    call("operator.read", "channels.status"),
    call("operator.read", "system-presence"),
  ]);
  known = {
    devices,
    senders,
    channels: channels && channels.channelOrder.flatMap((channel) =>
      channels.channelAccounts[channel].map(({ accountId, ...one }) => ({ ...one, channel, account: accountId }))),
    presence: new Map((presence ?? []).map((one) => [one.deviceId, one])),
  };
}

function render() {
  const before = open && new Set(open.map((one) => one.key));
  open = draw(known, { own: device.id, busy, settled });
  const fresh = before && open?.filter((one) => !before.has(one.key));
  if (fresh?.length) say(`New request: ${fresh.map((one) => visible(one.name)).join(", ")}`);
}

let refreshing = null;
let stale = false;

/** Look again. What happens while that goes on is looked at afterwards, all of it at once. */
function refresh() {
  stale = true;
  refreshing ??= (async () => {
    while (stale && socket) {
      stale = false;
      await load();
      $("lists").inert = false;
      render();
      await pause(GAP_MS);
    }
  })()
    .catch((error) => {
      if (!(error instanceof Unreachable)) complain(error.message);
    })
    .finally(() => (refreshing = null));
  return refreshing;
}

/** Whatever happened: the lists tell it. Every half minute there is a tick, should an event have got lost. */
function heard(event) {
  if (event !== "shutdown") refresh();
}

setInterval(() => {
  renewTimes();
  if (open?.some((one) => one.until <= now())) refresh();
}, RENEW_MS);

// --- what the owner presses ------------------------------------------------------------------------------------------

$("lists").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button) press(itemOf(button.closest("li")), button.dataset.action, button.dataset.role);
});

async function press(one, action, role) {
  if (busy.has(one.key)) return;
  const { method, params, done, question } = meaning(one, action, role);
  const typed = question ? await ask(question) : "";
  if (typed === null || (question?.input && !typed)) return;
  if (question?.input) params[question.input.param] = typed;
  complain("");
  busy.add(one.key);
  render();
  try {
    if (!socket) throw new Unreachable("not connected");
    const answer = await socket.call(method, params);
    if (one.own && answer.token) await keepAccess({ token: answer.token, scopes });
    finished(one, done);
  } catch (error) {
    complain(`${visible(one.name)}: ${error.message}`);
  } finally {
    busy.delete(one.key);
    render();
    refresh();
  }
}

function finished(one, done) {
  say(`${visible(one.name)}: ${done}`);
  if (one.kind !== "sender" && one.kind !== "request") return;
  settled.set(one.key, { ...one, busy: false, settled: done });
  setTimeout(() => {
    settled.delete(one.key);
    render();
  }, SETTLED_MS);
}

addEventListener("hashchange", () => location.reload());
begin();
