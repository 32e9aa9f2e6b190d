/** Speaking instead of typing, where the browser turns speech into text by itself. */

import { button } from "./dom.ts";

interface Recognition extends EventTarget {
  lang: string;
  interimResults: boolean;
  start(): void;
  stop(): void;
}

const TROUBLE: Record<string, string> = {
  "not-allowed": "浏览器没有让用话筒，请打字。",
  "service-not-allowed": "这个浏览器不能听写，请打字。",
  "audio-capture": "没有找到话筒，请打字。",
  "no-speech": "没有听到声音，请再说一次。",
};

/** Null where the browser cannot. @param heard called with all that was understood so far */
export function voiceButton(begin: () => string, heard: (text: string) => void, say: (text: string) => void): HTMLButtonElement | null {
  const kinds = window as unknown as Record<string, (new () => Recognition) | undefined>;
  const Kind = kinds.SpeechRecognition ?? kinds.webkitSpeechRecognition;
  if (!Kind) return null;
  let running: Recognition | null = null;
  const mark = (on: boolean): void => {
    node.setAttribute("aria-pressed", String(on));
    node.textContent = on ? "说完了" : "语音";
    node.setAttribute("aria-label", on ? "说完了，停止语音输入" : "语音输入"); // begins with what is seen
  };
  const node = button("语音", () => {
    if (running) return running.stop();
    const before = begin();
    const recognition = new Kind();
    recognition.lang = "zh-CN";
    recognition.interimResults = true;
    recognition.addEventListener("result", (event) => {
      const { results } = event as Event & { results: ArrayLike<ArrayLike<{ transcript: string }>> };
      heard(before + Array.from(results, (result) => result[0]?.transcript ?? "").join(""));
    });
    recognition.addEventListener("error", (event) => {
      say(TROUBLE[(event as Event & { error: string }).error] ?? "这会儿听不了，请打字。");
    });
    recognition.addEventListener("end", () => {
      running = null;
      mark(false);
    });
    try {
      recognition.start();
      running = recognition;
      mark(true);
      say("请说，说完点“说完了”。");
    } catch {
      say("这会儿听不了，请打字。");
    }
  }, { class: "voice", "aria-pressed": "false", "aria-label": "语音输入" });
  return node;
}
