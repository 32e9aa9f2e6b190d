// Small helpers of the desk's pages; everything works without them except what is live.
"use strict";
(() => {
  const say = (text) => {
    document.getElementById("say").textContent = text;
  };
  window.desk = { say };
  const plain = document.title;

  // --- live: the service says only that something changed, htmx then fetches what may be seen ---
  const part = document.querySelector("[data-live]");
  let pause = 1000;
  let before = count();

  function count() {
    return Number(document.getElementById("waiting-count")?.textContent ?? 0);
  }

  function connect() {
    const address = new URL("/desk/live", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (part.dataset.live) address.searchParams.set("conversation", part.dataset.live);
    const socket = new WebSocket(address);
    socket.addEventListener("message", () => document.body.dispatchEvent(new Event("desk:changed")));
    socket.addEventListener("open", () => {
      pause = 1000;
    });
    socket.addEventListener("close", () => {
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, 30000);
    });
  }

  /** A short tone; browsers allow it once somebody has pressed a key or clicked. */
  function beep() {
    try {
      const audio = new AudioContext();
      const tone = audio.createOscillator();
      tone.frequency.value = 660;
      tone.connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.2);
      tone.addEventListener("ended", () => audio.close());
    } catch {
      // no sound then
    }
  }

  function badge() {
    const now = count();
    document.title = now ? `（${now}）${plain}` : plain;
    if (now > before) {
      say(`又有人在等，现在 ${now} 个。`);
      beep();
    }
    before = now;
  }

  if (part) {
    connect();
    badge();
    document.body.addEventListener("htmx:afterSwap", () => {
      if (document.getElementById("waiting-count")) badge();
      const thread = document.querySelector(".thread");
      if (thread) thread.scrollTop = thread.scrollHeight;
    });
    const thread = document.querySelector(".thread");
    if (thread) thread.scrollTop = thread.scrollHeight;
  }

  // --- answering ---
  const reply = document.getElementById("reply");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey && !event.isComposing) {
      const form = event.target.closest("form");
      if (form) {
        event.preventDefault();
        form.requestSubmit();
      }
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.id === "use-suggestion" && reply) {
      reply.value = document.getElementById("suggested").textContent;
      reply.focus();
    }
  });
  document.getElementById("canned")?.addEventListener("change", (event) => {
    if (event.target.value && reply) {
      reply.value = event.target.value;
      reply.focus();
    }
  });

  // --- a file that is too large is told before it is sent: what was filled in stays ---
  for (const input of document.querySelectorAll("input[type=file][data-most]")) {
    input.addEventListener("change", () => {
      const most = Number(input.dataset.most);
      const large = [...input.files].some((file) => file.size > most * 1_000_000);
      input.setCustomValidity(large ? `文件超过 ${most} MB，不收。请换小一点的，或者分成几个。` : "");
      input.reportValidity();
    });
  }

  // --- the caller panel, by keyboard ---
  const typed = document.getElementById("typed");
  if (typed) {
    const matter = document.getElementById("matter");
    let suggested = "";
    document.body.addEventListener("htmx:afterSwap", () => {
      const found = document.getElementById("steps")?.dataset.matter ?? "";
      if (found && matter.value === suggested) matter.value = suggested = found; // what was typed there stays
    });
    const copy = async () => {
      const steps = document.getElementById("steps");
      if (!steps) return say("还没有答复可以复制。");
      try {
        await navigator.clipboard.writeText(steps.textContent);
        say("步骤已经复制。");
      } catch {
        say("没能复制，请选中文字再复制。");
      }
    };
    const keys = { F2: copy, F4: () => matter.focus(), F8: () => typed.focus() };
    document.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    document.addEventListener("click", (event) => {
      if (!event.target.classList.contains("similar")) return;
      typed.value = event.target.textContent;
      typed.focus();
      typed.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
