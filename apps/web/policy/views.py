"""The tutor's settings of the cancellation policy, and the page on which a student accepts it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.billing.access import access_tutor_of
from apps.billing.cancellation_policies import (
    accept_shown,
    find_acceptance,
    get_policy,
    list_versions,
    policy_json,
    set_policy,
)
from apps.billing.limits import POLICIES, count_use
from apps.billing.policy_words import describe_policy
from apps.web.policy.forms import PolicyForm
from apps.web.shared.access import current_student, current_tutor

MAX_VERSIONS = 10


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def policy_settings(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    current = get_policy(me.pk)
    form = PolicyForm(request.POST or None, initial=PolicyForm.to_initial(policy_json(current)))
    if request.method == "POST" and form.is_valid():
        count_use(me, "policies", POLICIES, timezone.now())
        saved = set_policy(tutor=me, **form.get_policy())
        told = _("Saved. Your students are shown the new rules.")
        messages.success(request, _("Saved.") if saved.pk == current.pk else told)
        return redirect("web:cancellation-policy")
    versions = list_versions(me)[:MAX_VERSIONS]
    context = {
        "form": form,
        "versions": [(version, describe_policy(version)) for version in versions],
    }
    status = 409 if form.is_stale else 400 if form.errors else 200
    return render(request, "policy/settings.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_policy(request: HttpRequest, tutor_id: int) -> HttpResponse:
    """The policy in words, and which version the student has accepted; a POST accepts it."""
    me = current_student(request)
    tutor = access_tutor_of(me, tutor_id)
    if request.method == "POST":
        accept_shown(student=me, tutor_id=tutor.pk, shown=request.POST.get("policy", ""))
        messages.success(request, _("Thank you. You have accepted the rules."))
        return redirect("web:tutor-policy", tutor.pk)
    policy, accepted = get_policy(tutor.pk), find_acceptance(me, tutor.pk)
    context = {
        "tutor": tutor,
        "policy": policy if policy.pk is not None else None,
        "sentences": describe_policy(policy),
        "accepted": accepted,
        "is_accepted": accepted is not None and accepted.policy_id == policy.pk,
        "earlier": describe_policy(accepted.policy) if accepted else [],
    }
    return render(request, "policy/tutor.html", context)
