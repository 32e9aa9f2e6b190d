/**
 * The one script tag: <script src="https://…/widget.js" defer data-…></script>
 *
 * data-target   selector of the element to put the widget into; without it a button in the corner opens it
 * data-label    words on that button
 * data-open     open it at once
 * data-api      address of the API, where it is not beside the script
 *
 * A page that holds <yin-fawen> already decides for itself.
 */

import { origin, YinFawen } from "./widget.ts";

const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
if (script) origin.root = new URL(script.src, document.baseURI).href.replace(/(?:widget\/)?widget(?:\.[0-9a-f]+)?\.js(?:[?#].*)?$/, "");
if (!customElements.get("yin-fawen")) {
  customElements.define("yin-fawen", YinFawen);
  if (script) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => place(script));
    else place(script);
  }
}

function place({ dataset }: HTMLScriptElement): void {
  if (document.querySelector("yin-fawen")) return;
  const target = dataset.target ? document.querySelector(dataset.target) : null;
  const docked = !target;
  const attributes = { api: dataset.api, dock: docked, label: dataset.label, open: docked && dataset.open !== undefined };
  const widget = document.createElement("yin-fawen");
  for (const [name, value] of Object.entries(attributes)) {
    if (value) widget.setAttribute(name, value === true ? "" : value);
  }
  (target ?? document.body).append(widget);
}
