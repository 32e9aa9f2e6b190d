/** Elements from code: every word enters as a text node, never as markup. */

type Value = string | number | boolean | null | undefined;
type Child = Node | string | null | undefined | false;

/** Makes an element; `text` sets its text, other properties become attributes (null, undefined and false leave them out). */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { text, ...attributes }: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  if (text !== undefined && text !== null) node.textContent = String(text);
  node.append(...children.filter((child): child is Node | string => Boolean(child)));
  return node;
}

export function button(text: string, onClick: () => void, attributes: Record<string, Value> = {}): HTMLButtonElement {
  const node = make("button", { type: "button", text, ...attributes });
  node.addEventListener("click", onClick);
  return node;
}

/** A style sheet made by script is allowed under every content security policy; an old browser gets a style element. */
export function addStyle(root: ShadowRoot | Document, css: string, window_: Window & typeof globalThis = window): void {
  try {
    const sheet = new window_.CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = make("style", { text: css });
    (root instanceof ShadowRoot ? root : root.head).append(style);
  }
}

export function prefers(query: string): boolean {
  return matchMedia(`(${query})`).matches;
}
