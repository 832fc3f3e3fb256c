import { ApiError, createRequest, json } from "../shared/api";

export interface Person {
  id: number;
  first_name: string;
  last_name: string;
}

export interface Student extends Person {
  email: string;
}

export interface Participant extends Person {
  status: "booked" | "cancelled" | "late_cancelled" | "attended" | "no_show";
}

/** The first students found, and how many there are. */
export interface FoundStudents {
  count: number;
  results: Student[];
}

export type LessonStatus = "requested" | "scheduled" | "completed" | "cancelled";

export interface Lesson {
  id: number;
  title: string;
  starts_at: string;
  ends_at: string;
  status: LessonStatus;
  tutor: Person;
  students: Participant[];
  /** Null for a lesson by itself. */
  series_id: number | null;
}

export interface NewLesson {
  student_ids: number[];
  title: string;
  starts_at: string;
  ends_at: string;
  allow_overlap?: boolean;
}

export interface Range {
  start: Date;
  end: Date;
}

/** A lesson's start and end from the server. */
export type LessonTimes = Pick<Lesson, "starts_at" | "ends_at">;

type Read<T> = (response: Response) => Promise<T>;
type Send = <T>(path: string, init?: RequestInit, read?: Read<T>) => Promise<T>;

/** Calls `onActivity` with +1 when a request starts and -1 when it ends. */
function createSend(csrfToken: string, onActivity: (change: 1 | -1) => void): Send {
  const request = createRequest(csrfToken);
  return async <T>(path: string, init?: RequestInit, read: Read<T> = (r) => r.json()) => {
    onActivity(1);
    try {
      return await read(await request(path, init));
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0, "network_error");
    } finally {
      onActivity(-1);
    }
  };
}

async function readChangeId(response: Response): Promise<string | null> {
  return response.headers.get("Change-Id");
}

export type Api = ReturnType<typeof createApi>;

export function createApi(csrfToken: string, onActivity: (change: 1 | -1) => void) {
  const send = createSend(csrfToken, onActivity);
  return {
    async lessons(from: Date, to: Date, includeCancelled: boolean): Promise<Lesson[]> {
      const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
      if (includeCancelled) query.set("include_cancelled", "true");
      return (await send<{ results: Lesson[] }>(`/api/lessons?${query}`)).results;
    },
    students: (q: string) => {
      const query = new URLSearchParams({ q, limit: "10" });
      return send<FoundStudents>(`/api/classroom/my-students/?${query}`);
    },
    /** The idempotency key makes a retry after a lost response safe. */
    create: (lesson: NewLesson, idempotencyKey: string) =>
      send<Lesson>("/api/lessons/", json("POST", lesson, { "Idempotency-Key": idempotencyKey })),
    lesson: (id: number) => send<Lesson>(`/api/lessons/${id}/`),
    /** Fails with `precondition_failed` when the lesson's time is no longer the expected one. */
    move: (id: number, to: Range, expected: LessonTimes, allowOverlap = false) => {
      const change = {
        starts_at: to.start.toISOString(),
        ends_at: to.end.toISOString(),
        expected_starts_at: expected.starts_at,
        expected_ends_at: expected.ends_at,
        ...(allowOverlap && { allow_overlap: true }),
      };
      return send<Lesson>(`/api/lessons/${id}/`, json("PATCH", change));
    },
    /** Resolves to the id by which `undo` takes it back. */
    cancel: (id: number, reason: string) =>
      send<string | null>(
        `/api/lessons/${id}/cancel/`,
        json("POST", reason ? { reason } : {}),
        readChangeId,
      ),
    undo: (changeId: string) =>
      send<unknown>(`/api/lesson-changes/${changeId}/undo/`, json("POST", {})),
  };
}
