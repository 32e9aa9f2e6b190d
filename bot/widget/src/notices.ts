/** What is said beside the answers: the status line, the announcer of finished answers, the notice above the input. */

import { type Parts, renderOffline } from "./layout.ts";

const ANNOUNCED_MS = 8000;

export class Notices {
  constructor(private readonly parts: Pick<Parts, "notice" | "announcer" | "status">) {}

  /** The status line, for screen readers. */
  say(text: string): void {
    this.parts.status.textContent = text;
  }

  /** Once; then it goes, so that whoever reads through the page does not meet it twice. */
  announce(text: string): void {
    const { announcer } = this.parts;
    announcer.textContent = text;
    setTimeout(() => {
      if (announcer.textContent === text) announcer.textContent = "";
    }, ANNOUNCED_MS);
  }

  /** What stands above the input; when there is nothing else, that the network is missing. */
  note(...nodes: Node[]): void {
    const shown = nodes.length > 0 || navigator.onLine ? nodes : renderOffline();
    this.parts.notice.replaceChildren(...shown);
    this.parts.notice.hidden = shown.length === 0;
  }

  offline(): void {
    this.note();
    this.parts.notice.scrollIntoView({ block: "nearest" });
    this.say("现在没有网络。");
  }
}
