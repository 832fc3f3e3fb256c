import { afterEach, expect, it, vi } from "vitest";
import { createRequest, errorMessage, json, parseError } from "./api";

afterEach(() => vi.unstubAllGlobals());

function answering(response: () => Promise<Response>) {
  const fetched = vi.fn((_path: string, _init: RequestInit) => response());
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

it("keeps an error's code and detail", () => {
  const error = parseError(409, '{"error":"lesson_conflict","detail":"Taken by Olena."}');
  expect(error).toMatchObject({ code: "lesson_conflict", status: 409, text: "Taken by Olena." });
});

it("prefers field errors to the detail", () => {
  const body = {
    error: "validation_error",
    detail: "Invalid.",
    fields: { ends_at: ["Too long."] },
  };
  expect(parseError(400, JSON.stringify(body)).text).toBe("Too long.");
});

it.each([
  [502, "<html>Bad gateway</html>", "server_error"],
  [500, "", "server_error"],
  [401, "null", "not_authenticated"],
  [400, '{"error":7,"fields":["x"]}', "server_error"],
])("makes an error of status %i with body %s", (status, body, code) => {
  const error = parseError(status, body);
  expect(error).toMatchObject({ code, status, text: "", fields: {} });
  expect(errorMessage(error, "Try again.")).toBe("Try again.");
});

it("sends the CSRF token and the content type", async () => {
  const fetched = answering(async () => Response.json({ id: 1 }));
  await createRequest("token")("/api/", json("POST", { reason: "ill" }));
  const headers = new Headers(fetched.mock.calls[0]?.[1].headers);
  expect(headers.get("X-CSRFToken")).toBe("token");
  expect(headers.get("Content-Type")).toBe("application/json");
  expect(headers.get("Accept")).toBe("application/json");
});

it("throws the server's error with its Retry-After", async () => {
  const body = { error: "rate_limited", detail: "Too many." };
  answering(async () => Response.json(body, { status: 429, headers: { "Retry-After": "7" } }));
  const refused = { status: 429, code: "rate_limited", message: "Too many.", retryAfter: 7 };
  await expect(createRequest("token")("/api/")).rejects.toMatchObject(refused);
});

it("reports a lost connection as network_error", async () => {
  answering(() => Promise.reject(new TypeError("Failed to fetch")));
  const refused = createRequest("token")("/api/");
  await expect(refused).rejects.toMatchObject({ code: "network_error", status: 0 });
});
