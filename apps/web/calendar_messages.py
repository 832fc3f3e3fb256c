"""The calendar island's words, in the reader's language; frontend/src/calendar/messages.ts lists
them. `{name}` and the like are filled in by the island."""

from django.utils.translation import gettext as _


def calendar_messages() -> dict[str, str]:
    return {**_views(), **_card(), **_changes(), **_form(), **_troubles()}


def _views() -> dict[str, str]:
    return {
        "calendarLabel": _("Calendar of lessons"),
        "newLesson": _("New lesson"),
        "showCancelled": _("Show cancelled"),
        "timesIn": _("Times are in {zone}"),
        "loading": _("Loading…"),
        "close": _("Close"),
        "back": _("Back"),
        "previous": _("Previous"),
        "next": _("Next"),
        "today": _("Today"),
        "viewWeek": _("Week"),
        "viewDay": _("Day"),
        "viewMonth": _("Month"),
        "viewAgenda": _("Agenda"),
        "noLessons": _("No lessons in these days"),
    }


def _card() -> dict[str, str]:
    return {
        "untitled": _("Lesson"),
        "statusScheduled": _("Scheduled"),
        "statusCompleted": _("Completed"),
        "statusCancelled": _("Cancelled"),
        "whenLabel": _("When"),
        "withLabel": _("With"),
        "theirTime": _("For {name}"),
        "lessonPage": _("Lesson page"),
        "openRoom": _("Open the room"),
        "reschedule": _("Reschedule"),
    }


def _changes() -> dict[str, str]:
    return {
        "rescheduleTitle": _("Reschedule the lesson"),
        "save": _("Save"),
        "cancelLesson": _("Cancel lesson"),
        "cancelTitle": _("Cancel this lesson?"),
        "cancelExplain": _("It leaves both calendars. This cannot be undone."),
        "cancelReason": _("Reason (optional)"),
        "cancelConfirm": _("Yes, cancel it"),
        "keepLesson": _("Keep the lesson"),
        "cancelled": _("The lesson was cancelled."),
        "movedMeanwhile": _(
            "Meanwhile this lesson was moved to {theirs}. You were moving it to {yours}."
        ),
        "moveAnyway": _("Move it all the same"),
        "moved": _("Moved to {when}."),
        "undo": _("Undo"),
        "undone": _("The lesson is back where it was."),
    }


def _form() -> dict[str, str]:
    return {
        "createTitle": _("New lesson"),
        "student": _("Student"),
        "studentHint": _("Type a name or an e-mail"),
        "studentNone": _(
            "No student matches. Only active members of your classrooms can be scheduled."
        ),
        "studentCount": _("Students found: {count}"),
        "studentRequired": _("Choose a student from the list."),
        "lessonTitle": _("Title (optional)"),
        "starts": _("Starts"),
        "ends": _("Ends"),
        "timeRequired": _("Fill in both times."),
        "timeSkipped": _("The clock skips this time that day. Choose another."),
        "timeTwice": _("The clock shows this time twice that day"),
        "endBeforeStart": _("The end must come after the start."),
        "create": _("Schedule"),
        "created": _("The lesson is scheduled."),
    }


def _troubles() -> dict[str, str]:
    return {
        "scheduleAnyway": _("Schedule anyway"),
        "clashTitle": _("That time is taken"),
        "refusedTitle": _("Not moved"),
        "retry": _("Try again"),
        "loadFailed": _("The lessons could not be loaded."),
        "networkError": _("No connection to the server. Nothing was changed."),
        "serverError": _("Something went wrong on the server."),
        "signedOut": _("You have been signed out."),
        "signIn": _("Sign in"),
    }
