/**
 * Every string of the calendar that is not FullCalendar's own. The page translates them; the comment is the
 * English text, which is also in messages.en.json. `{name}` and the like are filled in by `fill`.
 */
export interface Messages {
  calendarLabel: string; // Calendar of lessons
  newLesson: string; // New lesson
  showCancelled: string; // Show cancelled
  timesIn: string; // Times are in {zone}
  loading: string; // Loading…
  close: string; // Close
  back: string; // Back
  previous: string; // Previous
  next: string; // Next
  today: string; // Today
  viewWeek: string; // Week
  viewDay: string; // Day
  viewMonth: string; // Month
  viewAgenda: string; // Agenda
  noLessons: string; // No lessons in these days
  untitled: string; // Lesson
  statusScheduled: string; // Scheduled
  statusCompleted: string; // Completed
  statusCancelled: string; // Cancelled
  whenLabel: string; // When
  withLabel: string; // With
  theirTime: string; // For {name}
  lessonPage: string; // Lesson page
  openRoom: string; // Open the room
  reschedule: string; // Reschedule
  rescheduleTitle: string; // Reschedule the lesson
  save: string; // Save
  cancelLesson: string; // Cancel lesson
  cancelTitle: string; // Cancel this lesson?
  cancelExplain: string; // It leaves both calendars. This cannot be undone.
  cancelReason: string; // Reason (optional)
  cancelConfirm: string; // Yes, cancel it
  keepLesson: string; // Keep the lesson
  cancelled: string; // The lesson was cancelled.
  createTitle: string; // New lesson
  student: string; // Student
  studentHint: string; // Type a name or an e-mail
  studentNone: string; // No student matches. Only active members of your classrooms can be scheduled.
  studentCount: string; // Students found: {count}
  studentRequired: string; // Choose a student from the list.
  lessonTitle: string; // Title (optional)
  starts: string; // Starts
  ends: string; // Ends
  timeRequired: string; // Fill in both times.
  timeSkipped: string; // The clock skips this time that day. Choose another.
  timeTwice: string; // The clock shows this time twice that day
  endBeforeStart: string; // The end must come after the start.
  create: string; // Schedule
  created: string; // The lesson is scheduled.
  scheduleAnyway: string; // Schedule anyway
  clashTitle: string; // That time is taken
  refusedTitle: string; // Not moved
  movedMeanwhile: string; // Meanwhile this lesson was moved to {theirs}. You were moving it to {yours}.
  moveAnyway: string; // Move it all the same
  moved: string; // Moved to {when}.
  undo: string; // Undo
  undone: string; // The lesson is back where it was.
  retry: string; // Try again
  loadFailed: string; // The lessons could not be loaded.
  networkError: string; // No connection to the server. Nothing was changed.
  serverError: string; // Something went wrong on the server.
  signedOut: string; // You have been signed out.
  signIn: string; // Sign in
}

/** Puts values in the place of `{name}`; a name without a value stays visible, which is easier to find. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
