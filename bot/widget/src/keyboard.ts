/** What lies over the lower end of the page: the composer, and a phone's keyboard where the browser does not shrink the page. */

/** Sets --composer on `root` to the height of the composer, so that nothing is scrolled to a place behind it. */
export function followComposer(root: HTMLElement, composer: HTMLElement): void {
  if (!("ResizeObserver" in window)) return; // the style sheet has a guess
  new ResizeObserver(() => root.style.setProperty("--composer", `${composer.offsetHeight}px`)).observe(composer);
}

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
