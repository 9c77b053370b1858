// The gateway's protocol, version 3 (docs/protocol.md), as an operator speaks it.

import { setClock, visible } from "./dom.js";

const PROTOCOL = 3;
const CLIENT = { id: "clawdbot-control-ui", version: "1", platform: "web", mode: "ui" };
const PATIENCE_MS = 20_000;

/** The gateway said no; `details` and `retryAfterMs` as in its answer. */
export class Refusal extends Error {
  constructor(error) {
    super(visible(error.message ?? "refused", 300));
    this.code = error.code;
    this.details = error.details ?? {};
    this.retryAfterMs = error.retryAfterMs ?? 0;
  }
}

/** The gateway cannot be reached, or is gone. */
export class Unreachable extends Error {}

export class Socket {
  #ws;
  #device;
  #calls = new Map();
  #count = 0;
  #challenge;

  /** `onevent(name, payload)` for each event, `onclose(reason)` once, after the connection was up. */
  constructor(device, { onevent, onclose }) {
    this.#device = device;
    this.onevent = onevent;
    this.onclose = onclose;
  }

  /** Connect and say who we are; `auth` is {token} or {password} or nothing. Answers with hello-ok. */
  async connect(scopes, auth) {
    const challenged = new Promise((resolve) => (this.#challenge = resolve));
    const lost = new Promise((_, reject) => {
      this.#ws = new WebSocket(location.origin.replace(/^http/, "ws") + "/");
      this.#ws.onmessage = (message) => this.#received(message.data);
      this.#ws.onclose = (event) => {
        reject(new Unreachable("the gateway cannot be reached"));
        this.#lost(event.reason);
      };
    });
    const deadline = setTimeout(() => this.close(), PATIENCE_MS);
    try {
      const { nonce, ts } = await Promise.race([challenged, lost]);
      const answer = this.call("connect", await this.#introduction(scopes, auth, nonce, ts));
      answer.catch(() => undefined);
      return await Promise.race([answer, lost]);
    } catch (error) {
      this.onclose = () => undefined;
      this.close();
      throw error;
    } finally {
      lost.catch(() => undefined);
      clearTimeout(deadline);
    }
  }

  /** What is signed, and signed by the gateway's clock: it is the gateway that asks how old a signature is. */
  async #introduction(scopes, auth, nonce, ts) {
    setClock(ts);
    const { id, publicKey, sign } = this.#device;
    const said = ["v2", id, CLIENT.id, CLIENT.mode, "operator", scopes.join(","), ts, auth.token ?? "", nonce];
    return {
      minProtocol: PROTOCOL,
      maxProtocol: PROTOCOL,
      client: { ...CLIENT, displayName: `Dashboard in ${browser()}` },
      role: "operator",
      scopes,
      device: { id, publicKey, signature: await sign(said.join("|")), signedAt: ts, nonce },
      ...(auth.token || auth.password ? { auth } : {}),
      locale: navigator.language.slice(0, 32),
    };
  }

  /** Call a method. Throws Refusal or Unreachable. */
  call(method, params = {}) {
    const id = `${++this.#count}`;
    return new Promise((resolve, reject) => {
      if (this.#ws.readyState !== WebSocket.OPEN) {
        reject(new Unreachable("not connected"));
        return;
      }
      this.#calls.set(id, { resolve, reject });
      this.#ws.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  close() {
    this.#ws?.close();
  }

  #received(data) {
    const frame = JSON.parse(data);
    if (frame.type === "res") {
      const call = this.#calls.get(frame.id);
      this.#calls.delete(frame.id);
      if (frame.ok) call?.resolve(frame.payload);
      else call?.reject(new Refusal(frame.error));
    } else if (frame.event === "connect.challenge") this.#challenge(frame.payload);
    else this.onevent(frame.event, frame.payload);
  }

  #lost(reason) {
    for (const { reject } of this.#calls.values()) reject(new Unreachable("the connection broke"));
    this.#calls.clear();
    this.onclose(reason);
  }
}

/** For the owner, who sees it when he approves: nothing is decided by it. */
function browser() {
  const agent = navigator.userAgent;
  const name = /Firefox|Edg|OPR|Chrome|Safari/.exec(agent)?.[0] ?? "a browser";
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(agent)?.[0];
  return (({ Edg: "Edge", OPR: "Opera" })[name] ?? name) + (system ? ` on ${system}` : "");
}
