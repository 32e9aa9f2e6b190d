// Small helpers of the desk's pages; everything works without them except what is live.
"use strict";
window.desk = {
  /** Tell screen readers. */
  say(text) {
    document.getElementById("say").textContent = text;
  },
};
