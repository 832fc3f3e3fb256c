/** Name and which devices are on, restored when the page is reloaded during a lesson; kept for this tab only. */
export interface SavedSetup {
  name: string;
  camera: boolean;
  microphone: boolean;
}

const key = (room: string) => `kreida-room-${room}`;

export function saveSetup(room: string, setup: SavedSetup): void {
  sessionStorage.setItem(key(room), JSON.stringify(setup));
}

export function loadSetup(room: string): SavedSetup | null {
  const text = sessionStorage.getItem(key(room));
  return text ? (JSON.parse(text) as SavedSetup) : null;
}
