export interface Person {
  id: number;
  first_name: string;
  last_name: string;
}

export interface Student extends Person {
  email: string;
}

export type LessonStatus = "scheduled" | "completed" | "cancelled";

export interface Lesson {
  id: number;
  title: string;
  starts_at: string;
  ends_at: string;
  status: LessonStatus;
  tutor: Person;
  student: Person;
}

export interface NewLesson {
  student_id: number;
  title: string;
  starts_at: string;
  ends_at: string;
  allow_overlap?: boolean;
}

export interface Range {
  start: Date;
  end: Date;
}

/** A lesson's time as the server told it. */
export type Seen = Pick<Lesson, "starts_at" | "ends_at">;

/** An answer that is not a success, or none at all (`network_error`, status 0). */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    readonly fields: Record<string, string[]> = {},
  ) {
    super(detail || code);
  }

  /** The sentence for a person: the fields' own say more than "invalid input". */
  get text(): string {
    return Object.values(this.fields).flat().join(" ") || this.detail;
  }
}

/** Reads the API's error body; a proxy's HTML page or an empty body becomes `server_error`. */
export function parseError(status: number, body: string): ApiError {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    data = null;
  }
  const { error, detail, fields } = (data ?? {}) as Record<string, unknown>;
  const code = typeof error === "string" ? error : fallbackCode(status);
  return new ApiError(code, status, typeof detail === "string" ? detail : "", cleanFields(fields));
}

function fallbackCode(status: number): string {
  return status === 401 ? "not_authenticated" : "server_error";
}

function cleanFields(fields: unknown): Record<string, string[]> {
  if (typeof fields !== "object" || fields === null) return {};
  const lists = Object.entries(fields).filter(([, value]) => Array.isArray(value));
  return Object.fromEntries(lists.map(([name, value]) => [name, value.map(String)]));
}

type Send = <T>(method: string, path: string, body?: object, headers?: HeadersInit) => Promise<T>;

/** `onActivity` hears +1 when a request starts and -1 when it ends. */
function sender(csrfToken: string, onActivity: (change: 1 | -1) => void): Send {
  return async <T>(method: string, path: string, body?: object, extra?: HeadersInit) => {
    const headers = new Headers({ Accept: "application/json", ...extra });
    if (method !== "GET") headers.set("X-CSRFToken", csrfToken);
    if (body) headers.set("Content-Type", "application/json");
    onActivity(1);
    try {
      const init: RequestInit = { method, headers, credentials: "same-origin" };
      if (body) init.body = JSON.stringify(body);
      const response = await fetch(path, init);
      const text = await response.text();
      if (!response.ok) throw parseError(response.status, text);
      return JSON.parse(text) as T;
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError("network_error", 0, "");
    } finally {
      onActivity(-1);
    }
  };
}

export type Api = ReturnType<typeof createApi>;

export function createApi(csrfToken: string, onActivity: (change: 1 | -1) => void) {
  const send = sender(csrfToken, onActivity);
  return {
    async lessons(from: Date, to: Date, includeCancelled: boolean): Promise<Lesson[]> {
      const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
      if (includeCancelled) query.set("include_cancelled", "true");
      return (await send<{ results: Lesson[] }>("GET", `/api/lessons?${query}`)).results;
    },
    async students(q: string): Promise<Student[]> {
      const query = new URLSearchParams({ q, limit: "10" });
      return (await send<{ results: Student[] }>("GET", `/api/classroom/my-students/?${query}`))
        .results;
    },
    /** The same key makes a repeat after a lost answer harmless. */
    create: (lesson: NewLesson, idempotencyKey: string) =>
      send<Lesson>("POST", "/api/lessons/", lesson, { "Idempotency-Key": idempotencyKey }),
    lesson: (id: number) => send<Lesson>("GET", `/api/lessons/${id}/`),
    /** Refused as `precondition_failed` where the lesson is no longer at the time that was `seen`. */
    move: (id: number, to: Range, seen: Seen) =>
      send<Lesson>("PATCH", `/api/lessons/${id}/`, {
        starts_at: to.start.toISOString(),
        ends_at: to.end.toISOString(),
        expected_starts_at: seen.starts_at,
        expected_ends_at: seen.ends_at,
      }),
    cancel: (id: number, reason: string) =>
      send<Lesson>("POST", `/api/lessons/${id}/cancel/`, reason ? { reason } : {}),
  };
}

/** randomUUID is missing on a plain-HTTP host of one's own network. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
