import io
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.policies import access_classroom, access_classroom_or_archived
from apps.classrooms.services import archive_classroom, create_classroom, restore_classroom
from apps.common.errors import DomainError
from apps.web.classrooms import confirmations
from apps.web.classrooms.forms import ClassroomForm, InviteForm
from apps.web.classrooms.views.joining import memberships_page
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.confirmations import render_confirmation
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.paging import is_fragment, parse_listing

Status = Membership.Status
MAX_ARCHIVED = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def classrooms(request: HttpRequest) -> HttpResponse:
    """A tutor's classrooms with a form for a new one, or a student's memberships."""
    if not current_user(request).is_tutor:
        return memberships_page(request)
    me = current_tutor(request)
    form = ClassroomForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            created = create_classroom(tutor=me, name=form.cleaned_data["name"])
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("The classroom is ready. Give its code to your students."))
            return redirect("web:classroom", created.pk)
    listing = parse_listing(request)
    found = Classroom.objects.of(me).matching(listing.search)
    context = {
        "form": form,
        "rows": found.with_member_counts()[listing.page.offset : listing.page.stop],
        "listing": listing.with_total(found.count()),
        "archived": Classroom.objects.archived_by(me)[:MAX_ARCHIVED],
    }
    return render(
        request, "classrooms/classrooms.html", context, status=400 if form.errors else 200
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def classroom(request: HttpRequest, classroom_id: int) -> HttpResponse:
    """A classroom with its members and join code; POST renames it."""
    classroom = access_classroom(current_tutor(request), classroom_id)
    form = ClassroomForm(
        request.POST or None, instance=Classroom(pk=classroom.pk, name=classroom.name)
    )
    if request.method == "POST" and form.is_valid():
        form.save_changes()
        messages.success(request, _("Saved."))
        return redirect("web:classroom", classroom.pk)
    return classroom_page(request, classroom, rename=form)


def classroom_page(
    request: HttpRequest,
    classroom: Classroom,
    rename: ClassroomForm | None = None,
    invite: InviteForm | None = None,
) -> HttpResponse:
    has_errors = bool((rename and rename.errors) or (invite and invite.errors))
    stale = rename is not None and rename.is_stale
    context = {
        "classroom": classroom,
        "rename": rename or ClassroomForm(instance=classroom),
        "invite": invite or InviteForm(),
        "join_url": _join_url(classroom),
        "new_code": confirmations.confirm_new_code(classroom),
        "archive": confirmations.confirm_archiving(classroom),
        **_member_list(request, classroom),
    }
    template = "classrooms/members.html" if is_fragment(request) else "classrooms/classroom.html"
    status_code = 409 if stale else 400 if has_errors else 200
    response = render(request, template, context, status=status_code)
    patch_vary_headers(response, ["X-Fragment"])
    return response


def _member_list(request: HttpRequest, classroom: Classroom) -> dict[str, Any]:
    listing = parse_listing(request, "status")
    status = request.GET.get("status", "")
    people = Membership.objects.in_classroom(classroom, status).matching(listing.search)
    rows = people.select_related("student").active_first()[listing.page.offset : listing.page.stop]
    now = timezone.now()
    return {
        "rows": [(m, _undelivered_invitation_url(m), m.is_new(now)) for m in rows],
        "listing": listing.with_total(people.count()),
        "status": status,
        "states": Status.choices,
    }


def _undelivered_invitation_url(membership: Membership) -> str:
    """The link that the tutor has to pass on by hand where the server sends no mail."""
    if settings.EMAIL_URL or membership.status != Status.INVITED:
        return ""
    return make_invitation_link(membership, timezone.now()).url


def _join_url(classroom: Classroom) -> str:
    return settings.PUBLIC_URL + reverse("web:join-code", args=[classroom.join_code])


@login_required
@require_safe
def join_qr_code(request: HttpRequest, classroom_id: int) -> HttpResponse:
    """The join link as a QR code."""
    classroom = access_classroom(current_tutor(request), classroom_id)
    picture = segno.make(_join_url(classroom), error="m")
    out = io.BytesIO()
    picture.save(out, kind="svg", scale=4, border=2, dark="#14211c", light="#fff")
    return HttpResponse(
        out.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "no-store"}
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_code(request: HttpRequest, classroom_id: int) -> HttpResponse:
    classroom = access_classroom(current_tutor(request), classroom_id)
    if request.method != "POST":
        return render_confirmation(request, confirmations.confirm_new_code(classroom))
    classroom.rotate_join_code()
    messages.success(request, _("The new code is ready. The old one no longer works."))
    return redirect("web:classroom", classroom.pk)


@login_required
@require_POST
def set_joining(request: HttpRequest, classroom_id: int) -> HttpResponse:
    """Open or close the classroom for joining by its code."""
    classroom = access_classroom(current_tutor(request), classroom_id)
    is_open = request.POST.get("open") == "yes"
    classroom.set_code_open(is_open)
    sentence = _("The code works again.") if is_open else _("Nobody can join with the code now.")
    messages.success(request, sentence)
    return redirect("web:classroom", classroom.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, classroom_id: int) -> HttpResponse:
    classroom = access_classroom_or_archived(current_tutor(request), classroom_id)
    if classroom.archived_at:  # a second click
        return redirect("web:classrooms")
    if request.method != "POST":
        return render_confirmation(request, confirmations.confirm_archiving(classroom))
    archive_classroom(classroom=classroom)
    undo = reverse("web:classroom-restore", args=[classroom.pk])
    sentence = _("“%(name)s” is archived.") % {"name": classroom.name}
    messages.success(request, sentence, extra_tags=f"undo {undo}")
    return redirect("web:classrooms")


@login_required
@require_POST
def restore(request: HttpRequest, classroom_id: int) -> HttpResponse:
    classroom = access_classroom_or_archived(current_tutor(request), classroom_id)
    if classroom.archived_at:  # otherwise a second click
        restore_classroom(classroom=classroom)
        messages.success(request, _("“%(name)s” is restored.") % {"name": classroom.name})
    return redirect("web:classroom", classroom.pk)
