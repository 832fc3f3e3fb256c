/** Custom icons: a 24 by 24 view box with a stroke width of 1.75. */
const ICON_PATHS = {
  camera: "M3 7h11a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H3zM15 11l6-3.5v9L15 13",
  "camera-off": "M6 7h8a1 1 0 0 1 1 1v6M15 11l6-3.5v9l-3-1.8M3 8v9h11M3 3l18 18",
  microphone: "M9 5a3 3 0 0 1 6 0v6a3 3 0 0 1-6 0zM5 11a7 7 0 0 0 14 0M12 18v3",
  "microphone-off":
    "M9 9v2a3 3 0 0 0 4.5 2.6M15 10V5a3 3 0 0 0-5.7-1.2M5 11a7 7 0 0 0 10.6 6M19 11a7 7 0 0 1-.7 3M12 18v3M3 3l18 18",
  screen: "M3 5h18v11H3zM9 20h6M12 8v5M9.5 10.5 12 8l2.5 2.5",
  hand: "M8 12V6a1.5 1.5 0 0 1 3 0v5V4.5a1.5 1.5 0 0 1 3 0V11 6a1.5 1.5 0 0 1 3 0v8a7 7 0 0 1-7 7c-3 0-4.5-1.6-6-4.5L5 13a1.5 1.5 0 0 1 2.6-1.4z",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 7m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M9 17m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  end: "M3 15v-2c5-4.500 13-4.500 18 0v2l-4.500.8-.8-3c-2.400-.8-5-.8-7.400 0l-.8 3z",
  leave: "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
  chat: "M4 5h16v11H11l-4 4v-4H4z",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  grid: "M4 4h16v16H4zM4 9.3h16M4 14.6h16M9.3 4v16M14.6 4v16",
  formula: "M17 5H7l6 7-6 7h10",
  pdf: "M6 3h8l4 4v14H6zM14 3v4h4M9 13h6M9 17h4",
  export: "M12 4v11M8 11.5l4 4 4-4M5 20h14",
  follow:
    "M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  history: "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 2",
  previous: "M4 5h16v14H4zM14.5 8.500 10.500 12l4 3.500",
  timer: "M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 9v4l2.5 2M9.5 2.5h5",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5a6.5 6.5 0 0 1 3.5 5.5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  send: "M4 12 20 4l-5 16-3.5-6.5z",
  wait: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
} as const;

export type IconName = keyof typeof ICON_PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="room-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICON_PATHS[name]} />
    </svg>
  );
}
