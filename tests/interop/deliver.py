#!/usr/bin/env python3
"""Delivers requests signed by libraries of other projects to running receivers.

    export STANDARD_WEBHOOKS_SECRET=whsec_… SLACK_SIGNING_SECRET=…
    python3 tests/interop/deliver.py http://127.0.0.1:3000

Set the variable of every sender to one secret without a label, the same that the receiver was started with, and of
dLocal DLOCAL_LOGIN as well. Discord signs with DISCORD_PRIVATE_KEY, the 64 hex digits of a seed, which no receiver needs.

The signatures come from libraries on PyPI where there is one that signs, which are installed in a folder that is deleted
at the end: `standardwebhooks` for Standard Webhooks and GitLab's signing token, `stripe`, `slack_sdk`, `fintoc`, and
`PyNaCl` for Discord, whose signature `discord-interactions` then checks, too. For the others there is none: those are
computed here, by the rules of their documentation, with Python's `hmac`.

Each delivery must be accepted, and its signature with a different body must be refused; where the body is not signed, a
different `data.id`, amount or token. The exit status is 0 if all of that is true, 1 if it is not, and 77 if the packages
cannot be installed.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
from datetime import datetime, timezone

# Fixed, so that a new release does not change what is tested.
PACKAGES = [
    "standardwebhooks==1.1.0",
    "stripe==16.1.0",
    "slack_sdk==3.48.0",
    "fintoc==2.26.0",
    "PyNaCl==1.6.2",
    "discord-interactions==0.4.0",
]
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
    print(f"{', '.join(PACKAGES)} cannot be installed: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def sha256_hmac(key, content):
    return hmac.new(key.encode(), content.encode(), hashlib.sha256).hexdigest()


def sha256_hmac_in_base64(key, content):
    return base64.b64encode(bytes.fromhex(sha256_hmac(key, content))).decode()


def deliveries():
    """For each sender: its name, the target, the headers, the body, and a target and a body that were not signed.

    Where only a token proves the sender, headers with another one follow; where not 200 is the answer, the status.
    """
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

    yield from signed_by_libraries()
    yield from signed_here()


def signed_by_libraries():
    from discord_interactions import verify_key
    from fintoc.webhook import WebhookSignature
    from nacl.signing import SigningKey
    from slack_sdk.signature import SignatureVerifier
    from standardwebhooks import Webhook

    now = datetime.now(tz=timezone.utc)
    t = str(int(now.timestamp()))

    verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])
    signature = verifier.generate_signature(timestamp=t, body=BODY)
    headers = {"X-Slack-Request-Timestamp": t, "X-Slack-Signature": signature}
    yield "Slack", "/slack", headers, BODY, "/slack", OTHER_BODY

    # The library has no other way to sign, and it is what its public `verify_header` compares with.
    key = os.environ["FINTOC_WEBHOOK_SECRET"]
    signature = WebhookSignature._compute_signature(BODY, int(t), key)
    header = f"t={t},v1={signature}"
    WebhookSignature.verify_header(BODY, header, key)
    yield "Fintoc", "/fintoc", {"Fintoc-Signature": header}, BODY, "/fintoc", OTHER_BODY

    headers = {
        "Idempotency-Key": "msg_interop",
        "X-Gitlab-Event": "Push Hook",
        "webhook-id": "msg_interop",
        "webhook-timestamp": t,
        "webhook-signature": Webhook(os.environ["GITLAB_WEBHOOK_SECRET"]).sign("msg_interop", now, BODY),
    }
    yield "GitLab, signing token", "/gitlab", headers, BODY, "/gitlab", OTHER_BODY

    key = SigningKey(bytes.fromhex(os.environ["DISCORD_PRIVATE_KEY"]))
    signature = key.sign(t.encode() + BODY.encode()).signature.hex()
    if not verify_key(BODY.encode(), signature, t, os.environ["DISCORD_PUBLIC_KEY"]):
        sys.exit("DISCORD_PUBLIC_KEY is not that of DISCORD_PRIVATE_KEY")
    headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": t}
    yield "Discord", "/discord", headers, BODY, "/discord", OTHER_BODY, None, 204


def signed_here():
    now = datetime.now(tz=timezone.utc)
    millis = str(int(now.timestamp() * 1000))

    def over_body(name, path, variable, header, prefix="", sign=sha256_hmac):
        headers = {header: prefix + sign(os.environ[variable], BODY)}
        return name, path, headers, BODY, path, OTHER_BODY

    yield over_body("Meta", "/meta", "META_APP_SECRET", "X-Hub-Signature-256", "sha256=")
    base64_hmac = sha256_hmac_in_base64
    yield over_body("Shopify", "/shopify", "SHOPIFY_WEBHOOK_SECRET", "X-Shopify-Hmac-Sha256", sign=base64_hmac)
    yield over_body(
        "WooCommerce", "/woocommerce", "WOOCOMMERCE_WEBHOOK_SECRET", "X-WC-Webhook-Signature", sign=base64_hmac
    )
    yield over_body("Tiendanube", "/tiendanube", "TIENDANUBE_WEBHOOK_SECRET", "X-Linkedstore-HMAC-SHA256")

    signature = sha256_hmac_in_base64(os.environ["KHIPU_WEBHOOK_SECRET"], f"{millis}.{BODY}")
    headers = {"x-khipu-signature": f"t={millis},s={signature}"}
    yield "Khipu", "/khipu", headers, BODY, "/khipu", OTHER_BODY

    signature = sha256_hmac(os.environ["KUSHKI_WEBHOOK_SECRET"], f"{BODY}.{millis}")
    headers = {"X-Kushki-Id": millis, "X-Kushki-Signature": signature}
    yield "Kushki", "/kushki", headers, BODY, "/kushki", OTHER_BODY

    login = os.environ["DLOCAL_LOGIN"]
    date = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    signature = sha256_hmac(os.environ["DLOCAL_WEBHOOK_SECRET"], login + date + BODY)
    headers = {"X-Login": login, "X-Date": date, "Authorization": f"V2-HMAC-SHA256, Signature: {signature}"}
    yield "dLocal", "/dlocal", headers, BODY, "/dlocal", OTHER_BODY

    body, other = (text.replace("{", f'{{"webhookTimestamp":{millis},', 1) for text in [BODY, OTHER_BODY])
    headers = {"Linear-Signature": sha256_hmac(os.environ["LINEAR_WEBHOOK_SECRET"], body)}
    yield "Linear", "/linear", headers, body, "/linear", other

    for name, path, variable, header in [
        ("Asaas", "/asaas", "ASAAS_WEBHOOK_TOKEN", "asaas-access-token"),
        ("Telegram", "/telegram", "TELEGRAM_SECRET_TOKEN", "X-Telegram-Bot-Api-Secret-Token"),
    ]:
        yield name, path, {header: os.environ[variable]}, BODY, path, BODY, {header: "another"}

    transaction = {"id": "1234-1610641025-49201", "amount_in_cents": 4490000, "status": "APPROVED"}
    values = "".join(str(transaction[name]) for name in ["id", "status", "amount_in_cents"])
    t = int(now.timestamp())
    event = {
        "event": "transaction.updated",
        "data": {"transaction": transaction},
        "environment": "test",
        "signature": {
            "properties": ["transaction.id", "transaction.status", "transaction.amount_in_cents"],
            "checksum": hashlib.sha256(f"{values}{t}{os.environ['WOMPI_WEBHOOK_SECRET']}".encode()).hexdigest(),
        },
        "timestamp": t,
        "sent_at": now.isoformat(),
    }
    body = json.dumps(event)
    yield "Wompi", "/wompi", {}, body, "/wompi", body.replace("4490000", "4490001")


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
    for name, target, headers, body, other_target, other_body, *others in deliveries():
        other_headers, status = [*others, None, None][:2]
        accepted = post(url, target, headers, body)
        refused = post(url, other_target, other_headers or headers, other_body)
        if (accepted, refused) == ((status or 200, b""), (401, b"")):
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
