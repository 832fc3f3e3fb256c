// What the pages can do beyond plain HTML. Searching, joining and scheduling are plain forms beneath it.
const each = (selector, run, root = document) => root.querySelectorAll(selector).forEach(run);
const say = (name) => document.body.dataset[name] ?? "";
const cookie = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
};

// Light, dark, or as the system says: the server reads the cookie, so there is no flash of the other.
each("[data-set-theme]", (button) => {
  button.addEventListener("click", () => {
    const theme = button.dataset.setTheme;
    cookie("theme", theme);
    document.documentElement.dataset.theme = theme;
    each("[data-set-theme]", (b) => b.setAttribute("aria-pressed", String(b === button)));
  });
});

// The browser's time zone, where nobody has chosen one yet.
// Chromium still says some zones' former names.
const renamed = {
  "Africa/Asmera": "Africa/Asmara", "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Catamarca": "America/Argentina/Catamarca", "America/Coral_Harbour": "America/Atikokan",
  "America/Cordoba": "America/Argentina/Cordoba", "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis", "America/Jujuy": "America/Argentina/Jujuy",
  "America/Louisville": "America/Kentucky/Louisville", "America/Mendoza": "America/Argentina/Mendoza",
  "Asia/Calcutta": "Asia/Kolkata", "Asia/Katmandu": "Asia/Kathmandu", "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh", "Atlantic/Faeroe": "Atlantic/Faroe", "Europe/Kiev": "Europe/Kyiv",
  "Pacific/Enderbury": "Pacific/Kanton", "Pacific/Ponape": "Pacific/Pohnpei", "Pacific/Truk": "Pacific/Chuuk",
};
const found = Intl.DateTimeFormat().resolvedOptions().timeZone;
const zone = renamed[found] ?? found;

/** Of a zone's names, which the page gives best first, the first that this browser knows. */
function knownZone(names) {
  return names.split(" ").find((name) => {
    try {
      return Intl.DateTimeFormat("en", { timeZone: name });
    } catch {
      return false;
    }
  }) ?? "UTC";
}
each("select[data-detect-zone]", (select) => {
  if (select.dataset.detectZone === "chosen" || !zone) return;
  if (![...select.options].some((option) => option.value === zone)) select.add(new Option(zone, zone));
  select.value = zone;
});

// A visitor's own clock beside the tutor's and the student's.
each("time[data-here]", (time) => {
  const format = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  const at = new Date(time.dateTime);
  time.textContent = `${at.toLocaleString(document.documentElement.lang, format)} (${zone})`;
  time.closest("[hidden]")?.removeAttribute("hidden");
});

each("[data-copy]", (button) => {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      source.focus();
      source.select?.();
      if (!document.execCommand("copy")) return;
    }
    const label = button.textContent;
    button.textContent = say("copied");
    announce(say("copied"));
    setTimeout(() => { button.textContent = label; }, 2000);
  });
});

function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

// Search as you type: the address keeps the words, the list comes from the server.
each("form[data-live]", (form) => {
  const list = document.getElementById(form.dataset.live);
  const input = form.querySelector("input[name=q]");
  let timer;
  let latest;
  let trouble;
  async function search() {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const address = form.getAttribute("action") + (query.size ? `?${query}` : "");
    latest?.abort();
    latest = new AbortController();
    const done = progress();
    try {
      const answer = await fetch(address, { headers: { "X-Fragment": "1" }, signal: latest.signal });
      // Redirected means signed out meanwhile: that page is for the window, not for the list.
      if (!answer.ok || answer.redirected) return location.assign(address);
      list.innerHTML = await answer.text();
      trouble?.remove();
      history.replaceState(null, "", address);
      announce(list.querySelector("[data-count]")?.textContent ?? "");
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      trouble?.remove();
      trouble = offline(search);
      list.before(trouble);
    } finally {
      done();
    }
    return undefined;
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
  // A page that came out of the back-forward cache shows what its address says.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && input) input.value = new URLSearchParams(location.search).get("q") ?? "";
  });
});

// What stands below is not what was asked for.
function offline(retry) {
  const note = document.createElement("div");
  note.className = "note error";
  note.setAttribute("role", "alert");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn small";
  button.textContent = say("again");
  button.addEventListener("click", retry);
  note.append(say("offline"), button);
  return note;
}

