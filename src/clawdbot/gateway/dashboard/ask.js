// One question at a time, in the browser's own modal dialog: it keeps the focus, and gives it back.

import { $, h } from "./dom.js";

let finish = () => undefined;

/**
 * Ask. Answers null if the owner thinks better of it; otherwise the params that he gave, which may be none.
 *
 * `text` may hold elements. `fields` are what there is to fill in or to choose: {caption, value, options, required,
 * into}, where `options` are [value, text] and `into` makes params of what was given. What is only told has no `no`.
 */
export function ask({ title, text, yes, no = true, danger = false, fields = [] }) {
  const dialog = $("ask");
  const inputs = fields.map(drawn);
  $("ask-title").textContent = title;
  $("ask-text").replaceChildren(...[text].flat());
  $("ask-yes").textContent = yes;
  $("ask-no").hidden = !no;
  $("ask-yes").className = danger ? "danger" : "primary";
  const label = (input, index) => h("label", { for: input.id }, fields[index].caption);
  $("ask-fields").replaceChildren(...inputs.flatMap((input, index) => [label(input, index), input]));
  dialog.showModal();
  if (inputs.length > 0) inputs[0].focus();
  else $(no ? "ask-no" : "ask-yes").focus();
  if (inputs[0]?.select) inputs[0].select();
  return new Promise((resolve) => {
    finish = (agreed) => {
      finish = () => undefined;
      const given = fields.map(({ into }, index) => into(inputs[index].value.trim()));
      resolve(agreed ? Object.assign({}, ...given) : null);
      $("ask-text").replaceChildren(); // what was shown once is gone then
      dialog.close();
    };
  });
}

function drawn({ value = "", options, required }, index) {
  const id = `ask-${index}`;
  if (options) {
    const option = ([each, text]) => h("option", { value: each, selected: each === value }, text);
    return h("select", { id }, ...options.map(option));
  }
  const plain = { autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  return h("input", { id, value, required, maxlength: "128", ...plain });
}

function yes() {
  const inputs = Array.from($("ask-fields").querySelectorAll("input"));
  if (inputs.every((input) => input.reportValidity())) finish(true);
}

$("ask-yes").addEventListener("click", yes);
$("ask-no").addEventListener("click", () => finish(false));
$("ask").addEventListener("close", () => {
  if (!$("ask").open) finish(false); // by the Escape key; news of it may come when the next question is asked already
});
$("ask").addEventListener("cancel", () => finish(false));
$("ask-fields").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.preventDefault(); // or the button that gets the focus back would be pressed by the same key
  yes();
});
