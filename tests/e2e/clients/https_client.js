// One HTTPS request with Node's https module; see programs.py for arguments and output.
"use strict";

const fs = require("fs");
const https = require("https");
const net = require("net");

const [method, name, address, port, ca, version, cipher, path, size] = process.argv.slice(2);

function lookup(_hostname, options, callback) {
  const family = net.isIP(address);
  if (options.all) {
    callback(null, [{ address, family }]);
  } else {
    callback(null, address, family);
  }
}

const options = { host: name, port, path, method, lookup, ca: fs.readFileSync(ca), headers: {} };
if (version !== "-") {
  options.minVersion = options.maxVersion = `TLSv${version}`;
}
if (cipher !== "-") {
  options.ciphers = cipher;
}
if (size !== "-") {
  options.headers["Content-Length"] = size;
}

const request = https.request(options, (response) => {
  const { socket } = response;
  console.error(`tls=${socket.getProtocol()}`);
  console.error(`cipher=${socket.getCipher().standardName}`);
  console.error(`status=${response.statusCode}`);
  response.pipe(process.stdout);
});
request.on("error", (error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
if (size === "-") {
  request.end();
} else {
  process.stdin.pipe(request);
}
