import { expect, it } from "vitest";
import { imageAddress } from "./image-address";

const ROOT = "/api/classroom/sessions/5b0a8a5e-3b0e-4a53-9d4e-0b6a7c1d2e3f/";
const ROOM_FILE = `${ROOT}files/0c5b7a39-93c7-4d4a-8f3c-2a1b3c4d5e6f/`;

it.each([ROOM_FILE, ROOM_FILE.slice(0, -1)])("accepts %s", (url) => {
  expect(imageAddress({ url, mimeType: "image/png" }, ROOT)).toBe(ROOM_FILE);
});

it.each([
  "https://elsewhere.example/a.png",
  `https://elsewhere.example${ROOM_FILE}`,
  `//elsewhere.example${ROOM_FILE}`,
  ROOM_FILE.replace("5b0a8a5e", "11111111"),
  `${ROOT}files/../history/1/`,
  `${ROOT}files/../join/0c5b7a39-93c7-4d4a-8f3c-2a1b3c4d5e6f/`,
  `${ROOM_FILE}?x`,
  `${ROOT}notes/`,
  "data:image/png;base64,AAAA",
  "javascript:alert(1)",
  "http://[",
  "",
])("rejects %s", (url) => {
  expect(imageAddress({ url, mimeType: "image/png" }, ROOT)).toBeNull();
});

it.each([null, undefined, 5, "x", [], {}, { url: 5 }, { url: null }])(
  "rejects the invalid entry %s",
  (value) => {
    expect(imageAddress(value, ROOT)).toBeNull();
  },
);
