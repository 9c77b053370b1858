// What the buttons do: for each kind of card and each button the call, and the question before it where there is one.

import { h, visible } from "./dom.js";
import { others } from "./people.js";

const of = ({ channel, account }) => ({ channel, account });
const HERE = new Set(["127.0.0.1", "::1"]);
const PAIRS_AGAIN = "It is on the gateway's machine, and may pair again without asking: to keep it out, revoke it instead.";
const MAY_ASK = "It may ask again as a stranger.";

const sender = (one) => ({ ...of(one), sender: one.id });

// --- what there is to fill in ----------------------------------------------------------------------------------------

const DAY_MS = 86_400_000;
const DAYS = [[1, "A day"], [7, "A week"], [30, "30 days"], [365, "A year"]];
const TERMS = DAYS.map(([days, text]) => [String(days * DAY_MS), text]);

const term = (caption, forever, param = "forMs") => ({
  caption,
  options: forever ? [["", forever], ...TERMS] : TERMS,
  value: forever ? "" : TERMS[1][0],
  into: (value) => (value ? { [param]: Number(value) } : {}),
});

const where = ({ places }) => ({
  caption: "Channel",
  options: places,
  value: places[0][0],
  into: (chosen) => of(JSON.parse(chosen)),
});

const uses = {
  caption: "For",
  options: [["1", "one person"], ["5", "5 people"], ["20", "20 people"]],
  into: (count) => ({ uses: Number(count) }),
};

/** Another id of a person: one that is known, or else any. */
const other = (options) => ({
  caption: "Other id",
  ...(options.length > 0 ? { options, value: options[0][0] } : { required: true }),
  into: (id) => ({ other: id }),
});

const called = (value = "") => ({
  caption: "Your name for this person, if you like",
  value,
  into: (label) => (label || value ? { label } : {}),
});

/** What is shown once, and can be copied. */
const once = (text) => [h("code", { class: "word" }, visible(text, 128)), h("button", {
  type: "button",
  onclick: async ({ target }) => {
    const copied = navigator.clipboard.writeText(text);
    target.textContent = await copied.then(() => "Copied", () => "Not copied: select it");
  },
}, "Copy"), h("br")];

// --- people ----------------------------------------------------------------------------------------------------------

const block = (one) => ({
  method: "dm.pair.block",
  params: sender(one),
  done: "Blocked",
  question: {
    title: `Block ${visible(one.name)}?`,
    text: "No answer any more, also not to a new request, until you take it back.",
    yes: "Block",
    danger: true,
  },
});

const approve = (one) => ({ method: "dm.pair.approve", params: { ...of(one), code: one.code }, done: "Approved" });
const reject = (one) => ({ method: "dm.pair.reject", params: { ...of(one), code: one.code }, done: "Rejected" });

