"""The small web page that the backend serves to browsers."""

import base64

FETCHED_BYTES = 100_000

_HTML = b"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>loading</title></head>
<body><img id="pixel" src="/pixel.png" alt=""><p id="result">loading</p>
<script src="/page.js"></script></body></html>
"""

_SCRIPT = """
async function sha256(buffer) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function fill() {
  const response = await fetch("/bytes/%d");
  const hash = await sha256(await response.arrayBuffer());
  const pixel = document.getElementById("pixel");
  await pixel.decode();
  document.getElementById("result").textContent = `${pixel.naturalWidth} ${hash}`;
  document.title = "loaded";
}

window.filled = fill();
""" % FETCHED_BYTES

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPj/HwADAgH/p8mEYAAAAABJRU5ErkJggg=="
)

FILES = {
    "/": ("text/html; charset=utf-8", _HTML),
    "/page.js": ("text/javascript; charset=utf-8", _SCRIPT.encode()),
    "/pixel.png": ("image/png", _PIXEL),
}
