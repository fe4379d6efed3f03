#!/usr/bin/env python3
"""Delivers requests signed by libraries of other projects to running receivers.

    export STANDARD_WEBHOOKS_SECRET=whsec_… GITHUB_WEBHOOK_SECRET=…
    export STRIPE_WEBHOOK_SECRET=… MERCADOPAGO_WEBHOOK_SECRET=…
    python3 tests/interop/deliver.py http://127.0.0.1:3000

Set each variable to one secret without a label, the same that the receiver was started with. The signatures of
Standard Webhooks and Stripe come from `standardwebhooks` and `stripe` on PyPI, which are installed in a folder that
is deleted at the end; those of GitHub and Mercado Pago are computed here, by the rules of their documentation, with
Python's `hmac`.

Each delivery must be accepted, and its signature with a different body (for Mercado Pago, which does not sign the
body, with a different `data.id`) must be refused. The exit status is 0 if all of that is true, 1 if it is not, and 77
if the packages cannot be installed.
"""

import hashlib
import hmac
import http.client
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
from datetime import datetime, timezone

# Fixed, so that a new release does not change what is tested.
PACKAGES = ["standardwebhooks==1.1.0", "stripe==16.1.0"]
SKIPPED = 77

BODY = '{"type":"interop","texto":"ñandú \\u00f3","monto":15990.50}'
OTHER_BODY = BODY.replace("15990.50", "15990.51")


def install(folder):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--no-compile", "--retries", "1", "--timeout", "10", "--target", folder, *PACKAGES]
    try:
        done = subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        skip("pip does not end")
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.strip()]
        skip(reasons[-1] if reasons else "pip fails")
    sys.path.insert(0, folder)


def skip(reason):
    print(f"{' and '.join(PACKAGES)} cannot be installed: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def sha256_hmac(key, content):
    return hmac.new(key.encode(), content.encode(), hashlib.sha256).hexdigest()


def deliveries():
    """For each sender: its name, the target, the headers, the body, and a target and a body that were not signed."""
    from standardwebhooks import Webhook
    from stripe import WebhookSignature

    key = os.environ["STANDARD_WEBHOOKS_SECRET"]
    now = datetime.now(tz=timezone.utc)
    for family in ["webhook", "svix"]:
        headers = {
            f"{family}-id": "msg_interop",
            f"{family}-timestamp": str(int(now.timestamp())),
            f"{family}-signature": Webhook(key).sign("msg_interop", now, BODY),
        }
        yield f"Standard Webhooks, {family}-*", "/standard", headers, BODY, "/standard", OTHER_BODY

    key = os.environ["GITHUB_WEBHOOK_SECRET"]
    form = urllib.parse.urlencode({"payload": BODY})
    other_form = urllib.parse.urlencode({"payload": OTHER_BODY})
    for media_type, body, other in [
        ("application/json", BODY, OTHER_BODY),
        ("application/x-www-form-urlencoded", form, other_form),
    ]:
        headers = {
            "Content-Type": media_type,
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "interop",
            "X-Hub-Signature-256": "sha256=" + sha256_hmac(key, body),
        }
        yield f"GitHub, {media_type}", "/github", headers, body, "/github", other

    key = os.environ["STRIPE_WEBHOOK_SECRET"]
    headers = {"Stripe-Signature": WebhookSignature.generate_signature_header(BODY, key)}
    yield "Stripe", "/stripe", headers, BODY, "/stripe", OTHER_BODY

    key = os.environ["MERCADOPAGO_WEBHOOK_SECRET"]
    for ts in [int(time.time()), int(time.time() * 1000)]:
        manifest = f"id:interop-1;request-id:request-1;ts:{ts};"
        headers = {"x-request-id": "request-1", "x-signature": f"ts={ts},v1={sha256_hmac(key, manifest)}"}
        signed, other = (f"/mercadopago?data.id={id}&type=payment" for id in ["interop-1", "interop-2"])
        yield f"Mercado Pago, ts={ts}", signed, headers, BODY, other, BODY


def post(url, target, headers, body):
    # Proxies in the environment are ignored: the receiver runs here.
    # The time is a safety net: a busy machine answers late.
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=120)
    connection.request("POST", target, body.encode(), {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    answer = (response.status, response.read())
    connection.close()
    return answer


def deliver(url):
    """Whether every answer is as documented."""
    right = True
    for name, target, headers, body, other_target, other_body in deliveries():
        accepted = post(url, target, headers, body)
        refused = post(url, other_target, headers, other_body)
        if (accepted, refused) == ((200, b""), (401, b"")):
            print(f"{url} {name}: accepted, and refused with what was not signed")
        else:
            print(f"{url} {name}: {accepted}; with what was not signed: {refused}", file=sys.stderr)
            right = False
    return right


def main():
    urls = sys.argv[1:]
    if not urls:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="webhook-interop-") as folder:
        install(folder)
        answers = [deliver(url) for url in urls]
    sys.exit(0 if all(answers) else 1)


if __name__ == "__main__":
    main()