// A bar at the top once something has taken half a second.
function progress() {
  let bar;
  const timer = setTimeout(() => {
    bar = document.createElement("div");
    bar.className = "progress";
    document.body.append(bar);
    announce(say("working"));
  }, 500);
  return () => {
    clearTimeout(timer);
    bar?.remove();
  };
}

// What destroys asks first, in a dialog that the page already holds.
each("[data-dialog]", (opener) => {
  const dialog = document.getElementById(opener.dataset.dialog);
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
});
each("dialog [data-close]", (button) => {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    button.closest("dialog").close();
  });
});

// One submit at a time, and a sign of life for those that take long.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  const done = progress();
  const button = event.submitter;
  const timer = setTimeout(() => button?.classList.add("busy"), 500);
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    clearTimeout(timer);
    button?.classList.remove("busy");
    done();
  }, { once: true });
  // A download leaves the page where it is.
  if (form.hasAttribute("data-download")) setTimeout(() => { delete form.dataset.sent; done(); }, 1000);
});

// Pages that the browser has kept are not for whoever sits here after the sign-out: they are asked for anew.
const opened = Date.now();
document.addEventListener("submit", (event) => {
  const leaves = event.target.getAttribute("action")?.endsWith("/accounts/logout/");
  if (leaves) localStorage.setItem("signed-out", Date.now());
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted || Number(localStorage.getItem("signed-out")) < opened) return;
  document.documentElement.hidden = true;
  location.reload();
});

// The other person's clock, beside the time one is choosing.
each("form[data-own-zone]", (form) => {
  const hint = form.querySelector("[data-their-time]");
  const second = form.querySelector("[data-comes-twice]");
  const field = (name) => form.elements.namedItem(name)?.value;
  function show() {
    const both = instants(field("date"), field("time"), knownZone(form.dataset.ownZone));
    second.hidden = both.length < 2 && !second.querySelector(".errorlist");
    const at = both[Number(field("fold"))] ?? both[0];
    hint.hidden = !at || form.dataset.ownZone === form.dataset.theirZone;
    if (hint.hidden) return;
    const text = at.toLocaleString(document.documentElement.lang, {
      timeZone: knownZone(form.dataset.theirZone), weekday: "long", hour: "2-digit", minute: "2-digit",
    });
    hint.textContent = hint.dataset.theirTime.replace("{when}", text);
  }
  form.addEventListener("input", show);
  show();
});

/** The instants when the clocks of `zoneName` show this date and time: none, one, or in autumn two. */
function instants(date, time, zoneName) {
  if (!date || !time) return [];
  const wall = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(wall) || date < "1000") return [];
  const shown = (at) => {
    const parts = new Intl.DateTimeFormat("en-CA", {
      timeZone: zoneName, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit",
    }).formatToParts(at);
    const part = (type) => parts.find((p) => p.type === type).value;
    return Date.parse(`${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}Z`);
  };
  // No zone changes its clock twice in two days, so these are the two offsets that can be meant.
  const offsets = [wall - 86400000, wall + 86400000].map((near) => shown(near) - near);
  const found = offsets.map((offset) => wall - offset).filter((at) => shown(at) === wall);
  return [...new Set(found)].sort((a, b) => a - b).map((at) => new Date(at));
}

// The waiting page counts down, and looks again when the time has come.
each("[data-opens-at]", (clock) => {
  const opens = Date.parse(clock.dataset.opensAt);
  function tick() {
    const left = Math.max(0, Math.round((opens - Date.now()) / 1000));
    const pad = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    const days = Math.floor(hours / 24);
    clock.textContent = days > 1 ? clock.dataset.days.replace("{days}", days)
      : `${hours ? `${hours}:` : ""}${pad(Math.floor(left / 60) % 60)}:${pad(left % 60)}`;
    if (left === 0) setTimeout(() => location.reload(), 3000); // the server may be a little behind
    else setTimeout(tick, 1000);
  }
  tick();
});

// The account menu closes like any menu.
each("details.menu", (menu) => {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
each("[data-refresh]", (button) => button.addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
}));

// “I am a student” on the landing page has answered the first question of the sign-up form.
each("form input[name=role]", (radio) => {
  if (radio.value === new URLSearchParams(location.search).get("role")) radio.checked = true;
});
