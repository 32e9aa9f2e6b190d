/** The keyboard of a phone covers the page where the browser does not shrink it: what is fixed below moves up. */

/** Sets --keyboard on `root` to the height that is covered; `covered` is called when that grows. */
export function followKeyboard(root: HTMLElement, covered: () => void): void {
  const view = window.visualViewport;
  if (!view) return;
  let before = 0;
  const follow = (): void => {
    // Zoomed in, the visible part is smaller too, but nothing lies over the page.
    const height = view.scale > 1.05 ? 0 : Math.max(0, Math.round(window.innerHeight - view.height - view.offsetTop));
    root.style.setProperty("--keyboard", `${height}px`);
    if (height > before) covered();
    before = height;
  };
  view.addEventListener("resize", follow);
  view.addEventListener("scroll", follow);
}
