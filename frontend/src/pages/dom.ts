export function each<E extends HTMLElement>(selector: string, run: (element: E) => void): void {
  document.querySelectorAll<E>(selector).forEach(run);
}

/** Announces a text to screen readers. */
export function announce(text: string): void {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
