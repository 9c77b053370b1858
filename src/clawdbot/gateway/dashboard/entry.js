// Getting in, and staying in: with a link, with what is kept, or by asking; through restarts and bad networks.

import * as door from "./door.js";
import { complain, status, visible } from "./dom.js";
import { device as ownDevice, forgetAccess, keepAccess, keptAccess, Unsuitable } from "./key.js";
import { Refusal, Socket, Unreachable } from "./socket.js";

const RETRY_MS = [500, 1000, 2000, 5000, 10_000, 30_000];
const WAIT_MS = 3000;

const ACCESS_CHANGED = "device access changed";

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let device;
let page;

/**
 * Get in, and stay in for as long as there is a way. The page is told of each event (`heard`), that it is in
 * (`opened(socket, scopes, deviceId)`), that the connection is gone (`closed`), and to show nothing any more (`hidden`).
 */
export async function enter(told) {
  page = told;
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

/** What the owner's link says. It leaves the address bar and the history before it is used. */
function takeLink() {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("link");
  if (!token) return null;
  history.replaceState(null, "", location.pathname);
  return { token, scopes: (said.get("scopes") ?? "").split(",").filter(Boolean), from: "link" };
}

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

/** Connect, and have shown what there is until the connection ends. Answers with why it did. */
async function session(access) {
  let end; // Promise.withResolvers is younger than the browsers that have the keys
  const ended = new Promise((resolve) => (end = resolve));
  const socket = new Socket(device, { onevent: page.heard, onclose: end });
  status("Connecting…");
  const { token, password } = access;
  const hello = await socket.connect(access.scopes, { token, password });
  await keepAccess({ token: hello.auth.deviceToken, scopes: access.scopes });
  complain("");
  status(`Connected to ${visible(hello.server.host)}`);
  door.close();
  await page.opened(socket, access.scopes, device.id);
  const reason = await ended;
  page.closed();
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
    page.hidden();
    status("Waiting for approval");
    door.waiting(device, error.details);
    return WAIT_MS;
  } else status(`${error.message}. Trying again…`);
  return Math.max(error.retryAfterMs ?? 0, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
}

/** Show nothing of the gateway any more, and how to get in. */
function lock(why = "") {
  page.hidden();
  status("Not connected");
  door.locked(why, (secret, wanted) => stay({ token: secret || undefined, scopes: wanted, from: "owner" }));
  return null;
}
