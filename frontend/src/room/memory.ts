import type { Choice } from "./call/media";

/** What a reload in mid-lesson should find again; gone with the tab. */
export interface Memory {
  name: string;
  choice: Choice;
  camera: boolean;
  microphone: boolean;
}

const key = (room: string) => `kreida-room-${room}`;

export function remember(room: string, memory: Memory): void {
  sessionStorage.setItem(key(room), JSON.stringify(memory));
}

export function recall(room: string): Memory | null {
  const text = sessionStorage.getItem(key(room));
  return text ? (JSON.parse(text) as Memory) : null;
}
