/** An error response, or no response at all (`network_error`, status 0). */
export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    /** In the user's language; empty when the response was not from the API. */
    detail = "",
    readonly fields: Readonly<Record<string, string[]>> = {},
    /** Seconds. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** The message for the user; field errors are more specific than the general detail. */
  get text(): string {
    return Object.values(this.fields).flat().join(" ") || this.message;
  }
}

/** The server's message, or `fallback` when there is none. */
export function errorMessage(error: unknown, fallback: string): string {
  return error instanceof ApiError && error.status && error.message ? error.message : fallback;
}

/** Reads the API's error body; a proxy's HTML page or an empty body becomes `server_error`. */
export function parseError(
  status: number,
  body: string,
  retryAfter: number | null = null,
): ApiError {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    data = null;
  }
  const { error, detail, fields } = (data ?? {}) as Record<string, unknown>;
  const code = typeof error === "string" ? error : fallbackCode(status);
  const text = typeof detail === "string" ? detail : "";
  return new ApiError(status, code, text, parseFields(fields), retryAfter);
}

function fallbackCode(status: number): string {
  return status === 401 ? "not_authenticated" : "server_error";
}

function parseFields(fields: unknown): Record<string, string[]> {
  if (typeof fields !== "object" || fields === null) return {};
  const lists = Object.entries(fields).filter(([, value]) => Array.isArray(value));
  return Object.fromEntries(lists.map(([name, value]) => [name, value.map(String)]));
}

export type Request = (url: string, init?: RequestInit) => Promise<Response>;

/** `fetch` with the session's cookie and CSRF token, throwing ApiError for anything but a 2xx. */
export function createRequest(csrfToken: string): Request {
  return async (url, init = {}) => {
    const headers = new Headers({ Accept: "application/json" });
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    headers.set("X-CSRFToken", csrfToken);
    try {
      const response = await fetch(url, { ...init, headers, credentials: "same-origin" });
      if (response.ok) return response;
      const retryAfter = Number(response.headers.get("Retry-After")) || null;
      throw parseError(response.status, await response.text(), retryAfter);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0, "network_error");
    }
  };
}

export function json(
  method: string,
  body: unknown,
  headers: Record<string, string> = {},
): RequestInit {
  const type = { "Content-Type": "application/json" };
  return { method, body: JSON.stringify(body), headers: { ...type, ...headers } };
}
