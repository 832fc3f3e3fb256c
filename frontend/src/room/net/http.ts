import type { Config } from "../config";
import type { Role } from "../protocol";

/** `status` is 0 where the server could not be reached at all. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

/** What the server has against it; other words where it did not say or could not be asked. */
export function reasonOf(error: unknown, otherwise: string): string {
  return error instanceof ApiError && error.status && error.message ? error.message : otherwise;
}

export interface Joined {
  ticket: string;
  expires_at: string;
  role: Role;
  events_url: string;
  board_url: string;
  ice_servers: RTCIceServer[];
}

export type Request = (url: string, init?: RequestInit) => Promise<Response>;

async function failure(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  try {
    const body = (await response.json()) as { error?: string; detail?: string };
    return new ApiError(response.status, body.error ?? "", body.detail ?? "", retryAfter);
  } catch {
    return new ApiError(response.status, "", response.statusText, retryAfter);
  }
}

/** `fetch` with the session's cookie and CSRF token, throwing ApiError for anything but a 2xx. */
export function createRequest(csrfToken: string): Request {
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("X-CSRFToken", csrfToken);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, credentials: "same-origin" });
    } catch (error) {
      throw new ApiError(0, "network", String(error));
    }
    if (!response.ok) throw await failure(response);
    return response;
  };
}

export function json(method: string, body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

export async function join(request: Request, config: Config, name: string): Promise<Joined> {
  const body: Record<string, string> = {};
  if (config.invite) body.invite = config.invite;
  if (config.guest && name) body.name = name;
  const response = await request(config.joinUrl, json("POST", body));
  return (await response.json()) as Joined;
}
