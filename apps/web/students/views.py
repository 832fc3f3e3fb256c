from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from apps.lessons.queries import list_students_with_lessons
from apps.web.shared.access import current_tutor
from apps.web.shared.paging import is_fragment, parse_listing
from apps.web.students.export import students_csv


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
