import { afterEach, expect, it, vi } from "vitest";
import { createApi } from "./api";

afterEach(() => vi.unstubAllGlobals());

function answering(response: () => Promise<Response>) {
  const fetched = vi.fn((_path: string, _init: RequestInit) => response());
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

it("requests a range in UTC, which needs no encoded plus sign", async () => {
  const fetched = answering(async () => Response.json({ results: [] }));
  const [from, to] = [new Date("2026-03-02T00:00:00+02:00"), new Date("2026-03-09T00:00:00+02:00")];
  await createApi("token", () => {}).lessons(from, to, true);
  const url = new URL(fetched.mock.calls[0]?.[0] ?? "", "http://localhost");
  expect(url.pathname).toBe("/api/lessons");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    from: "2026-03-01T22:00:00.000Z",
    to: "2026-03-08T22:00:00.000Z",
    include_cancelled: "true",
  });
});

it("sends the CSRF token with writes, and counts the request", async () => {
  const fetched = answering(async () => Response.json({ id: 1 }));
  const activity: number[] = [];
  await createApi("token", (change) => activity.push(change)).cancel(1, "ill");
  const init = fetched.mock.calls[0]?.[1];
  expect(new Headers(init?.headers).get("X-CSRFToken")).toBe("token");
  expect(init?.body).toBe('{"reason":"ill"}');
  expect(activity).toEqual([1, -1]);
});

it("reports a lost connection as network_error", async () => {
  answering(() => Promise.reject(new TypeError("Failed to fetch")));
  const refused = createApi("token", () => {}).cancel(1, "");
  await expect(refused).rejects.toMatchObject({
    code: "network_error",
    status: 0,
  });
});
