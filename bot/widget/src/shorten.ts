/** Where a long answer is cut: after a paragraph if possible, else after a sentence, never within one. */

export const LONG = 200; // 汉字; up to here an answer shows whole
const WANTED = 120; // a first part shorter than this says too little
const WORTH = 50; // a rest shorter than this is not worth a button

const HAN = /[\u3400-\u9fff]/g;

export function countHan(text: string): number {
  return text.match(HAN)?.length ?? 0;
}

/** The part that shows at once and the rest; the rest is empty when the text is short or has no good place to cut. */
export function shorten(text: string): [first: string, rest: string] {
  if (countHan(text) <= LONG) return [text, ""];
  const at = lastWithin(text, /\n+/g) ?? lastWithin(text, /[。！？；][”’」』）]*\s*/g) ?? text.length;
  const first = text.slice(0, at).trimEnd();
  const rest = text.slice(first.length);
  return countHan(rest) < WORTH ? [text, ""] : [first, rest];
}

/** The last end of `mark` that leaves between WANTED and LONG characters before it. */
function lastWithin(text: string, mark: RegExp): number | null {
  let found: number | null = null;
  for (const match of text.matchAll(mark)) {
    const end = (match.index ?? 0) + match[0].length;
    const size = countHan(text.slice(0, end));
    if (size > LONG) break;
    if (size >= WANTED) found = end;
  }
  return found;
}
