export function each<E extends HTMLElement>(selector: string, run: (element: E) => void): void {
  document.querySelectorAll<E>(selector).forEach(run);
}

/** Reads a text to people who use a screen reader. */
export function announce(text: string): void {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
