/** How the widget looks and speaks: large text, simple view, strong contrast, dark, reading aloud. Kept for the next visit. */

import { button, make, prefers } from "./dom.ts";
import { saveDisplay, savedDisplay } from "./memory.ts";

export type Switch = "large" | "simple" | "contrast" | "dark" | "aloud";

const LABELS: Record<Switch, string> = {
  large: "大字",
  simple: "简洁",
  contrast: "高对比",
  dark: "深色",
  aloud: "自动朗读",
};

export class Display {
  /** Only what the resident chose; for the rest the device decides. */
  readonly #chosen: Partial<Record<Switch, boolean>> = {};
  readonly #buttons = new Map<Switch, HTMLButtonElement[]>();

  /** @param targets elements that get an attribute data-large, data-dark … for each switch that is on */
  constructor(private readonly targets: () => Element[]) {
    const saved = savedDisplay();
    for (const name of Object.keys(LABELS) as Switch[]) {
      if (typeof saved[name] === "boolean") this.#chosen[name] = saved[name];
    }
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener?.("change", () => this.apply());
    }
  }

  on(name: Switch): boolean {
    return this.#chosen[name] ?? ((name === "dark" && prefers("prefers-color-scheme: dark")) || (name === "contrast" && prefers("prefers-contrast: more")));
  }

  apply(): void {
    for (const name of Object.keys(LABELS) as Switch[]) {
      const on = this.on(name);
      for (const target of this.targets()) target.setAttribute(`data-${name}`, on ? "on" : "off");
      for (const node of this.#buttons.get(name) ?? []) node.setAttribute("aria-pressed", String(on));
    }
  }

  button(name: Switch): HTMLButtonElement {
    const node = button(LABELS[name], () => this.#toggle(name), { class: "switch", "data-switch": name, "aria-pressed": String(this.on(name)) });
    this.#buttons.set(name, [...(this.#buttons.get(name) ?? []), node]);
    return node;
  }

  #toggle(name: Switch): void {
    this.#chosen[name] = !this.on(name);
    saveDisplay(this.#chosen);
    this.apply();
  }
}

/** The switches that do not stand in the bar. */
export function renderSwitches(display: Display): HTMLElement {
  const names: Switch[] = ["simple", "contrast", "dark"];
  if ("speechSynthesis" in window) names.push("aloud");
  return make("div", { class: "switches", role: "group", "aria-label": "显示和朗读" }, ...names.map((name) => display.button(name)));
}
