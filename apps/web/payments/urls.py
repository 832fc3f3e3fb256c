from django.urls import path

from apps.web.payments.views import bank, pay, payees, payers, requests

urlpatterns = [
    path("payments/", requests.payments, name="payments"),
    path("payments/details/", payees.details, name="payee-details"),
    path("payments/payers/", payers.payers, name="payers"),
    path("payments/payers/new/", payers.new, name="payer-new"),
    path("payments/payers/<int:payer_id>/", payers.edit, name="payer"),
    path("payments/payers/<int:payer_id>/delete/", payers.delete, name="payer-delete"),
    path("payments/requests/new/", requests.new, name="payment-request-new"),
    path("payments/requests/<int:request_id>/", requests.request_page, name="payment-request"),
    path(
        "payments/requests/<int:request_id>/settle/", requests.settle_request, name="payment-settle"
    ),
    path("payments/requests/<int:request_id>/mail/", requests.mail, name="payment-mail"),
    path("payments/bank/", bank.upload, name="bank"),
    path("payments/bank/preview/", bank.preview, name="bank-preview"),
    path("payments/bank/import/", bank.confirm_import, name="bank-import"),
    path("payments/bank/lines/", bank.lines, name="bank-lines"),
    path("payments/bank/lines/<int:line_id>/", bank.line, name="bank-line"),
    path("pay/<str:token>/", pay.pay, name="pay"),
    path("pay/<str:token>/card/", pay.card, name="pay-card"),
    path("pay/<str:token>/qr/", pay.picture, name="pay-qr"),
]