const ACTIONS = {
  sender: {
    approve,
    "approve-for": (one) => ({
      ...approve(one),
      question: {
        title: `Approve ${visible(one.name)} for a time`,
        text: "After that this person is a stranger again, and may ask anew.",
        yes: "Approve",
        fields: [term("For how long"), called(one.label)],
      },
    }),
    reject,
    "reject-for": (one) => ({
      ...reject(one),
      question: {
        title: `Reject ${visible(one.name)} for a time`,
        text: "Until then this person gets no answer, and no other code.",
        yes: "Reject",
        fields: [term("For how long")],
      },
    }),
    block,
  },
  person: {
    label: (one) => ({
      method: "dm.pair.label",
      params: { ...sender(one), label: "" },
      done: "Labelled",
      question: {
        title: `What do you call ${visible(one.name)}?`,
        text: "Only you see it. It decides nothing.",
        yes: "Save",
        fields: [called(one.label)],
      },
    }),
    extend: (one) => ({
      method: "dm.pair.extend",
      params: sender(one),
      done: "Extended",
      question: {
        title: `Extend the approval of ${visible(one.name)}`,
        text: "Counted from now; it never ends earlier than it would have.",
        yes: "Extend",
        fields: [term("For how long", "As long as before")],
      },
    }),
    link: (one, role, senders) => ({
      method: "dm.pair.link",
      params: sender(one),
      done: "Linked",
      question: {
        title: `Who else is ${visible(one.name)}?`,
        text: "One person with two ids: what you decide about one is decided about both. If one is blocked, both are; " +
          "if one is in, the other comes in with the next message.",
        yes: "Link",
        fields: [other(others(one, senders))],
      },
    }),
    unlink: (one) => ({
      method: "dm.pair.unlink",
      params: sender(one),
      done: "Not linked any more",
      question: {
        title: `Who is not ${visible(one.name)}?`,
        text: "A person apart again: in or blocked as now, but not expected any more.",
        yes: "Unlink",
        fields: [other(one.linked.map((id) => [id, visible(id, 128)]))],
      },
    }),
    revoke: (one) => ({
      method: "dm.pair.revoke",
      params: sender(one),
      done: "Revoked",
      question: {
        title: `Revoke ${visible(one.name)}?`,
        text: "The bot does not answer this person any more, who may ask again.",
        yes: "Revoke",
        danger: true,
      },
    }),
    block,
  },
  shut: {
    unblock: (one) => ({ method: "dm.pair.unblock", params: sender(one), done: "May ask again" }),
  },
  expected: {
    revoke: (one) => ({
      method: "dm.pair.revoke",
      params: sender(one),
      done: "Not expected any more",
      question: {
        title: `Not expect ${visible(one.name)} any more?`,
        text: "Who writes then gets a code, and waits for you like everybody.",
        yes: "Do not expect",
        danger: true,
      },
    }),
  },
  everybody: {
    expect: (one) => ({
      method: "dm.pair.expect",
      params: {},
      done: "Expected",
      question: {
        title: "Expect somebody",
        text: "Who comes under this id is in with the first message, without a code.",
        yes: "Expect",
        fields: [
          where(one),
          { caption: "Id", required: true, into: (id) => ({ sender: id }) },
          called(),
          term("Expect until", "Whenever it is"),
        ],
      },
    }),
    invite: (one) => ({
      method: "dm.pair.invite",
      params: {},
      done: "Invited",
      question: {
        title: "Invite somebody",
        text: "Makes a word. Whoever writes it to the bot is in, without a code.",
        yes: "Make the word",
        fields: [
          where(one),
          uses,
          term("Good for"),
          term("Who comes in by it is in", "for good", "lastingMs"),
          called(),
        ],
      },
      after: ({ word, link }) => ({
        title: `Give this ${link ? "link" : "word"} to whom you invite`,
        text: [
          ...once(link ?? word),
          link ? ["To follow it is enough, or to write ", h("code", {}, word)] : "To write it to the bot is enough",
          " and nothing else. It is not shown again.",
        ].flat(),
        yes: "Done",
        no: false,
      }),
    }),
  },
  invite: {
    uninvite: (one) => ({
      method: "dm.pair.uninvite",
      params: { ...of(one), id: one.id },
      done: "Void",
      question: {
        title: `Void ${visible(one.name)}?`,
        text: "The word lets nobody in any more. Who came in by it stays.",
        yes: "Void",
        danger: true,
      },
    }),
  },

  // --- devices -------------------------------------------------------------------------------------------------------

  request: {
    approve: (one) => ({ method: "device.pair.approve", params: { requestId: one.requestId }, done: "Approved" }),
    reject: (one) => ({ method: "device.pair.reject", params: { requestId: one.requestId }, done: "Rejected" }),
  },
  device: {
    rename: (one) => ({
      method: "device.rename",
      params: { deviceId: one.deviceId },
      done: "Renamed",
      question: {
        title: `Rename ${visible(one.name)}`,
        text: "Your own name for this device. What it calls itself does not change it.",
        yes: "Rename",
        fields: [{ caption: "Name", value: visible(one.name, 100), required: true, into: (displayName) => ({ displayName }) }],
      },
    }),
    rotate: (one, role) => ({
      method: "device.token.rotate",
      params: { deviceId: one.deviceId, role },
      done: "It has a new token",
      question: {
        title: `A new token for ${visible(one.name)}?`,
        text: one.own
          ? "This browser gets it at once."
          : `Its connections as ${role} end. It comes back with the gateway's token or password, or has to be paired anew.`,
        yes: "New token",
      },
    }),
    revoke: (one, role) => ({
      method: "device.token.revoke",
      params: { deviceId: one.deviceId, role },
      done: "Revoked",
      question: {
        title: `Revoke ${visible(one.name)} as ${role}?`,
        text: one.own
          ? "That is this browser: you will need a new link to come back."
          : "Its connections end at once. It comes back only if you approve it again.",
        yes: "Revoke",
        danger: true,
      },
    }),
    remove: (one) => ({
      method: "device.pair.remove",
      params: { deviceId: one.deviceId },
      done: "Removed",
      question: {
        title: `Remove ${visible(one.name)}?`,
        text: one.own
          ? "That is this browser: you will need a new link to come back."
          : `Its connections end at once, and it is forgotten. ${HERE.has(one.remoteIp) ? PAIRS_AGAIN : MAY_ASK}`,
        yes: "Remove",
        danger: true,
      },
    }),
  },
};

/** What a button means: {method, params, done, question?}, and `after`, which tells of the answer. */
export const meaning = (one, action, role, senders) => ACTIONS[one.kind][action](one, role, senders);
