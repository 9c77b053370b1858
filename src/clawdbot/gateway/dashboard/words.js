// The check words of this browser and its gateway (docs/protocol.md#check-words). Only a page that waits loads them.

const WAY = { name: "PBKDF2", hash: "SHA-256", salt: new TextEncoder().encode("clawdbot check words v1"), iterations: 20_000 };
const BYTES = 10;

/** What the gateway's owner must see, too. Both keys are public ones, in base64url. */
export async function checkWords(device, gateway) {
  const list = (await (await fetch("words.txt")).text()).split("\n");
  const both = new Uint8Array([...raw(device), ...raw(gateway)]);
  const key = await crypto.subtle.importKey("raw", both, WAY.name, false, ["deriveBits"]);
  const derived = new Uint8Array(await crypto.subtle.deriveBits(WAY, key, BYTES * 8));
  const bits = Array.from(derived, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{11}/g).map((number) => list[Number.parseInt(number, 2)]).join(" ");
}

const raw = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
