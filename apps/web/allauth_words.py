"""Titles and buttons of allauth that the project's catalogue says in its own way.

allauth's Ukrainian capitalises every word of them, as English does and Ukrainian does not. A
project's catalogue comes before those of its apps; this list keeps the messages in it.
"""

from django.utils.translation import gettext_noop as _

WORDS = (
    _("Account Already Exists"),
    _("Account Inactive"),
    _("Activate Authenticator App"),
    _("Add Email"),
    _("Add Email Address"),
    _("Authenticator App"),
    _("Authenticator App Activated"),
    _("Authenticator App Deactivated"),
    _("Bad Token"),
    _("Change Password"),
    _("Confirm Access"),
    _("Confirm Email Address"),
    _("Current Password"),
    _("Deactivate Authenticator App"),
    _("Email"),
    _("Email Address"),
    _("Email Addresses"),
    _("Email Changed"),
    _("Email Confirmation"),
    _("Email Removed"),
    _("Forgot Password?"),
    _("Make Primary"),
    _("New Password"),
    _("New Password (again)"),
    _("New Recovery Codes Generated"),
    _("Password Changed"),
    _("Password Reset"),
    _("Password Reset Email"),
    _("Password Set"),
    _("Please Confirm Your Email Address"),
    _("Re-send Verification"),
    _("Recovery Codes"),
    _("Reset My Password"),
    _("Set Password"),
    _("Two-Factor Authentication"),
    _("Unknown Account"),
    _("Verify Your Email Address"),
)
