// A page that a link of a mail leads to: the link's secret stands behind its "#", which browsers send to no server.
//
// The page has one form. Its data-action takes the form's named fields and the secret as JSON; data-done is what is said when
// that worked. A field with data-same-as repeats another one. What is wrong with a field stands in the element <id>-problem.
"use strict";

const form = document.querySelector("form[data-action]");
const message = document.getElementById("message");
const secret = new URLSearchParams(location.hash.slice(1)).get("token");

function say(text, isProblem) {
  message.textContent = text;
  message.className = isProblem ? "problem" : "";
}

// Where the focus was may be hidden or disabled by now; from here the next Tab leads on.
function sayAndShow(text, isProblem) {
  say(text, isProblem);
  message.focus();
}

function problemOf(field, text) {
  const place = document.getElementById(`${field.id}-problem`);
  place.textContent = text;
  field.setAttribute("aria-invalid", text ? "true" : "false");
}

function fields() {
  return [...form.elements].filter((element) => element.tagName === "INPUT");
}

function clearProblems() {
  say("", false);
  fields().forEach((field) => problemOf(field, ""));
}

// Returns false, with the cursor where it is, when a field does not repeat the other.
function repeatsAgree() {
  const wrong = fields().find((field) => field.dataset.sameAs && field.value !== form.elements[field.dataset.sameAs].value);
  if (wrong) {
    problemOf(wrong, "This does not match the field above.");
    wrong.focus();
  }
  return !wrong;
}

// An answer of the API: either one error, or one for each field.
function showRefusal(answer, retryAfter) {
  const others = [];
  for (const { field, message: text } of answer.errors ?? []) {
    const named = field && form.elements[field];
    if (named) {
      problemOf(named, text);
      named.focus();
    } else {
      others.push(text);
    }
  }
  const wait = retryAfter ? ` Try again in ${retryAfter} seconds.` : "";
  const text = others.join(" ") || answer.error || "";
  if (text || !answer.errors) {
    sayAndShow(`${text || "This did not work."}${wait}`, true);
  }
}

async function send() {
  const named = fields().filter((field) => field.name);
  const content = Object.fromEntries(named.map((field) => [field.name, field.value]));
  const response = await fetch(form.dataset.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...content, token: secret }),
    credentials: "omit",
    redirect: "error",
  });
  if (response.ok) {
    form.hidden = true;
    form.reset();
    sayAndShow(form.dataset.done, false);
  } else {
    showRefusal(await response.json(), response.headers.get("Retry-After"));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblems();
  if (!repeatsAgree()) {
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send();
  } catch {
    sayAndShow("The service could not be reached. Check your connection and try again.", true);
  } finally {
    button.disabled = false;
  }
});

// Another link of a mail, opened in the same tab, differs behind the "#" only: the browser would keep the page as it is.
addEventListener("hashchange", () => location.reload());
// Out of the address bar, the history and what is copied from them.
history.replaceState(null, "", location.pathname);
if (secret) {
  form.hidden = false;
} else {
  say("This link is not complete. Open the link in the mail again, or ask for a new one.", true);
}
