// Finds the program in the package of this platform.
"use strict";

const { closeSync, openSync, readSync, statSync } = require("node:fs");
const { resolve } = require("node:path");
const { EmulatorError } = require("./errors.js");

/** @type {{ version: string, optionalDependencies: Record<string, string> }} */
const manifest = require("../package.json");

/** Names another program than that of the platform package. */
const VARIABLE = "LLAMACLOUD_MOCK_BINARY";

/** How programs for each platform begin. */
const MAGIC = { linux: ["7f454c46"], darwin: ["cffaedfe", "cafebabe"] };

/** The processor in the head of a program for Linux. */
const MACHINES = { x64: 62, arm64: 183 };

/** The path of the program. */
function findBinary() {
  const binary = locate();
  if (isForeign(binary)) throw new EmulatorError(wrongPlatform(binary));
  return binary;
}

function locate() {
  const chosen = process.env[VARIABLE];
  if (chosen) {
    if (statSync(chosen, { throwIfNoEntry: false })?.isFile()) return resolve(chosen);
    throw new EmulatorError(`${VARIABLE}=${chosen}: is not a file; name the program, or unset the variable`);
  }
  const name = `llamacloud-mock-${process.platform}-${process.arch}`;
  const known = Object.keys(manifest.optionalDependencies);
  if (!known.includes(name)) {
    throw new EmulatorError(
      `there is no package ${name}, only ${known.join(", ")}; build the program with cargo, and name it by ${VARIABLE}`,
    );
  }
  try {
    return require.resolve(`${name}/bin/llamacloud-mock${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    // npm installs without a message if it cannot get an optional package.
    throw new EmulatorError(
      `the package ${name} is not installed; run \`npm install ${name}@${manifest.version}\` on this machine ` +
        `(node_modules of another machine or --omit=optional leave it out), or set ${VARIABLE}`,
    );
  }
}

/**
 * Whether `binary` is a program for another platform. Node would pass such a program to a shell as its script.
 * @param {string} binary
 */
function isForeign(binary) {
  const magic = /** @type {Record<string, string[]>} */ (MAGIC)[process.platform];
  const head = Buffer.alloc(20);
  try {
    const file = openSync(binary, "r");
    readSync(file, head);
    closeSync(file);
  } catch {
    // It cannot be read; the attempt to start it tells why.
    return false;
  }
  if (!magic || head.toString("latin1", 0, 2) === "#!") return false;
  if (!magic.includes(head.toString("hex", 0, 4))) return true;
  const machine = /** @type {Record<string, number>} */ (MACHINES)[process.arch];
  return process.platform === "linux" && machine !== undefined && head.readUInt16LE(18) !== machine;
}

/** @param {string} binary */
function wrongPlatform(binary) {
  return (
    `${binary} is no program for this machine (${process.platform}-${process.arch}); run npm install on this machine ` +
    `instead of copying node_modules from another one, or set ${VARIABLE}`
  );
}

/**
 * Says why the program does not start, and what to do.
 * @param {string} binary
 * @param {NodeJS.ErrnoException} error
 */
function explain(binary, error) {
  // Without its dynamic loader a program is reported as missing.
  if (error.code === "ENOENT" || error.code === "ENOEXEC") return wrongPlatform(binary);
  if (error.code === "EACCES") {
    return (
      `${binary} may not be executed by this user; check its mode and whether its file system is mounted with noexec, ` +
      `or set ${VARIABLE} to a copy elsewhere`
    );
  }
  return `${binary} does not start: ${error.message}`;
}

module.exports = { explain, findBinary };
