/** On other people's pages: a button in the corner, and the widget in a dialog that it opens. */

import { button, make, prefers } from "./dom.ts";
import type { Parts } from "./layout.ts";

export interface Dock {
  open: () => void;
  /** An answer came; while the dialog is closed the button says so. */
  news: () => void;
}

export function buildDock(parts: Parts, label: string | null): Dock {
  const words = label || "法律问答";
  const dialog = make("dialog", { class: "dock", "aria-label": "殷法问，法律服务问答" }, parts.widget);
  const launcher = button(words, () => (dialog.open ? close() : open()), { class: "launcher", "aria-expanded": "false", "aria-haspopup": "dialog" });
  parts.bar.append(button("关闭", () => close(), { class: "close" }));
  const open = (): void => {
    // On a phone it covers the page, so nothing behind it may take the focus.
    if (prefers("max-width: 40rem") && dialog.showModal) dialog.showModal();
    else if (dialog.show) dialog.show();
    else dialog.setAttribute("open", "");
    launcher.setAttribute("aria-expanded", "true");
    launcher.textContent = words;
    parts.input.focus();
  };
  const close = (): void => {
    if (dialog.close) dialog.close();
    else dialog.removeAttribute("open");
    launcher.setAttribute("aria-expanded", "false");
    launcher.focus();
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault(); // the back gesture of a phone
    close();
  });
  parts.root.append(launcher, dialog);
  return {
    open,
    news: () => {
      if (!dialog.open) launcher.textContent = `${words}：有新答复`;
    },
  };
}
