import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link
from apps.classrooms.models import Classroom
from apps.classrooms.models.student_card import CONTACT_FIELDS
from apps.classrooms.policies import may_invite_student
from apps.classrooms.students import (
    add_student,
    card_version,
    change_student,
    email_for,
    get_card,
    mail_student_link,
)
from apps.common.errors import DomainError
from apps.common.idempotency import form_idempotency
from apps.lessons.phases import find_phases
from apps.lessons.queries import list_students_with_lessons
from apps.lessons.students import (
    access_student_card,
    current_series_with,
    lessons_with,
    shared_classrooms,
)
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.paging import is_fragment, parse_listing
from apps.web.shared.rule_words import describe_series
from apps.web.students.export import students_csv
from apps.web.students.forms import ContactsForm, NewStudentForm, PlaceholderForm

MAX_UPCOMING = 20


@login_required
@require_safe
def students(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    listing = parse_listing(request)
    count, rows = list_students_with_lessons(me, listing.search, listing.page, timezone.now())
    template = "students/list.html" if is_fragment(request) else "students/students.html"
    response = render(request, template, {"rows": rows, "listing": listing.with_total(count)})
    patch_vary_headers(response, ["X-Fragment"])
    return response


@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    response = StreamingHttpResponse(students_csv(current_tutor(request)), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="students.csv"'
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Add a student who has no account yet."""
    me = current_tutor(request)
    if not Classroom.objects.of(me).exists():
        messages.warning(request, _("First create a classroom: each student belongs to one."))
        return redirect("web:classrooms")
    initial = {"classroom": request.GET.get("classroom"), "once": secrets.token_urlsafe(12)}
    form = NewStudentForm(request.POST or None, tutor=me, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            student = _add_student(form)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("The student is added. You can schedule lessons now."))
            return redirect("web:student", student.pk)
    return _render_form(request, form, None)


def _add_student(form: NewStudentForm) -> User:
    fields = dict(form.cleaned_data)
    nonce, classroom = fields.pop("once"), fields.pop("classroom")
    return add_student(
        classroom=classroom,
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        email=fields["email"],
        contacts={name: fields[name] for name in CONTACT_FIELDS},
        idempotency=form_idempotency(nonce, {**fields, "classroom": classroom.pk}),
    )


def _render_form(request: HttpRequest, form: ContactsForm, student: User | None) -> HttpResponse:
    context = {"form": form, "student": student}
    status = 409 if form.is_stale else 400 if form.errors else 200
    return render(request, "students/form.html", context, status=status)


@login_required
@require_safe
def student(request: HttpRequest, student_id: int) -> HttpResponse:
    """The student's card: contacts, the private note, and the lessons with this tutor."""
    me, now = current_tutor(request), timezone.now()
    student = access_student_card(me, student_id)
    lessons = lessons_with(me, student).with_people()
    past = lessons.past(now).order_by("-starts_at", "-id")
    listing = parse_listing(request)
    page = list(past[listing.page.offset : listing.page.stop])
    phases = find_phases(page, now)
    classrooms = shared_classrooms(me, student)
    context = {
        "student": student,
        "card": get_card(me, student),
        "email": email_for(me, student),
        "classrooms": classrooms,
        "series": [(one, describe_series(one)) for one in current_series_with(me, student, now)],
        "upcoming": lessons.upcoming(now).in_order()[:MAX_UPCOMING],
        "past": [(lesson, phases[lesson.pk]) for lesson in page],
        "listing": listing.with_total(past.count()),
        "link": make_student_link(student, now) if may_invite_student(me, student) else None,
    }
    return render(request, "students/card.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, student_id: int) -> HttpResponse:
    me = current_tutor(request)
    student = access_student_card(me, student_id)
    card = get_card(me, student)
    sent = request.POST or None
    form: ContactsForm
    if student.is_placeholder:
        form = PlaceholderForm(sent, student=student, card=card)
    else:
        form = ContactsForm(sent, card=card)
    if request.method == "POST" and form.is_valid():
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            seen = {card_version(student, card)}
            change_student(tutor=me, student=student, seen=seen, **changed)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("web:student", student.pk)
    return _render_form(request, form, student)


@login_required
@require_POST
def mail_link(request: HttpRequest, student_id: int) -> HttpResponse:
    """Send the student link to the address that the tutor typed."""
    me = current_tutor(request)
    student = access_student_card(me, student_id)
    try:
        mail_student_link(tutor=me, student=student)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        sentence = _("The invitation is on its way to %(email)s.")
        messages.success(request, sentence % {"email": student.shown_email})
    return redirect("web:student", student.pk)
