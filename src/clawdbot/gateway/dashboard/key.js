// This browser as a device: its key, which the page can use and nobody can read, and its token.

const NAME = "clawdbot";
const STORE = "device";
const ALGORITHM = { name: "Ed25519" };

/** Why this browser cannot be a device, if so. */
export class Unsuitable extends Error {}

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode, use) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/** What is kept: `access` is {token, scopes}, or nothing. */
export const keptAccess = () => store("readonly", (kept) => kept.get("access"));
export const keepAccess = (access) => store("readwrite", (kept) => kept.put(access, "access"));
export const forgetAccess = () => store("readwrite", (kept) => kept.delete("access"));

/** This browser's device: {id, publicKey, sign}. Its key is made the first time. Throws Unsuitable. */
export async function device() {
  if (!globalThis.crypto?.subtle) {
    throw new Unsuitable("A browser makes keys only for pages that come over HTTPS or from localhost. Open the page there.");
  }
  const keys = (await store("readonly", (kept) => kept.get("keys"))) ?? (await made());
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  return {
    id: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    publicKey: base64url(raw),
    sign: async (text) =>
      base64url(new Uint8Array(await crypto.subtle.sign(ALGORITHM, keys.privateKey, new TextEncoder().encode(text)))),
  };
}

async function made() {
  let keys;
  try {
    keys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  } catch {
    throw new Unsuitable("This browser has no Ed25519 keys. Chrome 137, Firefox 129 and Safari 17 do.");
  }
  // Of two tabs that are here for the first time, the key of one is the browser's: add() keeps what is there.
  await store("readwrite", (kept) => kept.add(keys, "keys")).catch(() => undefined);
  return store("readonly", (kept) => kept.get("keys"));
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
