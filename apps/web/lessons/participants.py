"""The students of a lesson, on its page: who is added, removed, and came.

For a lesson of a series, the page of changes asks how many lessons a student joins or leaves.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.billing.cancellations import record_participation
from apps.common.errors import DomainError
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.lessons.queries import list_students_with_lessons
from apps.lessons.series.scope import Scope
from apps.lessons.series.scoped import add_student, remove_student
from apps.web.shared.access import current_tutor
from apps.web.shared.ids import parse_id
from apps.web.shared.paging import is_fragment, parse_listing
from apps.web.shared.scopes import changes_url
from apps.web.shared.undo import undo_tag


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def students(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Choose a student to add; without JavaScript, too."""
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if request.method == "POST":
        student_id = parse_id(request.POST.get("student", ""))
        if lesson.series_id is not None:
            return redirect(_scope_url(lesson, "add_student", student_id))
        try:
            change = add_student(lesson=lesson, scope=Scope.THIS, student_id=student_id)
        except DomainError as exc:
            messages.error(request, exc.detail)
        else:
            messages.success(request, _("Added."), extra_tags=undo_tag(change))
            return redirect("web:lesson", lesson.pk)
    listing = parse_listing(request)
    count, rows = list_students_with_lessons(me, listing.search, listing.page, timezone.now())
    template = (
        "lessons/student_choices.html" if is_fragment(request) else "lessons/choose_student.html"
    )
    attending = set(lesson.participants.attending().values_list("student_id", flat=True))
    context = {"rows": rows, "listing": listing.with_total(count), "lesson": lesson}
    return render(request, template, {**context, "attending": attending})


@login_required
@require_POST
def student(request: HttpRequest, lesson_id: int, student_id: int) -> HttpResponse:
    """Record whether the student came, or remove the student."""
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    if "remove" in request.POST and lesson.series_id is not None:
        return redirect(_scope_url(lesson, "remove_student", student_id))
    try:
        if "remove" in request.POST:
            change = remove_student(lesson=lesson, scope=Scope.THIS, student_id=student_id)
            messages.success(request, _("Removed."), extra_tags=undo_tag(change))
        else:
            status = request.POST.get("status", "")
            record_participation(
                lesson=lesson, student_id=student_id, status=status, now=timezone.now()
            )
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect("web:lesson", lesson.pk)


def _scope_url(lesson: Lesson, action: str, student_id: int) -> str:
    query = {"action": action, "scope": Scope.THIS.value, "student_id": str(student_id)}
    return changes_url(lesson, query)
